import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from opentact.voice.calls import Call
from opentact.voice.rules.causes import CHANNELS_FULL
from opentact.voice.rules.refusals import RuleObject, RuleRefused
from support.numbers import FIRST
from support.placing import FAR, Placing, answers, placing
from support.world import World

FULL = RuleRefused(CHANNELS_FULL, "channel_limit", RuleObject("account"), "1", "1")


@pytest.fixture
async def desk(world: World, tmp_path: Path) -> AsyncIterator[Placing]:
    async with placing(world, tmp_path) as made:
        yield made


async def calls(world: World) -> int:
    async with world.database.read() as session:
        return await session.scalar(select(func.count()).select_from(Call)) or 0


async def test_a_call_is_answered_with_its_record_and_runs_its_flow(desk: Placing) -> None:
    placed = (await desk.ask()).json()
    call = placed["payload"]
    assert (call["state"], call["direction"], call["type"]) == ("init", "out", "CallSCA")
    assert (call["from"], call["to"]) == (f"+{FIRST}", FAR.lstrip("+"))
    answers(await desk.rings())
    await desk.phones.all_over()
    record = await desk.record(call["uuid"])
    assert (record["cause"], record["reason"]) == (
        "flow_hung_up",
        "The call flow hung up: done",
    )
    assert record["answer_on"] is not None
    assert (desk.near.rules.given, desk.near.rules.left) == (1, 1)


async def test_a_rule_that_refuses_is_told_and_written_down(desk: Placing) -> None:
    desk.near.rules.refusal = FULL
    answer = await desk.ask()
    said = answer.json()
    assert (answer.status_code, said["code"]) == (503, "call_not_now")
    record = await desk.record(said["meta"])
    assert (record["state"], record["refusal"]["rule"]) == ("destroyed", "channel_limit")
    assert desk.callees == []


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"xml": None}, ""),
        ({"call_flow_url": "http://example.com/flow"}, ""),
        ({"to": "nobody"}, "to"),
        ({"timeout": 1}, "timeout"),
        ({"from": "+12025550999"}, "from"),
    ],
)
async def test_what_is_wrong_is_named(desk: Placing, changed: dict[str, Any], field: str) -> None:
    answer = await desk.ask(changed)
    assert answer.status_code == 400
    assert any(name.endswith(field) for name in answer.json()["fields"])
    assert await calls(desk.phones.world) == 0


async def test_a_flow_that_is_wrong_calls_nobody(desk: Placing) -> None:
    assert (await desk.ask(xml="<Response><Sing/></Response>")).json()["code"] == (
        "call_flow_refused"
    )
    assert await calls(desk.phones.world) == 0


async def test_a_dry_run_tells_the_route_and_calls_nobody(desk: Placing) -> None:
    told = (await desk.ask(dry_run=True)).json()["payload"]
    assert (told["dry_run"], told["route"]) == (True, {"kind": "pstn", "ways": ["pbx"]})
    assert (desk.callees, await calls(desk.phones.world)) == ([], 0)


async def test_with_a_key_a_call_is_placed_once_however_often_it_is_asked(desk: Placing) -> None:
    key = {"Idempotency-Key": "once"}
    several = await asyncio.gather(*(desk.ask(headers=key) for _ in range(5)))
    placed = [answer for answer in several if answer.status_code == 201]
    assert {answer.status_code for answer in several} <= {201, 409}
    assert len({answer.json()["payload"]["uuid"] for answer in placed}) == 1
    again = await desk.ask(headers=key)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.json() == placed[0].json()
    assert await calls(desk.phones.world) == 1
    assert (await desk.ask(headers=key, to="+13035550199")).status_code == 422


async def test_a_key_keeps_a_refusal_too(desk: Placing) -> None:
    desk.near.rules.refusal = FULL
    key = {"Idempotency-Key": "refused"}
    first = await desk.ask(headers=key)
    desk.near.rules.refusal = None
    assert (await desk.ask(headers=key)).json() == first.json()
    assert await calls(desk.phones.world) == 1


async def test_a_server_without_an_exchange_places_no_calls(desk: Placing) -> None:
    desk.phones.world.services.placer = None
    assert (await desk.ask()).json()["code"] == "no_calls_placed"
