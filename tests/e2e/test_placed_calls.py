"""Calls that the platform places, through the simulated carrier, over real SIP and RTP."""

import asyncio
import json
from typing import Any

import pytest

from e2e.web import Page, web
from support.live_server import Customer, Refused

pytestmark = pytest.mark.e2e

PRESSES_1234 = "+12125550101"
REJECTS = "+12125550103"
RINGS_ON = "+12125550108"
TONE = "+12125550142"
BUSY = "+12125550186"
MENU = """<Response>
  <Gather dtmf_length="4" dtmf_stop="#" timeout="8000" tag="code">
    <DTMF value="1234"><Hangup tag="right"/></DTMF>
    <Error><Hangup tag="wrong"/></Error>
  </Gather>
  <Hangup tag="silence"/>
</Response>"""
WAITS = '<Response><Pause length="60000"/></Response>'


async def profile(alice: Customer) -> str:
    """Make a profile that shows a number of Alice's."""
    number = await alice.order_number()
    lease = await alice.ask("GET", f"/rest/lease/tn/{number}/tn")
    body = {"name": "out", "tn_lease": lease["uuid"]}
    return str((await alice.ask("POST", "/rest/profile/outbound_voice", body))["uuid"])


async def place(alice: Customer, to: str, xml: str = WAITS, **more: Any) -> dict[str, Any]:
    voice = more.pop("outbound_voice_profile", None) or await profile(alice)
    body = {"outbound_voice_profile": voice, "to": to, "xml": xml, **more}
    placed: dict[str, Any] = await alice.ask("POST", "/rest/call", body)
    return placed


async def comes_to(alice: Customer, uuid: str, *states: str) -> dict[str, Any]:
    """Wait until the call is in one of the states."""
    for _ in range(300):
        call: dict[str, Any] = await alice.ask("GET", f"/rest/call/{uuid}")
        if call["state"] in states:
            return call
        await asyncio.sleep(0.05)
    raise AssertionError(f"the call is still {call['state']}: {call}")


async def test_who_answers_gets_the_flow_and_its_keys_choose(alice: Customer) -> None:
    placed = await place(alice, PRESSES_1234, MENU)
    assert (placed["state"], placed["direction"], placed["type"]) == ("init", "out", "CallSCA")
    call = await comes_to(alice, placed["uuid"], "destroyed")
    assert (call["cause"], call["reason"]) == ("flow_hung_up", "The call flow hung up: right")
    assert call["to"] == PRESSES_1234.removeprefix("+")
    assert call["answer_on"] is not None
    assert call["price"] > 0
    events = [each for each in await alice.events(call["uuid"]) if each["type"] == "call_state"]
    states = [each["payload"]["state"] for each in events]
    assert states == ["init", "ringing", "live", "hangup", "destroyed"]


@pytest.mark.parametrize(
    ("to", "cause", "status"), [(BUSY, "busy", 486), (REJECTS, "declined", 603)]
)
async def test_who_does_not_want_is_told_as_the_cause(
    alice: Customer, to: str, cause: str, status: int
) -> None:
    call = await comes_to(alice, (await place(alice, to))["uuid"], "destroyed")
    assert (call["cause"], call["sip_status"]) == (cause, status)
    assert (call["answer_on"], call["price"]) == (None, 0)


async def test_who_does_not_answer_in_time_is_given_up(alice: Customer) -> None:
    placed = await place(alice, RINGS_ON, timeout=5)
    call = await comes_to(alice, placed["uuid"], "destroyed")
    assert (call["cause"], call["answer_on"]) == ("no_answer", None)
    assert call["ring_on"] is not None


async def test_a_call_is_hung_up_while_it_rings_and_while_it_talks(alice: Customer) -> None:
    for to, state in ((RINGS_ON, "ringing"), (TONE, "live")):
        uuid = (await place(alice, to))["uuid"]
        await comes_to(alice, uuid, state)
        assert uuid in {each["uuid"] for each in await alice.ask("GET", "/rest/call/online")}
        await alice.ask("DELETE", f"/rest/call/{uuid}")
        assert (await comes_to(alice, uuid, "destroyed"))["cause"] == "api_hung_up"


async def test_a_dry_run_tells_price_and_route_and_calls_nobody(alice: Customer) -> None:
    told = await place(alice, TONE, dry_run=True)
    assert told["allowed"] is True, told
    assert told["route"]["kind"] == "pstn"
    assert told["rate"] > 0


async def test_a_number_that_is_not_held_is_not_shown(alice: Customer) -> None:
    with pytest.raises(Refused) as refused:
        await place(alice, TONE, **{"from": "+12025550999"})
    assert refused.value.status == 400
    assert "params.from" in refused.value.said["fields"]


async def test_the_app_of_a_call_is_told_of_each_state(alice: Customer) -> None:
    with web(hook=Page(b"ok", "text/plain")) as site:
        app = await alice.ask(
            "POST",
            "/rest/sip/app",
            {"name": "told", "webhook_url": f"{site.url}/hook", "webhook_method": "POST"},
        )
        flow = "<Response><Hangup/></Response>"
        await alice.post_xml(f"/rest/sip/app/call/flow/{app['uuid']}", flow)
        body = {
            "outbound_voice_profile": await profile(alice),
            "to": TONE,
            "sip_control_app": app["uuid"],
        }
        uuid = (await alice.ask("POST", "/rest/call", body))["uuid"]
        await comes_to(alice, uuid, "destroyed")
        for _ in range(100):
            if len(site.asked) >= 5:
                break
            await asyncio.sleep(0.05)
    told = [asked.query["state"] for asked in site.asked]
    assert json.loads(site.asked[-1].body)["uuid"] == uuid
    assert told == [["init"], ["ringing"], ["live"], ["hangup"], ["destroyed"]]
