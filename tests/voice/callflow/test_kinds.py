import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentact.voice.callflow.kinds import (
    Flag,
    Keys,
    Kind,
    ListOf,
    Matching,
    OneOf,
    Text,
    Url,
    Whole,
    milliseconds,
)
from opentact.voice.callflow.verbs.schedule import HoursKind

KINDS: list[Kind[object]] = [
    *(Whole(-3, 7), milliseconds(), Flag(), OneOf(("a", "b")), Keys(), Keys(1, extra="+")),
    *(Text(), Text(most=3), ListOf(("x", "y")), Url(), Matching("x", "x+"), HoursKind()),
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: type(kind).__name__)
@given(text=st.text())
def test_any_text_is_a_value_or_a_value_error(kind: Kind[object], text: str) -> None:
    try:
        kind.parse(text)
    except ValueError:
        return


@given(st.integers())
def test_a_whole_number_is_read_within_its_bounds_only(number: int) -> None:
    kind = Whole(-500, 500)
    if -500 <= number <= 500:
        assert kind.parse(f" {number} ") == number
    else:
        with pytest.raises(ValueError, match=str(number)):
            kind.parse(str(number))


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        (milliseconds(), "a whole number from 0 to 3600000 ms"),
        (Whole(1, 9), "a whole number from 1 to 9"),
        (Keys(1, extra="+"), "one of 0-9, * # +"),
        (Keys(1), "one of 0-9, * #"),
        (Keys(4, 1), "1 to 4 keys out of 0-9 * # A-D"),
        (ListOf(("x", "y")), "a comma list out of x, y"),
        (OneOf(("x", "y")), "one of x, y"),
    ],
)
def test_a_kind_says_what_may_be_written(kind: Kind[object], says: str) -> None:
    assert kind.says == says


def test_the_pages_of_old_clients_are_read_without_case() -> None:
    assert OneOf(("POST", "GET")).parse(" post ") == "POST"
    assert Flag().parse("TRUE") is True
