"""Two placed calls that are connected, and a call that is bridged from the start."""

import pytest

from e2e.test_placed_calls import PRESSES_1234, TONE, WAITS, comes_to, place, profile
from support.live_server import Customer, Refused

pytestmark = pytest.mark.e2e

HEARS = """<Response>
  <Gather dtmf_length="4" dtmf_stop="#" timeout="15000">
    <DTMF value="1234"><Hangup tag="right"/></DTMF>
    <Error><Hangup tag="wrong"/></Error>
  </Gather>
</Response>"""


async def test_two_calls_are_connected_and_end_together(alice: Customer) -> None:
    voice = await profile(alice)
    one, two = [
        (await place(alice, to, WAITS, outbound_voice_profile=voice))["uuid"]
        for to in (TONE, "+12125550107")
    ]
    for uuid in (one, two):
        await comes_to(alice, uuid, "live")
    joined = await alice.ask("POST", "/rest/call/bridge", {"call_a": one, "call_b": two})
    assert [(each["uuid"], each["peer"]) for each in joined] == [(one, two), (two, one)]
    with pytest.raises(Refused) as again:
        await alice.ask("POST", "/rest/call/bridge", {"call_a": one, "call_b": two})
    assert (again.value.status, again.value.said["code"]) == (409, "calls_not_connectable")
    await alice.ask("DELETE", f"/rest/call/{one}")
    ended = [await comes_to(alice, uuid, "destroyed") for uuid in (one, two)]
    assert [each["cause"] for each in ended] == ["api_hung_up", "api_hung_up"]
    for uuid in (one, two):
        states = [
            each["payload"]["state"]
            for each in await alice.events(uuid)
            if each["type"] == "call_state"
        ]
        assert states == ["init", "ringing", "live", "bridged", "hangup", "destroyed"]
    # The one heard the other's tone, sent back by an echo.
    assert all(each["media"]["packets_received"] > 0 for each in ended)


async def test_keys_of_one_call_are_heard_by_the_other(alice: Customer) -> None:
    uuid = (await place(alice, PRESSES_1234, HEARS))["uuid"]
    assert (await comes_to(alice, uuid, "destroyed"))["reason"].endswith("right")


async def test_a_call_is_bridged_with_who_is_called_next(alice: Customer) -> None:
    voice = await profile(alice)
    body = {"outbound_voice_profile": voice, "to": TONE, "bridge": {"to": "+12125550107"}}
    uuid = (await alice.ask("POST", "/rest/call", body))["uuid"]
    call = await comes_to(alice, uuid, "bridged")
    peer = await alice.call(call["peer"])
    assert (peer["to"].lstrip("+"), peer["parent"]["uuid"]) == ("12125550107", uuid)
    await alice.ask("DELETE", f"/rest/call/{uuid}")
    await comes_to(alice, uuid, "destroyed")
    await comes_to(alice, call["peer"], "destroyed")
