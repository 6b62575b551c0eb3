"""Call records: searched, listed while they live, read one by one with what they left."""

from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from opentact.voice.calls import Call, CallFlowLog, CallState, Direction
from opentact.voice.recordings import Recording, RecordingState
from support.world import NOON, Tenant, World, build_world

PATHS = ("/rest/call/search", "/rest/sip/app/call/search")
NUMBERS = ("+13035550001", "+13035550002", "+14155550003")


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with build_world(database_url) as built:
        built.clock.at = NOON + timedelta(hours=1)
        yield built


async def made(world: World, who: Tenant, at: int = 0, **values: Any) -> Call:
    moment = NOON + timedelta(minutes=at)
    usual: dict[str, Any] = {
        "direction": Direction.IN,
        "from_": NUMBERS[at % 3],
        "to": "12025550100",
        "tn": 12025550100,
        "node": "test",
        "state": CallState.DESTROYED,
        "duration": at * 10,
        "thread": f"t{at}",
        "cause": "flow_ended",
        "init_on": moment,
        "created_on": moment,
        "modified_on": moment,
    }
    call = Call(account_uuid=who.account, **{**usual, **values})
    async with world.database.write() as session:
        session.add(call)
    return call


async def search(world: World, path: str = PATHS[0], **body: Any) -> dict[str, Any]:
    answer = await world.alice.client.post(path, json=body)
    assert answer.status_code == 200, answer.text
    payload: dict[str, Any] = answer.json()["payload"]
    return payload


async def found(world: World, **body: Any) -> list[int]:
    """Say which calls a search finds: their minutes, newest first unless it says otherwise."""
    return [int(call["thread"][1:]) for call in (await search(world, **body))["data"]]


@pytest.fixture
async def calls(world: World) -> list[Call]:
    await made(world, world.bob, 9)
    return [await made(world, world.alice, at) for at in range(4)]


@pytest.mark.parametrize("path", PATHS)
async def test_the_newest_of_ones_own_calls_come_first(
    world: World, calls: list[Call], path: str
) -> None:
    page = await search(world, path)
    assert [call["uuid"] for call in page["data"]] == [str(call.uuid) for call in calls[::-1]]
    assert (page["total"], page["take"], page["skip"]) == (4, 10, 0)


async def test_every_filter_narrows(world: World, calls: list[Call]) -> None:
    app = UUID(int=7)
    await made(world, world.alice, 5, state=CallState.LIVE, app_uuid=app, cause=None, tn=13)
    assert await found(world, direction="out") == []
    assert await found(world, direction="in") == [5, 3, 2, 1, 0]
    assert await found(world, tn="120255501%%") == [3, 2, 1, 0]
    assert await found(world, tn=13) == [5]
    assert await found(world, to="12025550100") == [5, 3, 2, 1, 0]
    assert await found(world, to="+1202*") == [5, 3, 2, 1, 0]
    assert await found(world, **{"from": "+13035550002"}) == [1]
    assert await found(world, **{"from": "13035550002"}) == [1]
    assert await found(world, **{"from": "1303*"}) == [3, 1, 0]
    assert await found(world, state="live") == await found(world, state="online") == [5]
    assert await found(world, state="offline") == [3, 2, 1, 0]
    assert await found(world, duration_min=20) == [5, 3, 2]
    assert await found(world, duration_max=10) == [1, 0]
    assert await found(world, account=str(world.alice.account)) == [5, 3, 2, 1, 0]
    assert await found(world, account=str(world.bob.account)) == []
    assert await found(world, sip_control_app=str(app)) == [5]
    assert await found(world, thread="t2") == [2]
    assert await found(world, cause="flow_ended", cause_skip=["other"]) == [3, 2, 1, 0]
    assert await found(world, from_skip=["1303*"]) == [5, 2]
    assert await found(world, created_on_from="2024-01-16T12:02:00Z") == [5, 3, 2]
    assert await found(world, created_on_to="2024-01-16T12:01:00Z") == [1, 0]
    assert await found(world, mode="OR", thread="t0", state="live") == [5, 0]


@pytest.mark.parametrize(
    "column", ["tn", "to", "from", "state", "duration", "created_on", "modified_on"]
)
async def test_every_order_orders_both_ways(world: World, calls: list[Call], column: str) -> None:
    up = [call[column] for call in (await search(world, order={column: "ASC"}))["data"]]
    down = [call[column] for call in (await search(world, order={column: "DESC"}))["data"]]
    plain = [str(value["tn"]) if isinstance(value, dict) else value for value in up]
    assert plain == sorted(plain)
    assert down == up[::-1] if len(set(plain)) == len(plain) else sorted(map(str, up))


