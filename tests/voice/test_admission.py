import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentact.voice.admission import dialled_number

# The decision about a number that was found is in test_admissions.py.


@pytest.mark.parametrize(
    ("called", "number"),
    [
        ("2025550100", 12025550100),
        ("12025550100", 12025550100),
        ("+12025550100", 12025550100),
        ("+4930123456", 4930123456),
        ("+2025550100", 2025550100),
        ("12025550100;npdi;rn=12025550000", 12025550100),
        ("+12025550100;phone-context=example.com", 12025550100),
        ("911", 911),
    ],
)
def test_a_dialled_number_is_read(called: str, number: int) -> None:
    assert dialled_number(called) == number


@pytest.mark.parametrize(
    "called", ["", "+", "alice", "12", "1202555010x", "++12025550100", "1" * 16, "١٢٣٤٥", ";1"]
)
def test_what_is_no_number_is_none(called: str) -> None:
    assert dialled_number(called) is None


@given(st.text(max_size=40))
def test_whatever_is_dialled_is_a_number_or_none(called: str) -> None:
    number = dialled_number(called)
    assert number is None or 0 <= number < 10**16
