"""The rules of outgoing calls, in the order they are asked: the first refusal is the answer.

What never changes by waiting comes first, then what is counted. A quote gets all of them.
"""

from collections.abc import Iterator
from types import ModuleType

from . import (
    caller_id,
    channel_limit,
    country,
    daily_spend,
    emergency,
    high_risk_ranges,
    max_rate,
    profile_active,
    user_velocity,
)
from .facts import OutboundFacts
from .refusals import RuleRefused

STANDING: tuple[ModuleType, ...] = (
    emergency,
    profile_active,
    country,
    high_risk_ranges,
    caller_id,
    max_rate,
)
COUNTED: tuple[ModuleType, ...] = (user_velocity, channel_limit, daily_spend)
ALL = STANDING + COUNTED


def first_refusal(rules: tuple[ModuleType, ...], facts: OutboundFacts) -> RuleRefused | None:
    """Ask rule after rule until one refuses."""
    return next(refusals(rules, facts), None)


def refusals(rules: tuple[ModuleType, ...], facts: OutboundFacts) -> Iterator[RuleRefused]:
    """Ask every rule, and give each refusal."""
    for rule in rules:
        refused: RuleRefused | None = rule.check(facts)
        if refused is not None:
            yield refused
