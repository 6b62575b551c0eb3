"""What may happen within a call, with SIPp at the other end: glare, hold, session timers, size."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from opentact.adapters.sip.endpoint import SipEndpoint
from opentact.adapters.sip.legs import IncomingLeg, Leg, OutgoingLeg
from opentact.adapters.sip.sockets import Listening
from opentact.voice.sip.effects import (
    ENDS,
    Acked,
    Answered,
    Expired,
    HungUp,
    LegEvent,
    Reanswered,
    Reoffered,
)
from opentact.voice.sip.machine import Address
from opentact.voice.sip.session_timer import Policy
from support.peers import LOOPBACK
from support.sipp import SippResult, SippServer, run_sipp, sipp_server

SDP = (
    b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    b"m=audio 20000 RTP/AVP 0\r\n"
)
ON_HOLD = SDP + b"a=sendonly\r\n"
RESUMED = SDP + b"a=sendrecv\r\n"
BRIEF = Policy(seconds=4, least=2)  # RFC 4028 allows no less than 90 s: too long for a test


class Edge:
    """An endpoint, and by which transport its messages went."""

    def __init__(self) -> None:
        self.endpoint: SipEndpoint
        self.calls: asyncio.Queue[IncomingLeg] = asyncio.Queue()
        self.sent: list[tuple[str, str]] = []

    def note(self, way: str, data: bytes, peer: Address, _call: str) -> None:
        if way == "out":
            self.sent.append((data.split(b" ", 1)[0].decode(), peer.transport))

    @property
    def place(self) -> str:
        return f"{LOOPBACK}:{self.endpoint.local[1]}"

    def call(self, server: SippServer, sdp: bytes = SDP) -> OutgoingLeg:
        uri = f"sip:service@{server.address}"
        return self.endpoint.call(uri, to=uri, caller=f"sip:us@{LOOPBACK}", sdp=sdp)

    async def nothing_left(self) -> None:
        async with asyncio.timeout(10):
            while self.endpoint.snapshot()["dialogs"]:  # noqa: ASYNC110 - timers of the protocol
                await asyncio.sleep(0.05)


@asynccontextmanager
async def edge(session: Policy | None = None, *, tcp: bool = False) -> AsyncIterator[Edge]:
    made = Edge()
    made.endpoint = await SipEndpoint.open(
        LOOPBACK,
        0,
        on_call=made.calls.put_nowait,
        on_message=made.note,
        listening=Listening(tcp=(LOOPBACK, 0)) if tcp else None,
    )
    made.endpoint._agent.core.session = session or Policy()
    try:
        yield made
    finally:
        await made.endpoint.close()


async def follow(leg: Leg, enough: Callable[[list[LegEvent]], bool]) -> list[LegEvent]:
    """Follow a call until there is enough of it; what the other side proposes is accepted."""
    heard: list[LegEvent] = []
    async with asyncio.timeout(20):
        while not enough(heard) and not (heard and isinstance(heard[-1], ENDS)):
            heard.append(event := await leg.events.get())
            if isinstance(event, Reoffered):
                leg.reanswer(SDP)
    return heard


def kinds(*wanted: type[LegEvent]) -> Callable[[list[LegEvent]], bool]:
    return lambda heard: all(any(isinstance(each, kind) for each in heard) for kind in wanted)


def went_well(result: SippResult | None) -> bool:
    assert result is not None
    assert (result.successful, result.failed) == (1, 0), result.errors
    return True


async def test_proposals_that_cross_are_both_tried_again_when_we_call() -> None:
    async with edge() as ours, sipp_server("glare_callee") as server:
        leg = ours.call(server)
        await follow(leg, kinds(Answered))
        leg.reoffer(SDP)
        heard = await follow(leg, kinds(Reoffered, Reanswered))
        # RFC 3261 14.1: who made the Call-ID, which is us, waits for 2.1 to 4 s, the other less.
        assert [type(each) for each in heard if not isinstance(each, Acked)] == [
            Reoffered,
            Reanswered,
        ]
        leg.hangup()
        await ours.nothing_left()
    assert went_well(server.result)


async def test_proposals_that_cross_are_both_tried_again_when_we_are_called() -> None:
    async with edge() as ours:
        running = asyncio.create_task(run_sipp("glare_caller", ours.place))
        leg = await ours.calls.get()
        leg.answer(SDP)
        await follow(leg, kinds(Acked))
        leg.reoffer(SDP)
        heard = await follow(leg, kinds(HungUp))
        order = [type(each) for each in heard if isinstance(each, Reoffered | Reanswered)]
        assert order == [Reanswered, Reoffered]
        assert went_well(await running)
        await ours.nothing_left()


async def test_we_hold_and_take_back_whom_we_called() -> None:
    async with edge() as ours, sipp_server("held_callee") as server:
        leg = ours.call(server)
        await follow(leg, kinds(Answered))
        told = []
        for sdp in (ON_HOLD, RESUMED):
            leg.reoffer(sdp)
            told += await follow(leg, kinds(Reanswered))
        answers = [each.sdp or b"" for each in told if isinstance(each, Reanswered)]
        assert [b"recvonly" in each for each in answers] == [True, False]
        leg.hangup()
        await ours.nothing_left()
    assert went_well(server.result)


async def test_a_session_is_refreshed_by_us_for_as_long_as_it_lasts() -> None:
    async with edge(BRIEF) as ours, sipp_server("refreshed_callee") as server:
        began = asyncio.get_running_loop().time()
        heard = await follow(ours.call(server), kinds(HungUp))
        # Half of each session's four seconds, twice: it has outlived its first end.
        assert asyncio.get_running_loop().time() - began > 3.9
        assert not [each for each in heard if isinstance(each, Expired)]
        await ours.nothing_left()
    assert went_well(server.result)


async def test_a_callee_refreshes_by_reinvite_whom_knows_no_update() -> None:
    async with edge(BRIEF) as ours:
        running = asyncio.create_task(run_sipp("refreshed_caller", ours.place))
        leg = await ours.calls.get()
        leg.answer(SDP)
        await follow(leg, kinds(HungUp))
        assert went_well(await running)
        assert ("UPDATE", "udp") not in ours.sent
        await ours.nothing_left()


async def test_whoever_does_not_refresh_is_hung_up_on_when_we_call() -> None:
    async with edge(BRIEF) as ours, sipp_server("vanished_callee") as server:
        *_, end = await follow(ours.call(server), kinds(Expired))
        assert end == Expired("the session timer ran out")
        await ours.nothing_left()
    assert went_well(server.result)


async def test_whoever_does_not_refresh_is_hung_up_on_when_we_are_called() -> None:
    async with edge(BRIEF) as ours:
        running = asyncio.create_task(run_sipp("vanished_caller", ours.place))
        leg = await ours.calls.get()
        leg.answer(SDP)
        *_, end = await follow(leg, kinds(Expired))
        assert end == Expired("the session timer ran out")
        assert went_well(await running)
        await ours.nothing_left()


@pytest.mark.parametrize(("listens", "went"), [("t1", "tcp"), ("u1", "udp")])
async def test_an_invite_too_large_for_udp_goes_by_tcp_to_who_has_it(
    listens: str, went: str
) -> None:
    large = SDP + b"".join(b"a=x-padding-%d:%s\r\n" % (n, b"x" * 80) for n in range(20))
    async with edge(tcp=True) as ours, sipp_server("callee", transport=listens) as server:
        leg = ours.call(server, large)
        await follow(leg, kinds(Answered))
        leg.hangup()
        await ours.nothing_left()
        assert [by for word, by in ours.sent if word == "INVITE"][-1] == went
    assert went_well(server.result)
