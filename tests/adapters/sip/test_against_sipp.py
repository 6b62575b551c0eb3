"""SIPp, a stack that is not ours, in both roles against the endpoint."""

import asyncio

import pytest

from opentact.adapters.sip.endpoint import SipEndpoint
from opentact.adapters.sip.legs import IncomingLeg, OutgoingLeg
from opentact.adapters.sip.sockets import Listening
from opentact.voice.sip.effects import Answered, HungUp, LegEvent
from support.peers import LOOPBACK
from support.sipp import run_sipp, sipp_server

SDP = (
    b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    b"m=audio 20000 RTP/AVP 0\r\n"
)

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("transport", ["u1", "t1", "tn"])
async def test_sipp_calls_us(transport: str) -> None:
    """By UDP, over one TCP connection, and over one for each call."""
    legs: list[IncomingLeg] = []

    def on_call(leg: IncomingLeg) -> None:
        legs.append(leg)
        leg.ring()
        leg.answer(SDP)

    endpoint = await SipEndpoint.open(
        LOOPBACK, 0, on_call=on_call, listening=Listening(tcp=(LOOPBACK, 0))
    )
    port = endpoint.local.port if transport == "u1" else endpoint.ports["tcp"]
    result = await run_sipp(
        "uac", f"{LOOPBACK}:{port}", calls=100, rate=200, hold_ms=20, transport=transport
    )
    assert (result.successful, result.failed, result.unexpected) == (100, 0, 0)
    assert len(legs) == 100
    assert {leg.transport for leg in legs} == {"udp" if transport == "u1" else "tcp"}
    assert endpoint.snapshot()["dialogs"] == []
    await endpoint.close()


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_we_call_sipp(transport: str) -> None:
    async def talk(leg: OutgoingLeg) -> LegEvent:
        async with asyncio.timeout(10):
            while not isinstance(event := await leg.events.get(), Answered | HungUp):
                pass
        leg.hangup()
        return event

    endpoint = await SipEndpoint.open(LOOPBACK, 0, on_call=lambda leg: leg.reject(603))
    over = "u1" if transport == "udp" else "t1"
    async with sipp_server("uas", transport=over) as server:
        uri = f"sip:service@{server.address};transport={transport}"
        legs = [endpoint.call(uri, to=uri, caller="sip:us@127.0.0.1", sdp=SDP) for _ in range(50)]
        events = await asyncio.gather(*map(talk, legs))
    # Only now: SIPp counts calls as failed whose connection ends before it has wound up.
    await endpoint.close()
    assert all(isinstance(event, Answered) for event in events)
    assert server.result is not None
    assert (server.result.successful, server.result.failed) == (50, 0), server.result.errors
