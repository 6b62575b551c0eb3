"""How a drill judges itself; tests/e2e/test_guard.py plays a whole one."""

from decimal import Decimal

import pytest

from opentact.app.drill import Attack, Report, _why
from opentact.voice.sip.effects import Failed, Refused, TimedOut


def attack(tries: int = 10, through: int = 0, allowed: int = 0) -> Attack:
    return Attack("theft", "127.0.66.9", tries, through, would_cost=Decimal(9), allowed=allowed)


@pytest.mark.parametrize(
    ("attacks", "cost", "within"),
    [
        ([attack(), attack(through=2, allowed=2)], "0.04", True),
        ([attack(through=1)], "0", False),
        ([attack(through=3, allowed=2)], "0", False),
        ([attack(allowed=-1)], "0", False),
        ([attack(tries=0)], "0", False),
        ([attack()], "5.01", False),
    ],
    ids=["stopped", "one through", "one too many", "never banned", "not played", "too dear"],
)
def test_a_drill_fails_when_anything_gets_past_its_limits(
    attacks: list[Attack],
    cost: str,
    within: bool,  # noqa: FBT001 - a parameter
) -> None:
    report = Report(attacks, Decimal(cost), Decimal(5))
    assert report.is_within is within
    assert report.would_cost == 9 * len(attacks)


@pytest.mark.parametrize(
    ("event", "why"),
    [
        (Refused(403, "Forbidden"), "edge: 403"),
        (Refused(403, "Forbidden", 'Q.850;cause=21;text="x";rule=max_rate'), "rule: max_rate"),
        (TimedOut(), "timedout"),
        (Failed("gone"), "failed"),
    ],
)
def test_what_stopped_a_call_is_its_rule_or_the_answer(event: object, why: str) -> None:
    assert _why(event) == why
