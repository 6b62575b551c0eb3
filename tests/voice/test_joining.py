from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from support.placing import Placing, answers, placing
from support.world import build_world

WAITS = '<Response><Pause length="60000"/></Response>'


@pytest.fixture
async def desk(database_url: str, tmp_path: Path) -> AsyncIterator[Placing]:
    async with build_world(database_url) as world, placing(world, tmp_path) as made:
        yield made


async def two_calls(desk: Placing) -> tuple[str, str]:
    uuids = []
    for count in (1, 2):
        uuids.append(str((await desk.ask(xml=WAITS)).json()["payload"]["uuid"]))
        answers(await desk.rings(count))
    return uuids[0], uuids[1]


async def join(desk: Placing, one: str, two: str) -> Any:
    body = {"call_a": one, "call_b": two}
    return await desk.phones.world.alice.client.post("/rest/call/bridge", json=body)


async def test_two_calls_hear_each_other_and_end_together(desk: Placing) -> None:
    one, two = await two_calls(desk)
    joined = (await join(desk, one, two)).json()["payload"]
    assert [(each["state"], each["peer"]) for each in joined] == [
        ("bridged", two),
        ("bridged", one),
    ]
    first, second = desk.phones.media.legs
    assert first.bridged is second
    desk.callees[0].hangs_up()
    await desk.phones.all_over()
    assert {(await desk.record(uuid))["cause"] for uuid in (one, two)} == {"callee_hung_up"}
    assert desk.callees[1].sent == [("BYE",)]


async def test_a_call_is_not_connected_with_itself_nor_twice(desk: Placing) -> None:
    one, two = await two_calls(desk)
    assert (await join(desk, one, one)).json()["code"] == "calls_not_connectable"
    assert (await join(desk, one, two)).status_code == 200
    again = await join(desk, one, two)
    assert (again.status_code, two in again.json()["message"]) == (409, True)


async def test_who_rings_is_not_connected_yet(desk: Placing) -> None:
    one, _ = await two_calls(desk)
    ringing = (await desk.ask(xml=WAITS)).json()["payload"]["uuid"]
    await desk.rings(3)
    assert "not answered" in (await join(desk, one, ringing)).json()["message"]
