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
    result = await run_sipp(scenario, target, calls=CALLS, rate=40, timeout=50, patient=bool(share))
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


async def nothing_left(endpoint: SipEndpoint) -> None:
    """Wait until every call is over for us too."""
    async with asyncio.timeout(45):
        while endpoint.snapshot()["dialogs"]:  # noqa: ASYNC110 - timers of the protocol
            await asyncio.sleep(0.1)


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
    async with sipp_server(scenario, patient=bool(share)) as server:
        uri = f"sip:service@{server.address}"
        legs = [
            endpoint.call(uri, to=uri, caller="sip:us@127.0.0.1", sdp=SDP, credentials=BOB)
            for _ in range(CALLS)
        ]
        heard = await asyncio.gather(*(talk(leg, enough) for leg in legs))
        # SIPp forgets a call with its 200 to our BYE; one that was lost costs us timer F.
        await nothing_left(endpoint)
        await endpoint.close()
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
    # Where an ACK was lost SIPp is stopped before it repeats itself; we heard all the same.
    assert result.failed == 0 or share, result.errors
    for (refused,) in heard:
        assert isinstance(refused, Refused)
        assert refused.status == 302
        assert [uri.partition("@")[0] for uri in refused.contacts] == ["sip:first", "sip:second"]


async def test_over_a_rough_network_no_call_fails_in_either_role() -> None:
    ours = {
        "prack_callee": is_answer,
        "challenging_callee": is_answer,
        "reinviting_callee": is_second_ack,
    }
    calling = [call_us(name, 0.08) for name in ("uac", "prack_caller", "updating_caller")]
    called = [call_sipp(name, 0.08, enough) for name, enough in ours.items()]
    # Side by side: each waits for timers of the protocol.
    of_sipp, of_ours = await asyncio.gather(asyncio.gather(*calling), asyncio.gather(*called))
    for result, callee, endpoint in of_sipp:
        assert (result.successful, result.failed) == (CALLS, 0), result.errors
        assert len(callee.talks) == CALLS
        await nothing_left(endpoint)
        await endpoint.close()
    for result, heard in of_ours:
        assert (result.successful, result.failed) == (CALLS, 0), result.errors
        for events in heard:
            assert len([one for one in events if isinstance(one, Answered)]) == 1
