"""Calls that the API places to SIP users, over real SIP and RTP."""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator
from typing import Any

import pytest

from support.command import command
from support.live_server import Customer, Refused, Server

from .bare_phone import BarePhone, bare_phone
from .test_placed_calls import comes_to, place, profile

MENU = """<Response>
  <Gather dtmf_length="1" timeout="30000">
    <DTMF value="5"><Hangup tag="right"/></DTMF>
    <Error><Hangup tag="wrong"/></Error>
  </Gather>
  <Hangup tag="silence"/>
</Response>"""


@pytest.fixture
async def bob(live: Server, alice: Customer) -> AsyncIterator[BarePhone]:
    async with bare_phone(live, alice) as phone:
        yield phone


async def test_a_user_who_answers_gets_the_flow_and_a_key_chooses(
    live: Server, alice: Customer, bob: BarePhone
) -> None:
    voice = await profile(alice)
    placed = await place(alice, bob.address, MENU, outbound_voice_profile=voice)
    leg = await bob.rings()
    await comes_to(alice, placed["uuid"], "ringing")
    sound = await bob.answer(leg)
    await comes_to(alice, placed["uuid"], "live")
    words = ("inspect", "dialogs", "--json")
    listed = await asyncio.to_thread(command, live.folder.parent, *words, http=live.http)
    [dialog] = [each for each in json.loads(listed.stdout) if each["call_id"] == leg.call_id]
    assert (dialog["direction"], dialog["state"]) == ("outgoing", "up")
    assert dialog["seconds"] > 0
    sound.send_digits(1, "5")
    await bob.ended(leg)
    call = await comes_to(alice, placed["uuid"], "destroyed")
    assert (call["cause"], call["reason"]) == ("flow_hung_up", "The call flow hung up: right")
    assert (call["to"], call["price"]) == (bob.address, 0)
    assert call["media"]["packets_received"] > 0
    told = await alice.ask("GET", f"/rest/call/{placed['uuid']}/timeline")
    names = [each["name"] for each in told["moments"] if each["kind"] == "sip"]
    told_in_order = ["INVITE (SDP)", "180 Ringing", "200 OK (SDP)", "ACK"]
    assert [each for each in names if each in told_in_order][:4] == told_in_order


@pytest.mark.parametrize(("status", "cause"), [(486, "busy"), (603, "declined")])
async def test_a_user_who_does_not_want_is_told_as_the_cause(
    alice: Customer, bob: BarePhone, status: int, cause: str
) -> None:
    placed = await place(alice, bob.address)
    (await bob.rings()).reject(status)
    call = await comes_to(alice, placed["uuid"], "destroyed")
    assert (call["cause"], call["answer_on"]) == (cause, None)


async def test_who_hangs_up_the_call_stops_the_ringing(alice: Customer, bob: BarePhone) -> None:
    placed = await place(alice, bob.address)
    leg = await bob.rings()
    await comes_to(alice, placed["uuid"], "ringing")
    await alice.ask("DELETE", f"/rest/call/{placed['uuid']}")
    await bob.ended(leg)
    assert (await comes_to(alice, placed["uuid"], "destroyed"))["cause"] == "api_hung_up"


async def test_a_user_without_a_phone_is_refused_with_a_record(alice: Customer) -> None:
    name = f"nobody-home-{secrets.token_hex(4)}"
    domain = (await alice.ask("POST", "/rest/sip/domain", {"domain": name}))["domain"]
    user = {"login": "carol", "password": "correct-horse-battery"}
    await alice.ask("POST", f"/rest/sip/domain/{domain}/user", user)
    refused: dict[str, Any] = {}
    try:
        await place(alice, f"carol@{domain}")
    except Refused as found:
        refused = found.said
    call = await comes_to(alice, refused["meta"], "destroyed")
    assert call["cause"] == "callee_offline"


async def test_both_ends_of_a_call_to_a_user_may_be_users(
    live: Server, alice: Customer, bob: BarePhone
) -> None:
    async with bare_phone(live, alice) as carol:
        dial = f"<Response><Dial><To>{carol.address}</To></Dial></Response>"
        placed = await place(alice, bob.address, dial)
        await bob.answer(await bob.rings())
        leg = await carol.rings()
        sound = await carol.answer(leg)
        call = await comes_to(alice, placed["uuid"], "bridged")
        await asyncio.sleep(1)
        leg.hangup()
        ended = await comes_to(alice, placed["uuid"], "destroyed")
        assert (await sound.close()).packets_received > 20
    assert (await alice.call(call["peer"]))["cause"] == "callee_hung_up"
    assert ended["media"]["packets_received"] > 20
