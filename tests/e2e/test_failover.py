"""A number at a SIP connection of two targets, with SIPp at both: what leads to the next one."""

import asyncio
import socket
from pathlib import Path
from typing import Any

import pytest

from opentact.adapters.sip.endpoint import SipEndpoint
from opentact.voice.sip.effects import ENDS, Answered, LegEvent, Refused
from support.live_server import Customer, Server
from support.peers import LOOPBACK
from support.sipp import SCENARIOS, SippServer, sipp_server

SDP = (
    b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    b"m=audio 20000 RTP/AVP 0\r\n"
)


def no(folder: Path, status: int) -> str:
    """Write a scenario that refuses like this: SIPp takes no status from a key."""
    like = (SCENARIOS / "unavailable.xml").read_text()
    (folder / "refusing.xml").write_text(like.replace("503 Service Unavailable", f"{status} No"))
    return str(folder / "refusing")


async def two_targets(alice: Customer, first: str, second: SippServer) -> int:
    """Lead a number to a connection with these targets; gives the number."""
    host, _, port = first.rpartition(":")
    other, _, backup = second.address.rpartition(":")
    body = {
        "name": "pbx",
        "ip": host,
        "port": int(port),
        "targets": [{"host": other, "port": int(backup)}],
    }
    made = await alice.ask("POST", "/rest/sip/connection", body)
    number = await alice.order_number()
    lease = await alice.ask("GET", f"/rest/lease/tn/{number}/tn")
    path = f"/rest/sip/connection/{made['uuid']}/tnlease"
    await alice.ask("POST", path, {"add": [lease["uuid"]]})
    return number


async def outcome(live: Server, number: int) -> LegEvent:
    """Call it as a carrier would; an answered call is hung up at once."""
    caller = await SipEndpoint.open(LOOPBACK, 0, on_call=lambda leg: leg.reject(480))
    target = f"sip:{number}@{live.sip}"
    leg = caller.call(target, to=target, caller=f"sip:12015550177@{LOOPBACK}", sdp=SDP)
    async with asyncio.timeout(20):
        while not isinstance(event := await leg.events.get(), (Answered, *ENDS)):
            pass
    leg.hangup()
    await caller.close()
    return event


async def records(alice: Customer, number: int, state: str = "destroyed") -> list[dict[str, Any]]:
    """Wait for both legs of the call to be over; the incoming one first."""
    async with asyncio.timeout(15):
        while True:
            found = await alice.calls(to=str(number))
            if len(found) == 2 and {each["state"] for each in found} == {state}:
                return sorted(found, key=lambda each: str(each["direction"]))
            await asyncio.sleep(0.1)


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504, 580])
async def test_the_next_target_has_its_turn(
    live: Server, alice: Customer, tmp_path: Path, status: int
) -> None:
    async with sipp_server(no(tmp_path, status)) as failing, sipp_server("callee") as good:
        number = await two_targets(alice, failing.address, good)
        assert isinstance(await outcome(live, number), Answered)
        causes = {each["cause"] for each in await records(alice, number)}
        assert causes == {"caller_hung_up"}
    assert failing.result is not None
    assert failing.result.successful == 1
    assert good.result is not None
    assert good.result.successful == 1


async def test_a_target_that_keeps_silent_is_passed_over(live: Server, alice: Customer) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as silent:
        silent.bind((LOOPBACK, 0))
        first = f"{LOOPBACK}:{silent.getsockname()[1]}"
        async with sipp_server("callee") as good:
            number = await two_targets(alice, first, good)
            before = asyncio.get_running_loop().time()
            assert isinstance(await outcome(live, number), Answered)
            # Four seconds, as docs/guide/bridged-calls.md says, and not timer B's 32.
            assert 3.5 < asyncio.get_running_loop().time() - before < 10
            await records(alice, number)
    assert good.result is not None
    assert good.result.successful == 1


@pytest.mark.parametrize(
    ("status", "cause"),
    [(486, "busy"), (603, "declined"), (404, "sip_404"), (480, "unavailable"), (600, "busy")],
)
async def test_nobody_else_is_asked_after_a_no(
    live: Server, alice: Customer, tmp_path: Path, status: int, cause: str
) -> None:
    async with sipp_server(no(tmp_path, status)) as refusing, sipp_server("callee") as idle:
        number = await two_targets(alice, refusing.address, idle)
        refused = await outcome(live, number)
        assert isinstance(refused, Refused)
        assert refused.status == status
        assert {each["cause"] for each in await records(alice, number)} == {cause}
    assert idle.result is not None
    assert idle.result.stats["TotalCallCreated"] == "0"
