import pytest

from opentact.voice.house import HOUSE, HouseCallee, HouseCaller, house_call
from opentact.voice.sip.effects import (
    Acked,
    Answered,
    Cancelled,
    HungUp,
    InfoReceived,
    LegEvent,
    Progressed,
    Reanswered,
    Refused,
    Reoffered,
    ReofferRefused,
)
from support.virtual_time import settle, virtually

OFFER, ANSWER = b"offer", b"answer"


class Pair:
    """Both ends, and what each was told."""

    def __init__(self) -> None:
        self.ours, self.theirs = ends()
        self.we: list[LegEvent] = []
        self.they: list[LegEvent] = []
        self.ours.listen(self.we.append)
        self.theirs.listen(self.they.append)

    async def up(self) -> "Pair":
        self.theirs.answer(ANSWER)
        await settle()
        self.we.clear()
        self.they.clear()
        return self


def ends() -> tuple[HouseCaller, HouseCallee]:
    to = "sip:+12025550100@192.0.2.2"
    return house_call(to, f"<{to}>", "<sip:+12025550199@192.0.2.2>", OFFER, 12)


@virtually
async def test_the_incoming_end_looks_like_any_received_call() -> None:
    ours, theirs = ends()
    assert (theirs.caller, theirs.called) == ("+12025550199", "+12025550100")
    assert (theirs.offer, theirs.hops_left, theirs.source) == (OFFER, 12, HOUSE)
    assert theirs.request.method == "INVITE"
    assert ours.call_id == theirs.call_id
    assert (ours.destination, ours.alive) == (HOUSE, True)


@virtually
async def test_ringing_and_an_answer_are_told_in_their_order() -> None:
    pair = Pair()
    pair.theirs.ring()
    pair.theirs.ring(ANSWER, 183)
    pair.theirs.answer(ANSWER)
    assert pair.we == []
    await settle()
    assert pair.we == [Progressed(180), Progressed(183, ANSWER), Answered(ANSWER)]
    assert pair.they == [Acked(None)]


@virtually
async def test_events_wait_for_who_listens_late() -> None:
    ours, theirs = ends()
    theirs.ring()
    await settle()
    heard: list[LegEvent] = []
    ours.listen(heard.append)
    assert heard == [Progressed(180)]


@virtually
async def test_giving_up_before_the_answer_is_a_cancel_and_after_it_a_bye() -> None:
    early = Pair()
    early.ours.hangup(reason="Q.850;cause=16")
    await settle()
    assert early.they == [Cancelled("Q.850;cause=16")]
    late = await Pair().up()
    late.ours.hangup()
    late.ours.hangup()
    await settle()
    assert late.they == [HungUp(None)]
    assert late.we == []


@virtually
async def test_the_callee_refuses_or_hangs_up() -> None:
    refused = Pair()
    refused.theirs.reject(486, reason="Q.850;cause=17")
    await settle()
    assert refused.we == [Refused(486, "Busy Here", "Q.850;cause=17")]
    unanswered = Pair()
    unanswered.theirs.hangup()
    await settle()
    assert [event.status for event in unanswered.we if isinstance(event, Refused)] == [480]
    up = await Pair().up()
    up.theirs.hangup(reason="Q.850;cause=16")
    await settle()
    assert up.we == [HungUp("Q.850;cause=16")]


@virtually
async def test_after_its_end_an_end_is_silent() -> None:
    pair = await Pair().up()
    pair.ours.hangup()
    pair.theirs.hangup()
    pair.theirs.reoffer(OFFER)
    pair.ours.reoffer(OFFER)
    await settle()
    assert pair.we == []
    assert pair.they == []


@pytest.mark.parametrize("towards", ["theirs", "ours"])
def test_media_are_renegotiated_from_either_side(towards: str) -> None:
    @virtually
    async def play() -> None:
        pair = await Pair().up()
        ends = (pair.ours, pair.theirs, pair.we, pair.they)
        mine, other, i_heard, they_heard = (
            ends if towards == "theirs" else (ends[1], ends[0], ends[3], ends[2])
        )
        mine.reoffer(OFFER)
        await settle()
        other.reanswer(ANSWER)
        await settle()
        other.refuse_reoffer(491)
        mine.acknowledge(ANSWER)
        await settle()
        assert they_heard == [Reoffered(OFFER), Acked(ANSWER, again=True)]
        assert i_heard == [Reanswered(ANSWER), ReofferRefused(491)]

    play()


@virtually
async def test_what_is_told_arrives_after_what_is_being_done() -> None:
    pair = Pair()
    pair.theirs.answer(ANSWER)
    pair.theirs.hangup()
    pair.ours.hangup()
    await settle()
    assert pair.we == []


def test_an_address_that_is_none_is_no_call() -> None:
    with pytest.raises(ValueError, match="address"):
        house_call("sip:a@b", "<sip:a@b", "sip:c@d", OFFER, 1)


@virtually
async def test_an_info_crosses_an_answered_call_both_ways() -> None:
    pair = Pair()
    pair.ours.inform("application/dtmf", b"1")
    await pair.up()
    pair.ours.inform("application/dtmf", b"5")
    pair.theirs.inform("application/dtmf", b"6")
    await settle()
    assert pair.ours.takes_info
    assert (pair.we, pair.they) == (
        [InfoReceived("application/dtmf", b"6")],
        [InfoReceived("application/dtmf", b"5")],
    )
