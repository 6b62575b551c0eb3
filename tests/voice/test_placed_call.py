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


async def placed(desk: Placing, **body: Any) -> str:
    return str((await desk.ask(**body)).json()["payload"]["uuid"])


async def test_it_rings_once_however_often_it_is_alerted(desk: Placing) -> None:
    uuid = await placed(desk)
    callee = await desk.rings()
    callee.rings()
    callee.rings(183)
    answers(callee)
    await desk.phones.all_over()
    told = [f["payload"]["state"] for f in desk.phones.told() if f["ref_id"] == uuid]
    assert told == ["init", "ringing", "live", "hangup", "destroyed"]
    assert callee.sent == [("BYE",)]


@pytest.mark.parametrize(("status", "cause"), [(486, "busy"), (603, "declined")])
async def test_a_refusal_is_its_cause_and_costs_nothing(
    desk: Placing, status: int, cause: str
) -> None:
    uuid = await placed(desk)
    (await desk.rings()).refuses(status)
    await desk.phones.all_over()
    record = await desk.record(uuid)
    assert (record["sip_status"], record["cause"]) == (status, cause)
    assert (record["price"], desk.near.rules.left) == (0, 1)


async def test_one_that_rings_is_cancelled_when_it_is_hung_up(desk: Placing) -> None:
    uuid = await placed(desk)
    callee = await desk.rings()
    callee.rings()
    await desk.phones.world.alice.client.delete(f"/rest/call/{uuid}")
    await desk.phones.all_over()
    assert callee.sent == [("CANCEL",)]
    assert (await desk.record(uuid))["cause"] == "api_hung_up"


async def test_who_answers_without_a_codec_of_ours_is_hung_up_on(desk: Placing) -> None:
    uuid = await placed(desk)
    callee = await desk.rings()
    callee.answers(b"v=0\r\n")
    await desk.phones.all_over()
    assert (await desk.record(uuid))["cause"] == "media_refused"
    assert callee.sent == [("BYE",)]
    assert all(each.closed for each in desk.phones.media.legs)


async def test_a_flow_posted_while_it_rings_runs_in_place_of_its_own(desk: Placing) -> None:
    uuid = await placed(desk, xml=WAITS)
    callee = await desk.rings()
    files = {"file": ("flow.xml", b'<Response><Hangup tag="posted"/></Response>', "text/xml")}
    await desk.phones.world.alice.client.post(f"/rest/call/sca/{uuid}", files=files)
    answers(callee)
    await desk.phones.all_over()
    assert (await desk.record(uuid))["reason"].endswith("posted")


async def test_the_callee_may_hang_up(desk: Placing) -> None:
    uuid = await placed(desk, xml=WAITS)
    callee = await desk.rings()
    answers(callee)
    callee.hangs_up()
    await desk.phones.all_over()
    assert (await desk.record(uuid))["cause"] == "callee_hung_up"


async def test_one_whose_media_dies_before_it_rings_ends_with_that(
    desk: Placing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk.phones.media, "prepare", lambda leg: leg.dies())
    uuid = await placed(desk)
    await desk.phones.all_over()
    assert (await desk.record(uuid))["cause"] == "media_gone"
    assert (desk.callees, desk.near.rules.left) == ([], 1)
