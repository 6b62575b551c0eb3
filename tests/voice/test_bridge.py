import asyncio
from typing import Any
from unittest.mock import Mock

import pytest

from opentact.voice import causes
from opentact.voice.bridge import NO_ANSWER_S
from opentact.voice.calls import Direction
from opentact.voice.causes import Cause
from opentact.voice.media import MediaGone, RtpTimeout
from opentact.voice.sip.effects import Expired, Reanswered, ReofferRefused
from opentact.voice.testing import OFFER
from support.bridged import HELD, LIFE, Bridged
from support.virtual_time import passes, play, settle, virtually


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
    one.book.hurry = lambda *_: stored  # type: ignore[method-assign]
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
