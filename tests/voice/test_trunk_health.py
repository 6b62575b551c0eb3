"""The health of a target: what takes it down, and what brings it up again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentact.voice.trunk_health import ABSENT, FAILURES, SUCCESSES, Health, TargetState, Turned

DOWN, UP, UNKNOWN = TargetState.DOWN, TargetState.UP, TargetState.UNKNOWN


def heard(*answers: int | None) -> tuple[Health, list[Turned]]:
    """A target that gave these answers, one a second, and how it turned."""
    health = Health()
    turns = [health.told(status, float(now), by="OPTIONS") for now, status in enumerate(answers)]
    return health, [turn for turn in turns if turn]


def test_a_target_never_asked_is_called_as_if_it_were_up() -> None:
    assert Health().usable
    assert Health().state is UNKNOWN


@pytest.mark.parametrize("status", [200, 401, 403, 404, 405, 481, 486, 500, 501, 603])
def test_any_answer_shows_that_somebody_is_there(status: int) -> None:
    health, turns = heard(status)
    assert turns == [Turned(UNKNOWN, UP, f"{status} to OPTIONS")]
    assert health.usable


@pytest.mark.parametrize(
    ("status", "words"),
    [(None, "no answer to OPTIONS"), (408, "408 to OPTIONS"), (503, "503 to OPTIONS")],
)
def test_the_third_failure_in_a_row_takes_it_down_and_says_why(
    status: int | None, words: str
) -> None:
    _, before = heard(200, status, status)
    health, turns = heard(200, status, status, status)
    assert len(before) == 1
    assert turns[1] == Turned(UP, DOWN, f"{words}, the 3rd failure in a row")
    assert (health.usable, health.since) == (False, 3.0)


def test_one_answer_among_failures_begins_the_count_anew() -> None:
    health, _ = heard(200, None, None, 200, None, None)
    assert health.state is UP


def test_it_takes_two_answers_in_a_row_to_come_up_again() -> None:
    down = (None,) * FAILURES
    assert heard(*down, 200)[0].state is DOWN
    assert heard(*down, 200, None, 200)[0].state is DOWN
    health, turns = heard(*down, 200, 200)
    assert health.state is UP
    assert [(turn.before, turn.after) for turn in turns] == [(UNKNOWN, DOWN), (DOWN, UP)]


@given(st.lists(st.sampled_from([None, 200, 408, 486, 503])))
def test_it_never_turns_to_what_it_is_nor_without_enough_in_a_row(
    answers: list[int | None],
) -> None:
    health = Health()
    for at, status in enumerate(answers):
        turned = health.told(status, float(at), by="a call")
        if turned is None:
            continue
        assert turned.before is not turned.after is health.state
        bad = turned.after is DOWN
        needed = FAILURES if bad else SUCCESSES if turned.before is DOWN else 1
        last = answers[at + 1 - needed : at + 1]
        assert [each is None or each in ABSENT for each in last] == [bad] * needed
