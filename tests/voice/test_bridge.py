import asyncio
from collections.abc import Callable
from typing import Any
from unittest.mock import Mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opentact.billing.rating import Rate
from opentact.kit.money import ZERO
from opentact.voice import causes
from opentact.voice.bridge import NO_ANSWER_S, Bridge, BridgeDesk
from opentact.voice.bridge_media import BridgeMedia, Bypass, Proxy
from opentact.voice.call_events import CallCard
from opentact.voice.calls import CallState, Direction
from opentact.voice.cards import Cards
from opentact.voice.causes import Cause
from opentact.voice.cdr import Cdr
from opentact.voice.dialling import CalledLeg, Fork
from opentact.voice.media import MediaGone, RtpTimeout
from opentact.voice.sip.effects import Expired, Reanswered, ReofferRefused
from opentact.voice.testing import OFFER, PaperLeg, PaperMedia
from opentact.voice.testing_legs import PaperCallee, PaperDialler
from support.phone import OpenBook, account
from support.virtual_time import LoopClock, passes, play, settle, virtually

HELD = OFFER + b"a=sendonly\r\n"
LIFE = ["init", "ringing", "live", "bridged", "hangup", "destroyed"]


class Held:
    """A ticket that counts how often it was closed."""

    def __init__(self) -> None:
        self.closed = 0
        self.end: Any = None

    def answered(self, end: Any) -> None:
        self.end = end

    def close(self) -> None:
        self.closed += 1


