"""Dialogs with SIPp at the other end, in both roles, over a good and over a rough network."""

import asyncio
from collections.abc import Callable

import pytest

from opentact.adapters.sip.endpoint import SipEndpoint
from opentact.adapters.sip.legs import IncomingLeg, OutgoingLeg
from opentact.voice.sip.digest import Credentials
from opentact.voice.sip.effects import (
    ENDS,
    Acked,
    Answered,
    LegEvent,
    Progressed,
    Refused,
    Reoffered,
)
from support.peers import LOOPBACK
from support.rough_network import RoughNetwork
from support.sipp import SippResult, run_sipp, sipp_server

SDP = (
    b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    b"m=audio 20000 RTP/AVP 0\r\n"
)
BOB = Credentials("bob", "secret")
CALLS = 20

pytestmark = pytest.mark.e2e


class Callee:
    """Takes calls: early media, an answer, and yes to every proposal."""

    def __init__(self) -> None:
        self.heard: list[LegEvent] = []
        self.talks: list[asyncio.Task[None]] = []

    def __call__(self, leg: IncomingLeg) -> None:
        leg.ring(SDP, 183)
        leg.answer(SDP)
        self.talks.append(asyncio.create_task(self._talk(leg)))

    async def _talk(self, leg: IncomingLeg) -> None:
        while not isinstance(event := await leg.events.get(), ENDS):
            self.heard.append(event)
            if isinstance(event, Reoffered):
                leg.reanswer(SDP)


async def call_us(scenario: str, share: float) -> tuple[SippResult, Callee, SipEndpoint]:
    callee = Callee()
    endpoint = await SipEndpoint.open(LOOPBACK, 0, on_call=callee)
    network = RoughNetwork(share, seed=11)
    network.surround(endpoint)
    target = f"{LOOPBACK}:{endpoint.local[1]}"
    result = await run_sipp(scenario, target, calls=CALLS, rate=40, timeout=50)
    async with asyncio.timeout(40):
        await asyncio.gather(*callee.talks)
    assert (network.lost and network.doubled and network.swapped) or not share
    return result, callee, endpoint


@pytest.mark.parametrize("scenario", ["prack_caller", "updating_caller"])
async def test_sipp_calls_us(scenario: str) -> None:
    result, callee, endpoint = await call_us(scenario, 0.0)
    assert (result.successful, result.failed) == (CALLS, 0), result.errors
    assert endpoint.snapshot()["dialogs"] == []
    if scenario == "updating_caller":
        assert len([one for one in callee.heard if isinstance(one, Reoffered)]) == CALLS
    await endpoint.close()


async def talk(leg: OutgoingLeg, enough: Callable[[LegEvent], bool]) -> list[LegEvent]:
    """Follow a call until there is enough of it, then hang up."""
    heard: list[LegEvent] = []
    async with asyncio.timeout(40):
        while True:
            heard.append(event := await leg.events.get())
            if isinstance(event, Reoffered):
                leg.reanswer(SDP)
            if enough(event) or isinstance(event, ENDS):
                break
    await asyncio.sleep(0)
    leg.hangup()
    return heard


async def call_sipp(
    scenario: str, share: float, enough: Callable[[LegEvent], bool]
) -> tuple[SippResult, list[list[LegEvent]]]:
    endpoint = await SipEndpoint.open(LOOPBACK, 0, on_call=lambda leg: leg.reject(603))
    RoughNetwork(share, seed=7).surround(endpoint)
    async with sipp_server(scenario) as server:
        uri = f"sip:service@{server.address}"
        legs = [
            endpoint.call(uri, to=uri, caller="sip:us@127.0.0.1", sdp=SDP, credentials=BOB)
            for _ in range(CALLS)
        ]
        heard = await asyncio.gather(*(talk(leg, enough) for leg in legs))
        await endpoint.close(grace=20)
        assert endpoint.snapshot()["dialogs"] == []
    assert server.result is not None
    return server.result, list(heard)


def is_answer(event: LegEvent) -> bool:
    return isinstance(event, Answered)


def is_second_ack(event: LegEvent) -> bool:
    return isinstance(event, Acked) and event.again


@pytest.mark.parametrize(
    ("scenario", "enough"),
    [
        ("prack_callee", is_answer),
        ("challenging_callee", is_answer),
        ("reinviting_callee", is_second_ack),
    ],
)
async def test_we_call_sipp(scenario: str, enough: Callable[[LegEvent], bool]) -> None:
    result, heard = await call_sipp(scenario, 0.0, enough)
    assert (result.successful, result.failed) == (CALLS, 0), result.errors
    for events in heard:
        assert len([one for one in events if isinstance(one, Answered)]) == 1
        if scenario == "prack_callee":
            assert isinstance(events[0], Progressed)
            assert events[0].sdp


@pytest.mark.parametrize("share", [0.0, 0.08], ids=["good", "rough"])
async def test_sipp_sends_us_elsewhere(share: float) -> None:
    result, heard = await call_sipp("redirecting_callee", share, lambda _: False)
    # Over the rough network SIPp takes a doubled ACK amiss; we hear of every call all the same.
    assert result.failed == 0 or share, result.errors
    for (refused,) in heard:
        assert isinstance(refused, Refused)
        assert refused.status == 302
        assert [uri.partition("@")[0] for uri in refused.contacts] == ["sip:first", "sip:second"]


async def test_over_a_rough_network_every_answered_call_ends_and_nothing_is_left() -> None:
    result, callee, endpoint = await call_us("uac", 0.08)
    # SIPp aborts some of its calls over what a network may do; ours end with all of them.
    assert result.successful > CALLS / 2, result.errors
    assert len(callee.talks) >= result.successful
    assert endpoint.snapshot()["dialogs"] == []
    await endpoint.close()
