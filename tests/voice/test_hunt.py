from dataclasses import dataclass, field

import pytest

from opentact.voice.dialling import MOST_TARGETS, CalledLeg, Fork
from opentact.voice.hunt import ELSEWHERE, SILENCE_S, Hunt, Outcome
from opentact.voice.sip.effects import Answered, Progressed
from opentact.voice.testing_legs import OFFER, PaperCallee, PaperDialler
from support.virtual_time import passes, virtually


@dataclass
class Ringing:
    """A hunt with what came of it."""

    dialler: PaperDialler = field(default_factory=PaperDialler)
    progress: list[int] = field(default_factory=list)
    answered: list[CalledLeg] = field(default_factory=list)
    nobody: list[Outcome] = field(default_factory=list)
    told: list[tuple[str, int | None]] = field(default_factory=list)

    def on_progress(self, leg: CalledLeg, event: Progressed) -> None:
        del leg
        self.progress.append(event.status)

    def on_answer(self, leg: CalledLeg, event: Answered) -> None:
        del event
        self.answered.append(leg)

    def on_nobody(self, outcome: Outcome) -> None:
        self.nobody.append(outcome)

    def dial(self, fork: Fork, sdp: bytes) -> PaperCallee:
        return self.dialler.call(fork.target, sdp=sdp)

    def through(self, *stages: str) -> Hunt:
        """Ring stages whose targets are letters: "ab" is two together."""
        made = [[Fork(f"sip:{name}@x", "<sip:x>", "<sip:y>") for name in one] for one in stages]
        hunt = Hunt(
            made, self, self.dial, lambda fork, status: self.told.append((fork.target[4], status))
        )
        hunt.start(OFFER)
        return hunt

    @property
    def rung(self) -> str:
        return "".join(leg.target[4] for leg in self.dialler.legs)

    def leg(self, name: str) -> PaperCallee:
        return next(leg for leg in self.dialler.legs if leg.target[4] == name)


@virtually
async def test_all_of_a_stage_ring_and_the_first_answer_ends_the_others() -> None:
    ringing = Ringing()
    ringing.through("abc", "d")
    assert ringing.rung == "abc"
    ringing.leg("a").rings()
    ringing.leg("b").answers()
    assert ringing.answered == [ringing.leg("b")]
    for other in "ac":
        assert ringing.leg(other).sent == [("CANCEL",)]
        assert ringing.leg(other).reason == ELSEWHERE
    assert (ringing.rung, ringing.progress, ringing.nobody) == ("abc", [180], [])


@virtually
async def test_an_answer_that_comes_second_is_not_taken() -> None:
    ringing = Ringing()
    ringing.through("ab")
    ringing.leg("a").answers()
    ringing.leg("b").state = "starting"
    ringing.leg("b").answers()
    assert ringing.answered == [ringing.leg("a")]


@pytest.mark.parametrize("status", [408, 500, 503, 504])
def test_a_trunk_that_fails_gives_way_to_the_next(status: int) -> None:
    @virtually
    async def play() -> None:
        ringing = Ringing()
        ringing.through("a", "b")
        ringing.leg("a").refuses(status)
        assert ringing.rung == "ab"
        ringing.leg("b").answers()
        assert len(ringing.answered) == 1
        assert ringing.told == [("a", status), ("b", 200)]

    play()


@pytest.mark.parametrize("status", [404, 403, 480, 484, 486, 487, 600, 603])
def test_who_said_no_is_not_asked_again_by_another_way(status: int) -> None:
    @virtually
    async def play() -> None:
        ringing = Ringing()
        ringing.through("a", "b")
        ringing.leg("a").refuses(status, reason="Q.850;cause=17")
        assert ringing.rung == "a"
        assert ringing.nobody == [Outcome(status, "No", "Q.850;cause=17")]

    play()


@virtually
async def test_silence_gives_way_after_seconds_but_not_where_nothing_else_is_left() -> None:
    ringing = Ringing()
    ringing.through("a", "b")
    await passes(SILENCE_S - 0.1)
    assert ringing.rung == "a"
    await passes(0.2)
    assert ringing.rung == "ab"
    assert ringing.leg("a").sent == [("CANCEL",)]
    assert ringing.told == [("a", None)]
    await passes(SILENCE_S * 3)
    assert ringing.nobody == []
    ringing.leg("b").is_silent()
    assert [each.status for each in ringing.nobody] == [408]


@virtually
async def test_who_has_said_trying_is_waited_for() -> None:
    ringing = Ringing()
    ringing.through("a", "b")
    ringing.leg("a").alive = True
    await passes(SILENCE_S * 2)
    assert ringing.rung == "a"


@virtually
async def test_of_several_refusals_the_best_is_passed_on() -> None:
    ringing = Ringing()
    ringing.through("abc")
    ringing.leg("a").refuses(503)
    ringing.leg("b").refuses(486)
    ringing.leg("c").refuses(408)
    assert [each.status for each in ringing.nobody] == [486]


@virtually
async def test_a_global_refusal_ends_the_search_at_once() -> None:
    ringing = Ringing()
    ringing.through("ab", "c")
    ringing.leg("a").refuses(603)
    assert ringing.leg("b").sent == [("CANCEL",)]
    assert [each.status for each in ringing.nobody] == [603]
    assert ringing.rung == "ab"


@virtually
async def test_what_cannot_be_dialled_gives_way_and_nobody_at_all_is_said() -> None:
    ringing = Ringing(PaperDialler(faults={"sip:a@x"}))
    ringing.through("a", "b")
    assert ringing.rung == "b"
    nowhere = Ringing(PaperDialler(faults={"sip:a@x"}))
    nowhere.through("a")
    assert [each.status for each in nowhere.nobody] == [503]
    empty = Ringing()
    empty.through()
    assert [each.status for each in empty.nobody] == [408]


@virtually
async def test_giving_up_cancels_all_and_is_told_to_nobody() -> None:
    ringing = Ringing()
    hunt = ringing.through("ab", "c")
    hunt.give_up("SIP;cause=487")
    hunt.give_up()
    assert [leg.sent for leg in ringing.dialler.legs] == [[("CANCEL",)]] * 2
    assert ringing.leg("a").reason == "SIP;cause=487"
    await passes(SILENCE_S * 2)
    assert (ringing.rung, ringing.nobody) == ("ab", [])


@virtually
async def test_no_call_causes_more_invites_than_its_limit() -> None:
    ringing = Ringing()
    ringing.through("a" * (MOST_TARGETS - 1), "bc", "d")
    for leg in [*ringing.dialler.legs]:
        leg.refuses(503)
    assert ringing.rung == "a" * (MOST_TARGETS - 1) + "b"
    ringing.leg("b").refuses(503)
    assert len(ringing.dialler.legs) == MOST_TARGETS
    assert [each.status for each in ringing.nobody] == [503]