class Bridged:
    """A bridge of paper: a caller, and callees of which the first to answer wins."""

    def __init__(self, offer: bytes | None = OFFER) -> None:
        self.leg = PaperLeg(offer=offer)
        self.dialler = PaperDialler()
        self.book = OpenBook()
        self.told: list[int | None] = []
        self.ticket = Held()
        self.tasks: set[asyncio.Task[None]] = set()
        self.media = PaperMedia()
        self.closed = 0

    async def begin(self, *stages: str, proxy: bool = False) -> "Bridged":
        cards = Cards(LoopClock(), "test")
        self.incoming = cards.received(self.leg, account(), bridged=True)
        self.outgoing = cards.sent(self.incoming, "alice", "bob", user=None)
        clock, rate = LoopClock(), Rate(ZERO)
        desk = BridgeDesk(
            self.book, self._dial, lambda _, status: self.told.append(status), self._spawn
        )
        media = await self._media() if proxy else Bypass(self.leg.offer or b"")
        self.bridge = Bridge(
            self.leg,
            Cdr(self.incoming, rate, self.book, clock),
            Cdr(self.outgoing, rate, self.book, clock),
            media,
            [self.ticket],
            desk,
            hops=69,
        )
        self.bridge.on_closed = self._gone
        if isinstance(media, Proxy):
            media.listen(self.bridge.on_media)
        made = [[Fork(f"sip:{one}@x", "<sip:x>", "<sip:y>") for one in each] for each in stages]
        self.bridge.start(made or [[Fork("sip:b@x", "<sip:x>", "<sip:y>")]])
        await settle()
        return self

    async def _media(self) -> BridgeMedia:
        legs = [await self.media.open(card.call.uuid, "192.0.2.1") for card in self.cards]
        legs[1].port = 30_000
        return Proxy(legs[0], legs[1], self.leg.offer)

    def _dial(self, fork: Fork, sdp: bytes, *, hops: int) -> CalledLeg:
        return self.dialler.call(fork.target, sdp=sdp, hops=hops)

    def _spawn(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self.tasks.add(task)

    def _gone(self) -> None:
        self.closed += 1

    @property
    def cards(self) -> tuple[CallCard, CallCard]:
        return self.incoming, self.outgoing

    @property
    def callee(self) -> PaperCallee:
        return self.dialler.legs[-1]

    def life(self, card: CallCard) -> list[str]:
        told = (f for f in self.book.log.frames if f["type"] == "call_state")
        return [f["payload"]["state"] for f in told if f["ref_id"] == str(card.call.uuid)]

    def lose_media(self) -> None:
        for leg in self.media.legs:
            leg.dies()

    async def up(self) -> "Bridged":
        self.callee.rings()
        self.callee.answers()
        await settle()
        assert self.leg.state == "up"
        return self

    async def over(self) -> "Bridged":
        await settle()
        while self.tasks:
            await self.tasks.pop()
        await self.book.close()
        return self

    def ends(self, cause: Cause) -> bool:
        return all(card.call.cause == cause.name for card in self.cards)


@virtually
async def test_a_call_rings_is_answered_talks_and_ends_on_both_legs() -> None:
    one = await (await Bridged().begin()).up()
    assert one.leg.sent == [(180,), (200, OFFER)]
    one.leg.hangs_up()
    await one.over()
    assert one.callee.sent == [("BYE",)]
    assert one.ends(causes.CALLER_HUNG_UP)
    assert [one.life(card) for card in one.cards] == [LIFE, LIFE]
    incoming, outgoing = (card.call for card in one.cards)
    assert (incoming.direction, outgoing.direction) == (Direction.IN, Direction.OUT)
    assert outgoing.parent_uuid == outgoing.peer_uuid == incoming.uuid
    assert incoming.peer_uuid == outgoing.uuid
    assert outgoing.sip_call_id == one.callee.call_id
    assert (one.ticket.closed, one.closed) == (1, 1)


@virtually
async def test_descriptions_pass_by_untouched_and_the_hops_go_down() -> None:
    one = await Bridged(HELD).begin()
    assert one.callee.sdp == HELD
    assert one.callee.how["hops"] == 69
    one.callee.rings(183, OFFER)
    assert one.leg.sent == [(183, OFFER)]
    one.callee.answers(None)
    await settle()
    assert one.leg.sent[-1] == (200, OFFER)


@virtually
async def test_the_reason_of_who_hangs_up_is_passed_on() -> None:
    one = await (await Bridged().begin()).up()
    one.callee.hangs_up("Q.850;cause=31")
    await one.over()
    assert one.leg.sent[-1] == ("BYE",)
    assert one.leg.reason == "Q.850;cause=31"
    assert one.ends(causes.CALLEE_HUNG_UP)


@virtually
async def test_a_caller_who_gives_up_stops_the_ringing() -> None:
    one = await Bridged().begin("bc")
    one.dialler.legs[0].rings()
    one.leg.cancels()
    await one.over()
    assert [leg.sent for leg in one.dialler.legs] == [[("CANCEL",)]] * 2
    assert one.ends(causes.CALLER_CANCELLED)
    assert one.life(one.outgoing) == ["init", "ringing", "hangup", "destroyed"]
    assert one.ticket.closed == 1


@pytest.mark.parametrize(
    ("status", "passed", "cause"),
    [
        (486, 486, "busy"),
        (603, 603, "declined"),
        (480, 480, "unavailable"),
        (404, 404, "sip_404"),
        (407, 503, "sip_407"),
        (302, 503, "sip_302"),
    ],
)
def test_a_refusal_is_passed_on_as_far_as_it_is_the_callers_business(
    status: int, passed: int, cause: str
) -> None:
    async def refuse() -> None:
        one = await Bridged().begin()
        one.callee.refuses(status, "SIP;cause=999")
        await one.over()
        assert (one.leg.status, one.leg.reason) == (passed, "SIP;cause=999")
        assert [card.call.cause for card in one.cards] == [cause, cause]
        assert one.told == [status]

    play(refuse())


@virtually
async def test_nobody_who_replies_and_nobody_who_answers_are_told_apart() -> None:
    silent = await Bridged().begin()
    silent.callee.is_silent()
    await silent.over()
    assert silent.ends(causes.NO_REPLY)
    ringing = await Bridged().begin()
    ringing.callee.rings()
    await passes(NO_ANSWER_S + 1)
    await ringing.over()
    assert ringing.ends(causes.NO_ANSWER)
    assert ringing.callee.sent == [("CANCEL",)]
    assert ringing.leg.status == 480


@virtually
async def test_the_caller_is_answered_only_once_the_call_is_stored() -> None:
    one = Bridged()
    stored: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    one.book.pending = lambda: stored  # type: ignore[method-assign]
    await one.begin()
    one.callee.answers()
    await settle()
    assert one.leg.status is None
    stored.set_result(None)
    await settle()
    assert one.leg.status == 200


@virtually
async def test_a_call_that_could_not_be_stored_is_not_answered() -> None:
    one = await Bridged().begin()
    one.incoming.lost = OSError("disk full")
    one.callee.answers()
    await one.over()
    assert one.leg.status == 500
    assert one.callee.sent == [("BYE",)]
    assert one.ends(causes.INTERNAL)


@virtually
async def test_hold_and_resume_pass_through_from_either_side() -> None:
    one = await (await Bridged().begin()).up()
    one.leg.reoffers(HELD)
    assert one.callee.sent == [("reoffer", HELD)]
    one.callee.reanswers(OFFER)
    assert one.leg.sent[-1] == ("reanswer", OFFER)
    one.callee.reoffers(OFFER)
    assert one.leg.sent[-1] == ("reoffer", OFFER)
    one.leg.tell(Reanswered(HELD))
    assert one.callee.sent[-1] == ("reanswer", HELD)
    one.callee.reoffers(OFFER)
    one.leg.tell(ReofferRefused(491))
    assert one.callee.sent[-1:] == [("refuse_reoffer", 491)]
    assert one.bridge.over is None


@virtually
async def test_who_wants_an_offer_gets_the_other_ends_own() -> None:
    one = await (await Bridged().begin()).up()
    one.leg.reoffers(None)
    assert one.callee.sent == [("reoffer", None)]
    one.callee.reanswers(HELD)
    assert one.leg.sent[-1] == ("reanswer", HELD)
    one.leg.acks(OFFER, again=True)
    assert one.callee.sent[-1] == ("acknowledge", OFFER)


@virtually
async def test_a_reoffer_before_the_answer_is_put_off() -> None:
    one = await Bridged().begin()
    one.leg.state = "up"
    one.leg.reoffers(OFFER)
    assert one.leg.sent == [("refuse_reoffer", 491)]


@virtually
async def test_a_proxied_call_is_heard_here_and_its_figures_are_kept() -> None:
    one = await (await Bridged().begin(proxy=True)).up()
    caller, callee = one.media.legs
    assert b"m=audio 30000" in one.callee.sdp
    assert caller.connected is not None
    assert callee.connected is not None
    assert caller.bridged is callee
    one.leg.reoffers(HELD)
    [(_, proposal)] = one.callee.sent
    assert b"a=sendonly" in proposal
    one.callee.reanswers(OFFER + b"a=recvonly\r\n")
    assert one.leg.sent[-1][0] == "reanswer"
    assert caller.connected.direction == "recvonly"
    one.callee.hangs_up()
    await one.over()
    assert [card.call.media["packets_sent"] for card in one.cards] == [50, 50]
    assert caller.closed
    assert callee.closed


@pytest.mark.parametrize(
    ("event", "cause"),
    [(RtpTimeout(60.0), causes.NO_RTP), (MediaGone("died"), causes.MEDIA_GONE)],
)
def test_a_proxied_call_ends_with_its_media(event: Any, cause: Cause) -> None:
    async def end() -> None:
        one = await (await Bridged().begin(proxy=True)).up()
        one.media.legs[1].events.put_nowait(event)
        await one.over()
        assert one.ends(cause)
        assert (one.leg.sent[-1], one.callee.sent[-1]) == (("BYE",), ("BYE",))

    play(end())


@virtually
async def test_a_caller_without_an_offer_is_offered_ours() -> None:
    one = await (await Bridged(None).begin(proxy=True)).up()
    status, offer = one.leg.sent[-1]
    assert status == 200
    assert b"m=audio 20000" in offer
    one.leg.acks(OFFER)
    assert one.media.legs[0].bridged is one.media.legs[1]
    one.leg.acks(b"garbage", again=True)
    await one.over()
    assert one.ends(causes.NO_COMMON_CODEC)


@virtually
async def test_an_answer_that_leaves_no_codec_ends_both() -> None:
    one = await Bridged().begin(proxy=True)
    one.callee.answers(OFFER.replace(b"RTP/AVP 0 101", b"RTP/AVP 9"))
    await one.over()
    assert one.callee.sent == [("BYE",)]
    assert one.leg.status == 488
    assert one.ends(causes.MEDIA_REFUSED)


@virtually
async def test_credit_that_ends_cuts_the_call() -> None:
    one = await (await Bridged().begin()).up()
    one.ticket.end(causes.CREDIT_USED_UP)
    await one.over()
    assert one.ends(causes.CREDIT_USED_UP)
    assert (one.leg.sent[-1], one.callee.sent[-1]) == (("BYE",), ("BYE",))


@virtually
async def test_a_peer_that_is_gone_ends_the_call_and_says_why() -> None:
    one = await (await Bridged().begin()).up()
    one.leg.tell(Expired("session timer"))
    await one.over()
    assert one.ends(causes.PEER_GONE)
    assert "session timer" in (one.incoming.call.reason or "")


@virtually
async def test_a_bug_in_one_call_ends_it_and_nothing_else() -> None:
    one = await (await Bridged().begin()).up()
    one.callee.reoffer = Mock(side_effect=ZeroDivisionError)  # type: ignore[method-assign]
    one.leg.reoffers(OFFER)
    await one.over()
    assert one.ends(causes.INTERNAL)


DEEDS: dict[str, Callable[[Bridged], object]] = {
    "caller cancels": lambda one: one.leg.cancels(),
    "caller hangs up": lambda one: one.leg.hangs_up(),
    "caller never acks": lambda one: one.leg.never_acks(),
    "caller holds": lambda one: one.leg.reoffers(HELD),
    "first rings": lambda one: one.dialler.legs[0].rings(),
    "first plays": lambda one: one.dialler.legs[0].rings(183, OFFER),
    "first answers": lambda one: one.dialler.legs[0].answers(),
    "first answers badly": lambda one: one.dialler.legs[0].answers(b"garbage"),
    "first is busy": lambda one: one.dialler.legs[0].refuses(486),
    "first fails": lambda one: one.dialler.legs[0].refuses(503),
    "last rings": lambda one: one.callee.rings(),
    "last answers": lambda one: one.callee.answers(),
    "last is silent": lambda one: one.callee.is_silent(),
    "last hangs up": lambda one: one.callee.hangs_up(),
    "last reanswers": lambda one: one.callee.reanswers(),
    "the API hangs up": lambda one: one.bridge.end(causes.API_HUNG_UP),
    "the media die": lambda one: one.lose_media(),
}


@settings(max_examples=150, deadline=None)
@given(
    deeds=st.lists(st.sampled_from(sorted(DEEDS)) | st.floats(0.1, 200.0), max_size=12),
    proxy=st.booleans(),
    stages=st.sampled_from((("b",), ("bc",), ("b", "c"), ("bc", "d"))),
)
def test_whatever_happens_both_records_end_once(
    deeds: list[Any],
    proxy: bool,  # noqa: FBT001 - drawn
    stages: tuple[str, ...],
) -> None:
    async def live() -> None:
        one = await Bridged().begin(*stages, proxy=proxy)
        for deed in deeds:
            if isinstance(deed, float):
                await passes(deed)
            else:
                DEEDS[deed](one)
            await settle(5)
        one.bridge.end(causes.SERVER_STOPPED)
        await one.over()
        for card in one.cards:
            life = one.life(card)
            assert life == [state for state in LIFE if state in life]
            assert life[-2:] == ["hangup", "destroyed"]
            assert card.call.state is CallState.DESTROYED
            assert card.call.cause
        assert one.incoming.call.cause == one.outgoing.call.cause
        assert (one.ticket.closed, one.closed) == (1, 1)
        assert one.leg.state == "over"
        assert all(leg.state == "over" for leg in one.dialler.legs)
        finals = [each for each in one.leg.sent if each[0] in range(200, 700)]
        assert len(finals) <= 1
        assert all(leg.closed for leg in one.media.legs)

    play(live())
