"""Numbers of elsewhere: verified, listed, removed, and shown in every way a call goes out."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from support.placing import CODE, FAR, Placing, answers, placing
from support.world import World

OWN = "+13035550177"
DIALS = '<Response><Dial from="{}"><Number>+13035550199</Number></Dial></Response>'


@pytest.fixture
async def desk(world: World, tmp_path: Path) -> AsyncIterator[Placing]:
    async with placing(world, tmp_path) as made:
        yield made


async def ask(desk: Placing, **more: Any) -> Any:
    body = {"tn": OWN, "outbound_voice_profile": desk.profile, **more}
    return await desk.phones.world.alice.client.post("/rest/verified_number", json=body)


async def verified(desk: Placing) -> dict[str, Any]:
    """Have the number verified by who answers it."""
    before = len(desk.callees)
    made: dict[str, Any] = (await ask(desk)).json()["payload"]
    answers(await desk.rings(before + 1))
    desk.phones.media.legs[-1].presses(CODE)
    await desk.phones.all_over()
    verifier = desk.phones.world.services.verifier
    assert verifier is not None
    await desk.phones.until(lambda: not verifier._calls)
    assert (await one(desk))["state"] == "verified"
    return made


async def one(desk: Placing) -> dict[str, Any]:
    path = f"/rest/verified_number/{OWN.lstrip('+')}"
    found: dict[str, Any] = (await desk.phones.world.alice.client.get(path)).json()["payload"]
    return found


async def test_the_code_is_told_once(desk: Placing) -> None:
    answer = await ask(desk, name="the old office")
    made = answer.json()["payload"]
    assert answer.status_code == 201
    assert (made["tn"], made["name"], made["state"], made["code"]) == (
        int(OWN),
        "the old office",
        "pending",
        CODE,
    )
    client = desk.phones.world.alice.client
    for path in ("", f"/{made['uuid']}", f"/{made['tn']}"):
        told = (await client.get(f"/rest/verified_number{path}")).text
        assert made["uuid"] in told
        assert CODE not in told
    assert (await ask(desk)).json()["code"] == "still_verifying"
    assert len(desk.callees) == 1


async def test_a_call_that_a_crash_cut_off_has_failed(desk: Placing) -> None:
    await ask(desk)
    desk.phones.world.clock.at += timedelta(minutes=5)
    told = await one(desk)
    assert (told["state"], told["reason"]) == (
        "failed",
        "The server stopped before the code was entered",
    )


@pytest.mark.parametrize("tn", ["nobody", "", "911", "+1"])
async def test_what_is_no_number_is_named(desk: Placing, tn: str) -> None:
    answer = await ask(desk, tn=tn)
    assert answer.status_code == 400
    assert "params.tn" in answer.json()["fields"]


async def test_a_server_without_an_exchange_verifies_nothing(desk: Placing) -> None:
    desk.phones.world.services.verifier = None
    assert (await ask(desk)).json()["code"] == "no_calls_placed"


async def test_who_may_not_show_a_number_is_told_how_to_verify_it(desk: Placing) -> None:
    refused = (await desk.ask({"from": OWN})).json()
    assert "POST /rest/verified_number" in refused["fields"]["params.from"]["message"]
    await verified(desk)
    placed = await desk.ask({"from": OWN}, to=FAR)
    assert placed.status_code == 201
    call = placed.json()["payload"]
    assert call["from"] == OWN
    assert OWN in (await desk.rings(2)).how["caller"]


async def test_a_batch_shows_it(desk: Placing) -> None:
    body = {
        "outbound_voice_profile": desk.profile,
        "phones": [13035550142],
        "xml": '<Response><Hangup tag="done"/></Response>',
        "from": OWN,
    }
    client = desk.phones.world.alice.client
    assert (await client.post("/rest/batch", json=body)).status_code == 400
    await verified(desk)
    made = await client.post("/rest/batch", json=body)
    assert made.status_code == 201, made.text
    assert (made.json()["payload"]["from"], made.json()["payload"]["tn_lease"]) == (OWN, None)
    assert OWN in (await desk.rings(2)).how["caller"]


async def test_a_flow_dials_with_it(desk: Placing) -> None:
    await verified(desk)
    uuid = (await desk.ask(xml=DIALS.format(OWN))).json()["payload"]["uuid"]
    answers(await desk.rings(2))
    third = await desk.rings(3)
    assert OWN in third.how["caller"]
    third.refuses(486)
    await desk.phones.all_over()
    assert (await desk.record(uuid))["from"] != OWN


async def test_a_quote_lets_it_pass(desk: Placing) -> None:
    client = desk.phones.world.alice.client
    body = {"to": "+13035550142", "outbound_voice_profile": desk.profile, "from": OWN}

    async def refusals() -> list[str]:
        told = (await client.post("/rest/call/price", json=body)).json()["payload"]
        return [each["rule"] for each in told["refusals"]]

    assert "caller_id" in await refusals()
    await verified(desk)
    assert "caller_id" not in await refusals()


async def test_a_removed_number_is_shown_no_more(desk: Placing) -> None:
    made = await verified(desk)
    client = desk.phones.world.alice.client
    assert (await client.delete(f"/rest/verified_number/{made['uuid']}")).is_success
    assert (await client.get("/rest/verified_number")).json()["payload"] == []
    assert (await desk.ask({"from": OWN})).status_code == 400
