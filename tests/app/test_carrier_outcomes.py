"""The last two digits of a number choose what the simulated carrier does."""

from pathlib import Path

import pytest

from opentact.app.carrier_outcomes import OUTCOMES, USUAL, outcome_of, table

GUIDE = Path(__file__).parents[2] / "docs" / "guide" / "simulator.md"


@pytest.mark.parametrize(
    ("called", "digits"),
    [("12025550186", "86"), ("+12025550103", "03"), ("03", "03"), ("1986;phone-context=x", "86")],
)
def test_the_last_two_digits_choose(called: str, digits: str) -> None:
    assert outcome_of(called) is OUTCOMES[digits]


def test_any_other_number_answers() -> None:
    assert outcome_of("12025550142") is USUAL
    assert USUAL.status is None


@pytest.mark.parametrize("called", ["", "7", "alice", "+", "12a86", "86 "])
def test_what_is_no_number_is_nobody(called: str) -> None:
    assert outcome_of(called) is None


def test_the_guide_shows_the_table_as_it_is() -> None:
    assert table() in GUIDE.read_text(encoding="utf-8")
