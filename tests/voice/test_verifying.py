"""What the call that verifies a number does, by whoever answers it."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from opentact.voice.callflow.document import read
from opentact.voice.rules.causes import COUNTRY_CLOSED
from opentact.voice.rules.refusals import RuleObject, RuleRefused
from opentact.voice.verifying import TRIES, flow_for
from support.placing import CODE, FAR, Placing, answers, placing
from support.world import build_world


@pytest.fixture
async def desk(database_url: str, tmp_path: Path) -> AsyncIterator[Placing]:
    async with build_world(database_url) as world, placing(world, tmp_path) as made:
        yield made


async def verify(desk: Placing) -> Any:
    body = {"tn": FAR, "outbound_voice_profile": desk.profile}
    return await desk.phones.world.alice.client.post("/rest/verified_number", json=body)


async def state(desk: Placing) -> dict[str, Any]:
    """Tell what came of it, once the call is over and that is stored."""
    await desk.phones.all_over()
    verifier = desk.phones.world.services.verifier
    assert verifier is not None
    await desk.phones.until(lambda: not verifier._calls)
    path = f"/rest/verified_number/{FAR.lstrip('+')}"
    found: dict[str, Any] = (await desk.phones.world.alice.client.get(path)).json()["payload"]
    return found


async def answered(desk: Placing) -> str:
    """Let somebody answer the call; gives its uuid."""
    uuid = str((await verify(desk)).json()["payload"]["call"])
    answers(await desk.rings())
    return uuid


def test_the_flow_is_one_that_the_reader_takes() -> None:
    assert read(flow_for(CODE).encode()).verbs


async def test_the_right_digits_verify_the_number(desk: Placing) -> None:
    uuid = await answered(desk)
    desk.phones.media.legs[0].presses(CODE)
    told = await state(desk)
    assert (told["state"], told["reason"], told["call"]) == ("verified", None, uuid)
    assert told["verified_on"] is not None
    assert (await desk.record(uuid))["reason"].endswith("the right code")


async def test_the_right_digits_count_though_who_entered_them_hangs_up_at_once(
    desk: Placing,
) -> None:
    await answered(desk)
    leg = desk.phones.media.legs[0]
    leg.play_s = None
    leg.presses(CODE)
    await desk.phones.until(lambda: any("Thank you" in said for said, _ in leg.played))
    desk.callees[0].hangs_up()
    assert (await state(desk))["state"] == "verified"


async def test_one_wrong_entry_may_be_put_right(desk: Placing) -> None:
    await answered(desk)
    desk.phones.media.legs[0].presses("000000" + CODE)
    assert (await state(desk))["state"] == "verified"


async def test_after_three_wrong_entries_nothing_is_proved(desk: Placing) -> None:
    await answered(desk)
    desk.phones.media.legs[0].presses("000000" * TRIES + CODE)
    told = await state(desk)
    assert (told["state"], told["verified_on"]) == ("failed", None)
    assert told["reason"].endswith("no right code")


async def test_who_does_not_answer_has_agreed_to_nothing(desk: Placing) -> None:
    await verify(desk)
    (await desk.rings()).refuses(486)
    assert (await state(desk))["state"] == "failed"


async def test_no_other_flow_is_run_on_the_call(desk: Placing) -> None:
    """A posted flow could keep the note, or ask another question."""
    uuid = await answered(desk)
    forged = b'<Response><Meta name="verified" value="yes"/></Response>'
    files = {"file": ("flow.xml", forged, "text/xml")}
    client = desk.phones.world.alice.client
    refused = await client.post(f"/rest/call/sca/{uuid}", files=files)
    assert (refused.status_code, refused.json()["code"]) == (409, "call_takes_no_flow")
    other = (await desk.ask(xml='<Response><Pause length="60000"/></Response>')).json()["payload"]
    answers(await desk.rings(2))
    body = {"call_a": uuid, "call_b": other["uuid"]}
    joined = await client.post("/rest/call/bridge", json=body)
    assert (joined.status_code, joined.json()["code"]) == (409, "calls_not_connectable")
    for each in (uuid, other["uuid"]):
        assert (await client.delete(f"/rest/call/{each}")).is_success
    assert (await state(desk))["state"] == "failed"


async def test_what_a_rule_refuses_is_no_call(desk: Placing) -> None:
    of = RuleObject("outbound_voice_profile")
    desk.near.rules.refusal = RuleRefused(COUNTRY_CLOSED, "countries", of, "US", "GB")
    answer = await verify(desk)
    assert (answer.status_code, answer.json()["code"]) == (403, "call_refused")
    told = await state(desk)
    assert told["state"] == "failed"
    assert "countries" in told["reason"]
    assert desk.callees == []