async def test_pages_do_not_overlap(world: World, calls: list[Call]) -> None:
    assert [await found(world, take=2, skip=skip) for skip in (0, 2, 4)] == [[3, 2], [1, 0], []]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"direction": "sideways"}, "params.direction"),
        ({"duration_min": -1}, "params.duration_min"),
        ({"state": "asleep"}, "params.state"),
        ({"account": "me"}, "params.account"),
        ({"order": {"secret": "ASC"}}, "params.order"),
    ],
)
async def test_a_wrong_search_is_refused_by_name(
    world: World, body: dict[str, Any], field: str
) -> None:
    answer = await world.alice.client.post(PATHS[0], json=body)
    assert answer.status_code == 400
    assert any(name.startswith(field) for name in answer.json()["fields"]), answer.text


async def test_a_search_reads_an_index_and_no_whole_table(world: World, calls: list[Call]) -> None:
    if "sqlite" not in world.database.url:
        pytest.skip("PostgreSQL reads so small a table whole, rightly")
    query = (
        "EXPLAIN QUERY PLAN SELECT * FROM call WHERE account_uuid = :account"
        " ORDER BY created_on DESC, uuid DESC LIMIT 10"
    )
    async with world.database.read() as session:
        rows = await session.execute(text(query), {"account": world.alice.account.hex})
        plan = " / ".join(str(row[-1]) for row in rows)
    assert "USING INDEX ix_call_account_created" in plan
    assert "TEMP B-TREE" not in plan


@pytest.mark.parametrize("path", ["/rest/call/", "/rest/sip/app/call/"])
async def test_one_call_has_its_logs_its_recordings_and_every_time(world: World, path: str) -> None:
    call = await made(
        world,
        world.alice,
        answer_on=NOON,
        destroy_on=NOON,
        rate=Decimal("0.01"),
        price=Decimal("0.02"),
        billed_seconds=120,
    )
    async with world.database.write() as session:
        session.add_all(log(call, at) for at in (1, 0))
        session.add(recording(call))
    answer = await world.alice.client.get(f"{path}{call.uuid}")
    shown = answer.json()["payload"]
    assert (shown["answer_on"], shown["finished_on"]) == ("2024-01-16T12:00:00.000Z",) * 2
    assert (shown["rate"], shown["price"], shown["billed_seconds"]) == (0.01, 0.02, 120)
    assert [each["command"]["line"] for each in shown["logs"]] == [0, 1]
    assert shown["records"][0]["url"].startswith("http://test/rest/record/")
    for stranger in (world.bob, world.admin):
        assert (await stranger.client.get(f"{path}{call.uuid}")).status_code == 404


def log(call: Call, at: int, **values: Any) -> CallFlowLog:
    moment = NOON + timedelta(seconds=at)
    usual: dict[str, Any] = {"name": "Say", "success": True, "app_uuid": call.app_uuid}
    return CallFlowLog(
        account_uuid=call.account_uuid,
        call_uuid=call.uuid,
        command={"line": at},
        response={},
        from_=call.from_,
        tn=call.tn,
        created_on=moment,
        modified_on=moment,
        **{**usual, **values},
    )


def recording(call: Call) -> Recording:
    return Recording(
        account_uuid=call.account_uuid,
        call_uuid=call.uuid,
        state=RecordingState.STORED,
        tag="vm",
        file="a.wav",
        created_on=NOON,
        modified_on=NOON,
    )


async def test_the_commands_of_an_apps_calls_can_be_searched(world: World) -> None:
    body = {"name": "menu"}
    app = (await world.alice.client.post("/rest/sip/app", json=body)).json()["payload"]["uuid"]
    call = await made(world, world.alice, app_uuid=UUID(app))
    async with world.database.write() as session:
        session.add_all([log(call, 0), log(call, 1, name="Play", success=False)])
    path = f"/rest/sip/app/{app}/logs"

    async def names(**body: Any) -> list[str]:
        answer = await world.alice.client.post(path, json=body)
        assert answer.status_code == 200, answer.text
        return [each["name"] for each in answer.json()["payload"]["data"]]

    assert await names() == ["Play", "Say"]
    assert await names(order={"name": "DESC"}) == ["Say", "Play"]
    assert await names(success=False) == await names(name="Play") == ["Play"]
    assert await names(call=str(call.uuid), tn=12025550100) == ["Play", "Say"]
    assert await names(call=str(UUID(int=1))) == await names(tn=1) == []
    assert await names(**{"from": "13035550001"}) == ["Play", "Say"]
    assert (await world.alice.client.post(path, json={"tn": 10**30})).status_code == 400
    assert (await world.bob.client.post(path, json={})).status_code == 404
