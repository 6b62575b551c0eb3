"""baresip, a softphone of its own make: it calls, is called, holds and hangs up."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from opentact.adapters.sip.endpoint import SipEndpoint
from opentact.adapters.sip.legs import IncomingLeg, OutgoingLeg
from opentact.adapters.sip.sockets import Listening
from opentact.adapters.sip.tls import TlsFiles
from opentact.voice.sip.effects import Acked, Answered, Cancelled, HungUp, LegEvent, Reoffered
from support.baresip import softphone
from support.certificates import Authority
from support.peers import LOOPBACK

SDP = (
    b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    b"m=audio 20000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
)

pytestmark = pytest.mark.e2e


def refuse(leg: IncomingLeg) -> None:
    leg.reject(603)


@asynccontextmanager
async def opened(on_call: Callable[[IncomingLeg], None]) -> AsyncIterator[SipEndpoint]:
    endpoint = await SipEndpoint.open(LOOPBACK, 0, on_call=on_call)
    try:
        yield endpoint
    finally:
        await endpoint.close(grace=0.5)


async def wait_for(leg: IncomingLeg | OutgoingLeg, kind: type[LegEvent]) -> LegEvent:
    async with asyncio.timeout(10):
        while not isinstance(event := await leg.events.get(), kind):
            pass
    return event


async def test_baresip_calls_holds_and_hangs_up() -> None:
    arrived: asyncio.Queue[IncomingLeg] = asyncio.Queue()
    async with softphone(user="alice") as alice, opened(arrived.put_nowait) as endpoint:
        await alice.dial(f"sip:bob@{LOOPBACK}:{endpoint.local[1]}")
        leg = await arrived.get()
        assert (leg.caller, leg.called) == ("alice", "bob")
        assert leg.offer is not None
        assert leg.offer.startswith(b"v=0")
        leg.ring()
        leg.answer(SDP)
        await wait_for(leg, Acked)
        await alice.wait_for("CALL_ESTABLISHED")
        await alice.command("hold")
        reoffered = await wait_for(leg, Reoffered)
        assert isinstance(reoffered, Reoffered)
        assert b"a=sendonly" in (reoffered.offer or b"")
        leg.reanswer(SDP)
        await wait_for(leg, Acked)
        await alice.hang_up()
        await wait_for(leg, HungUp)
        await alice.dial(f"sip:bob@{LOOPBACK}:{endpoint.local[1]}")
        second = await arrived.get()
        second.ring()
        await alice.wait_for("CALL_RINGING")
        await alice.hang_up()
        await wait_for(second, Cancelled)


async def test_baresip_is_called_and_we_hang_up() -> None:
    async with softphone(user="bob", answers="auto") as bob, opened(refuse) as endpoint:
        leg = endpoint.call(bob.uri, to=bob.uri, caller="sip:us@127.0.0.1", sdp=SDP)
        answered = await wait_for(leg, Answered)
        assert isinstance(answered, Answered)
        assert b"m=audio" in (answered.sdp or b"")
        leg.hangup(reason="Q.850;cause=16")
        await bob.wait_for("CALL_CLOSED")


@pytest.mark.parametrize("transport", ["tcp", "tls"])
async def test_baresip_calls_by_a_connection(transport: str, tmp_path: Path) -> None:
    arrived: asyncio.Queue[IncomingLeg] = asyncio.Queue()
    certificate, key = Authority(tmp_path).issue(LOOPBACK)
    listening = Listening(tcp=(LOOPBACK, 0), tls=(LOOPBACK, 0), files=TlsFiles(certificate, key))
    endpoint = await SipEndpoint.open(LOOPBACK, 0, on_call=arrived.put_nowait, listening=listening)
    async with softphone(user="alice") as alice:
        await alice.dial(f"sip:bob@{LOOPBACK}:{endpoint.ports[transport]};transport={transport}")
        leg = await arrived.get()
        assert leg.source.transport == transport
        leg.ring()
        leg.answer(SDP)
        await wait_for(leg, Acked)
        await alice.wait_for("CALL_ESTABLISHED")
        # Our BYE takes the connection that the phone keeps open.
        leg.hangup()
        await alice.wait_for("CALL_CLOSED")
        assert endpoint.counters.refused == {}
        await endpoint.close(grace=0.5)
