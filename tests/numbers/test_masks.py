import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentact.numbers.masks import MOST_RANGES, Plan, plan_infix, plan_positions, read_positions

NATIONAL = st.from_regex(r"[2-9][0-9]{2}[2-9][0-9]{6}", fullmatch=True)
MASKS = st.text("0123456789%*", min_size=1, max_size=12)


def covers(plan: Plan, digits: str) -> bool:
    if plan.ranges is None:
        return True
    heads = {0: int(f"1{digits}"), 3: int(digits[3:]), 6: int(digits[6:])}
    return any(one.low <= heads[one.start] <= one.high for one in plan.ranges)


def matches(mask: str, digits: str) -> bool:
    """The documents' own words: infix, * any run, % exactly one."""
    return re.search(mask.replace("*", ".*").replace("%", "."), digits) is not None


@given(MASKS, NATIONAL)
def test_what_a_mask_matches_lies_in_its_ranges(mask: str, digits: str) -> None:
    plan = plan_infix(mask)
    like = re.compile(plan.like.replace("%", ".*").replace("_", "."))
    assert bool(like.fullmatch(f"1{digits}")) is matches(mask, digits)
    if matches(mask, digits):
        assert covers(plan, digits)


@given(NATIONAL, st.data())
def test_any_run_cut_from_a_number_finds_it(digits: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, 9))
    run = digits[start : data.draw(st.integers(start + 1, 10))]
    assert covers(plan_infix(run), digits)


@given(st.lists(st.one_of(st.none(), st.sampled_from("23456789")), min_size=10, max_size=10))
def test_positions_are_found_at_their_place(positions: list[str | None]) -> None:
    digits = "".join(digit or "7" for digit in positions)
    assert covers(plan_positions(tuple(positions)), digits)


def test_the_examples_of_the_documents() -> None:
    assert matches("233%55", "2342337556")
    assert matches("233%55", "7892334556")
    for digits in ("2342337556", "7892334556"):
        assert covers(plan_infix("233%55"), digits)
    assert plan_infix("*233").like == plan_infix("233").like.replace("1%", "1%", 1)


@pytest.mark.parametrize("length", range(3, 11))
def test_a_telling_mask_is_a_bounded_number_of_ranges(length: int) -> None:
    plan = plan_infix("2345678923"[:length])
    assert plan.ranges is not None
    assert len(plan.ranges) <= MOST_RANGES * (11 - length)


def test_a_mask_that_matches_everywhere_is_walked() -> None:
    assert [plan_infix(mask).ranges for mask in ("*", "5", "55", "%%%")] == [None] * 4


def test_a_mask_longer_than_a_number_matches_nothing() -> None:
    assert plan_infix("1" * 11).ranges == ()


def test_letters_stand_for_their_keys() -> None:
    assert plan_infix("home", letters=True) == plan_infix("4663")
    with pytest.raises(ValueError, match="expected digits"):
        plan_infix("home")


@given(st.text(max_size=40))
def test_any_text_is_a_plan_or_a_refusal(text: str) -> None:
    for read in (plan_infix, lambda text: read_positions(text, 4)):
        try:
            read(text)
        except ValueError as error:
            assert "expected" in str(error)  # noqa: PT017 - either way is right
