from decimal import Decimal

from hypothesis import example, given
from hypothesis import strategies as st

from opentact.billing.rating import Rate
from opentact.kit.money import UNIT

RATES = st.builds(
    Rate,
    st.decimals(Decimal(0), Decimal(5), places=5),
    st.sampled_from((1, 6, 30, 60)),
    st.sampled_from((1, 6, 60)),
)
SECONDS = st.integers(0, 100_000)
BALANCES = st.decimals(Decimal(-5), Decimal(100), places=5)


@given(RATES, SECONDS)
def test_what_is_charged_covers_the_call_in_whole_steps(rate: Rate, seconds: int) -> None:
    billed = rate.billed_seconds(seconds)
    assert billed >= max(seconds, rate.initial)
    assert billed - max(seconds, rate.initial) < rate.increment
    assert (billed - rate.initial) % rate.increment == 0


@given(RATES, SECONDS, SECONDS)
def test_a_longer_call_never_costs_less(rate: Rate, one: int, other: int) -> None:
    assert rate.charge(min(one, other)) <= rate.charge(max(one, other))


@given(RATES, SECONDS)
def test_a_charge_is_exact_to_five_decimals(rate: Rate, seconds: int) -> None:
    exact = rate.per_minute * rate.billed_seconds(seconds) / 60
    assert abs(rate.charge(seconds) - exact) <= UNIT / 2


@given(RATES, BALANCES)
@example(Rate(Decimal("0.00001"), 1, 1), Decimal("-0.00001"))
def test_what_is_affordable_never_overdraws_and_one_step_more_would(
    rate: Rate, balance: Decimal
) -> None:
    seconds = rate.affordable_seconds(balance)
    if seconds is None:
        assert rate.charge(10**6) == 0
    elif seconds == 0:
        assert rate.charge(0) > balance
    else:
        assert rate.charge(seconds) <= balance
        # Both charges are rounded, so that up to half a unit each may be kept back.
        assert rate.charge(seconds + rate.increment) > balance - UNIT


def test_a_minute_at_a_cent() -> None:
    rate = Rate(Decimal("0.01"))
    assert [rate.charge(s) for s in (0, 60, 61)] == [Decimal("0.01")] * 2 + [Decimal("0.02")]
    assert [rate.affordable_seconds(Decimal(b)) for b in ("0.00999", "0.01", "0.0399")] == [
        0,
        60,
        180,
    ]
