import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from itertools import chain, cycle
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from opentact.adapters.storage.faults import DatabaseUnusable
from opentact.kit.ids import new_id
from opentact.kit.units import Storage
from opentact.voice.batches import mark_called
from opentact.voice.rules.causes import CHANNELS_FULL, COUNTRY_CLOSED
from opentact.voice.rules.refusals import RuleObject, RuleRefused
from opentact.voice.testing_legs import PaperCallee
from support.placing import HANGS_UP, Placing, answers, placing
from support.world import World

PHONES = [13035550100 + n for n in range(25)]


@pytest.fixture
async def desk(world: World, tmp_path: Path) -> AsyncIterator[Placing]:
    async with placing(world, tmp_path) as made:
        path = f"/rest/profile/outbound_voice/{made.profile}"
        await world.alice.client.patch(path, json={"calls_per_second": 1000})
        yield made


async def start(desk: Placing, phones: list[int], **more: Any) -> Any:
    body = {"outbound_voice_profile": desk.profile, "phones": phones, "xml": HANGS_UP, **more}
    return await desk.phones.world.alice.client.post("/rest/batch", json=body)


async def finished(desk: Placing, uuid: str) -> dict[str, Any]:
    """Wait until all numbers have their results."""
    async with asyncio.timeout(20):
        while True:
            batch = (await desk.phones.world.alice.client.get(f"/rest/batch/{uuid}")).json()
            if batch["payload"]["finished_on"] is not None:
                found: dict[str, Any] = batch["payload"]
                return found
            await asyncio.sleep(0)


async def results(desk: Placing, uuid: str, **query: Any) -> list[dict[str, Any]]:
    path = f"/rest/batch/{uuid}/number"
    page = await desk.phones.world.alice.client.get(path, params=query)
    found: list[dict[str, Any]] = page.json()["payload"]["data"]
    return found


def busy_if_even(callee: PaperCallee) -> None:
    if int(callee.target.split("@")[0][-1]) % 2:
        answers(callee)
    else:
        callee.refuses(486)


async def test_every_number_is_called_once_and_has_its_result(desk: Placing) -> None:
    desk.near.dialler.on_call = busy_if_even
    made = (await start(desk, [*PHONES, PHONES[0]])).json()["payload"]
    assert (made["state"], made["type"], made["total"], made["phones"]) == (
        "created",
        "call_xml",
        25,
        PHONES,
    )
    assert (made["tn_lease"]["uuid"], made["outbound_voice_profile"]["uuid"]) == (
        desk.lease,
        desk.profile,
    )
    batch = await finished(desk, made["uuid"])
    assert (batch["state"], batch["success"], batch["failed"]) == ("success", 12, 13)
    assert len(desk.callees) == 25
    assert [each["phone"] for each in await results(desk, made["uuid"])] == PHONES
    failed = await results(desk, made["uuid"], state="failed", take=3, skip=1)
    assert [(each["phone"], each["cause"]) for each in failed] == [
        (PHONES[2], "busy"),
        (PHONES[4], "busy"),
        (PHONES[6], "busy"),
    ]
    told = desk.phones.told("batch")
    assert told[-1]["payload"]["processing"] == 0
    listed = (await desk.phones.world.alice.client.get("/rest/batch")).json()["payload"]
    assert (listed["total"], listed["data"][0]["uuid"]) == (1, made["uuid"])


async def test_what_a_rule_refuses_is_the_numbers_result(desk: Placing) -> None:
    of = RuleObject("outbound_voice_profile")
    desk.near.rules.refusal = RuleRefused(COUNTRY_CLOSED, "countries", of, "US", "GB")
    batch = await finished(desk, (await start(desk, [447700900100])).json()["payload"]["uuid"])
    (result,) = await results(desk, batch["uuid"])
    assert (result["state"], result["cause"]) == ("failed", "country_closed")
    assert (await desk.record(result["call"]))["refusal"]["rule"] == "countries"


