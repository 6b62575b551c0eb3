import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentact.numbers.tn import TOLL_FREE, TnType, line, local, npa, nxx, parse_tn, type_of

TN = 12029822917


@pytest.mark.parametrize(
    "written",
    [TN, "12029822917", "+1 202-982-2917", "2029822917", "(202) 982.2917", 2029822917],
)
def test_a_number_is_read_however_it_is_written(written: object) -> None:
    assert parse_tn(written) == TN


@pytest.mark.parametrize(
    "written",
    [
        "",
        "911",
        "1202982291",
        "120298229170",
        "22029822917",
        "11029822917",
        "12021822917",
        "١٢٠٢٩٨٢٢٩١٧",
        "12029822917" + " " * 32,
        True,
        12029822917.0,
        None,
        10**40,
    ],
)
def test_what_is_no_number_of_the_plan_is_refused(written: object) -> None:
    with pytest.raises(ValueError, match="not a"):
        parse_tn(written)


@given(st.text() | st.integers() | st.floats() | st.none())
def test_anything_is_a_number_or_a_refusal(written: object) -> None:
    try:
        tn = parse_tn(written)
    except ValueError:
        return
    assert parse_tn(f"{tn}") == tn
    assert 10**10 < tn < 2 * 10**10


def test_the_parts_make_up_the_number() -> None:
    assert (npa(TN), nxx(TN), local(TN), line(TN)) == ("202", "982", 9822917, 2917)
    assert (local(12025550007), line(12025550007)) == (5550007, 7)


def test_toll_free_is_told_by_the_area_code() -> None:
    assert {type_of(int(f"1{code}5550100")) for code in TOLL_FREE} == {TnType.TOLL_FREE}
    assert {type_of(tn) for tn in (TN, 18105550100, 12028005550)} == {TnType.LONG_CODE}
