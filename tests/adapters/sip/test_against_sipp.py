"""SIPp, a stack that is not ours, in both roles against the endpoint."""

import asyncio

import pytest

from opentact.adapters.sip.endpoint import SipEndpoint
from opentact.adapters.sip.legs import IncomingLeg, OutgoingLeg
from opentact.voice.sip.effects import Answered, HungUp, LegEvent
from support.peers import LOOPBACK
from support.sipp import run_sipp, sipp_server

SDP = (
    b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    b"m=audio 20000 RTP/AVP 0\r\n"
)

pytestmark = pytest.mark.e2e


async def test_sipp_calls_us() -> None:
    legs: list[IncomingLeg] = []

    def on_call(leg: IncomingLeg) -> None:
        legs.append(leg)
        leg.ring()
        leg.answer(SDP)

    endpoint = await SipEndpoint.open(LOOPBACK, 0, on_call=on_call)
    target = f"{LOOPBACK}:{endpoint.local[1]}"
    result = await run_sipp("uac", target, calls=100, rate=200, hold_ms=20)
    assert (result.successful, result.failed, result.unexpected) == (100, 0, 0)
    assert len(legs) == 100
    assert endpoint.snapshot()["dialogs"] == []
    await endpoint.close()


async def test_we_call_sipp() -> None:
    async def talk(leg: OutgoingLeg) -> LegEvent:
        async with asyncio.timeout(10):
            while not isinstance(event := await leg.events.get(), Answered | HungUp):
                pass
        leg.hangup()
        return event

    endpoint = await SipEndpoint.open(LOOPBACK, 0, on_call=lambda leg: leg.reject(603))
    async with sipp_server("uas") as server:
        uri = f"sip:service@{server.address}"
        legs = [endpoint.call(uri, to=uri, caller="sip:us@127.0.0.1", sdp=SDP) for _ in range(50)]
        events = await asyncio.gather(*map(talk, legs))
        await endpoint.close()
    assert all(isinstance(event, Answered) for event in events)
    assert server.result is not None
    assert (server.result.successful, server.result.failed) == (50, 0)