async def test_full_channels_are_waited_for(desk: Placing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("opentact.voice.batch_runner.AGAIN_S", 0.0)
    desk.near.dialler.on_call = answers
    full = RuleRefused(CHANNELS_FULL, "channel_limit", RuleObject("account"), "1", "1")
    desk.near.rules.refusal = full
    made = (await start(desk, PHONES[:1])).json()["payload"]
    await desk.phones.until(lambda: len(desk.near.rules.asked) >= 3)
    desk.near.rules.refusal = None
    assert (await finished(desk, made["uuid"]))["success"] == 1
    found = await desk.phones.world.alice.client.post("/rest/call/search", json={})
    assert found.json()["payload"]["total"] == 1


async def test_a_cancelled_batch_lets_calls_end_and_calls_nobody_more(desk: Placing) -> None:
    path = f"/rest/profile/outbound_voice/{desk.profile}"
    await desk.phones.world.alice.client.patch(path, json={"channel_limit": 2})
    made = (await start(desk, PHONES)).json()["payload"]
    await desk.rings(2)
    answer = await desk.phones.world.alice.client.delete(f"/rest/batch/{made['uuid']}")
    assert answer.json()["payload"]["state"] == "cancelled"
    for callee in [*desk.callees]:
        answers(callee)
    batch = await finished(desk, made["uuid"])
    assert (batch["success"], batch["cancelled"]) == (2, 23)
    assert len(desk.callees) == 2


async def test_a_number_that_was_being_called_is_not_called_again(desk: Placing) -> None:
    desk.near.dialler.on_call = answers
    world = desk.phones.world
    runner, world.services.batches = desk.runner, desk.runner
    runner.begin = lambda *_: None  # type: ignore[method-assign]
    made = (await start(desk, PHONES[:3])).json()["payload"]
    async with world.database.write() as session:
        await mark_called(session, UUID(made["uuid"]), [(1, new_id())])
    del runner.begin
    await runner.start()
    batch = await finished(desk, made["uuid"])
    assert (batch["success"], batch["failed"]) == (2, 1)
    assert [each["cause"] for each in await results(desk, made["uuid"])] == [
        "flow_hung_up",
        "server_crashed",
        "flow_hung_up",
    ]
    assert len(desk.callees) == 2


async def test_a_batch_whose_profile_is_gone_fails_with_that_reason(desk: Placing) -> None:
    world, runner = desk.phones.world, desk.runner
    runner.begin = lambda *_: None  # type: ignore[method-assign]
    made = (await start(desk, PHONES[:3])).json()["payload"]
    del runner.begin
    await world.alice.client.delete(f"/rest/profile/outbound_voice/{desk.profile}")
    await runner.start()
    assert (await finished(desk, made["uuid"]))["failed"] == 3
    assert {each["cause"] for each in await results(desk, made["uuid"])} == {"not_found"}


async def test_with_a_key_a_batch_is_made_once(desk: Placing) -> None:
    desk.near.dialler.on_call = answers
    body = {"outbound_voice_profile": desk.profile, "phones": PHONES[:2], "xml": HANGS_UP}
    client, key = desk.phones.world.alice.client, {"Idempotency-Key": "once"}
    several = await asyncio.gather(
        *(client.post("/rest/batch", json=body, headers=key) for _ in range(4))
    )
    made = {each.json()["payload"]["uuid"] for each in several if each.status_code == 201}
    assert len(made) == 1
    await finished(desk, made.pop())
    assert len(desk.callees) == 2


@pytest.mark.parametrize(
    "wrong", [{"phones": []}, {"phones": ["x"]}, {"xml": None}, {"phones": [1] * 10_001}]
)
async def test_a_wrong_batch_is_refused_whole(desk: Placing, wrong: dict[str, Any]) -> None:
    body = {"outbound_voice_profile": desk.profile, "phones": PHONES, "xml": HANGS_UP} | wrong
    given = {name: value for name, value in body.items() if value is not None}
    answer = await desk.phones.world.alice.client.post("/rest/batch", json=given)
    assert answer.status_code == 400


class Restarting:
    """A database that goes away: before a unit of work, or between its commit and the answer."""

    def __init__(self, storage: Storage, *moods: str) -> None:
        self._storage = storage
        self._moods: Iterator[str] = chain(moods, cycle(["well"]))

    def read(self) -> AbstractAsyncContextManager[AsyncSession]:
        return self._storage.read()

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        mood = next(self._moods)
        if mood == "gone":
            raise DatabaseUnusable("The database does not answer")
        async with self._storage.write() as session:
            yield session
        if mood == "in doubt":
            raise DatabaseUnusable("The database went away")


@pytest.mark.parametrize(
    "moods", [["gone", "gone"], ["in doubt"] * 5, ["well", "in doubt", "gone", "in doubt"]]
)
async def test_a_batch_outlives_a_restart_of_the_database(
    desk: Placing, monkeypatch: pytest.MonkeyPatch, moods: list[str]
) -> None:
    monkeypatch.setattr("opentact.voice.patience.AGAIN_S", 0.0)
    monkeypatch.setattr("opentact.voice.batch_runner.AGAIN_S", 0.0)
    desk.near.dialler.on_call = busy_if_even
    desk.runner._storage = Restarting(desk.runner._storage, *moods)
    batch = await finished(desk, (await start(desk, PHONES)).json()["payload"]["uuid"])
    assert (batch["state"], batch["success"], batch["failed"]) == ("success", 12, 13)
    called = [callee.target.split("@")[0].split("+")[-1] for callee in desk.callees]
    assert sorted(called) == sorted(map(str, PHONES))
