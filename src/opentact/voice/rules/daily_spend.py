"""Calls of a day cost no more than the profile's daily_spend_limit, in the account's zone."""

from opentact.billing.rating import MINUTE_S

from .causes import DAILY_SPEND
from .facts import OutboundFacts
from .refusals import RuleRefused

NAME = "daily_spend_limit"
SAYS = "The day's calls and one minute of this one cost no more than daily_spend_limit."


def check(facts: OutboundFacts) -> RuleRefused | None:
    """Refuse a call whose first minute would go over the day's limit."""
    limit, rate = facts.daily_spend_limit, facts.rate
    if limit is None or rate is None or facts.spent + rate.charge(MINUTE_S) <= limit:
        return None
    return RuleRefused(DAILY_SPEND, NAME, facts.profile, f"{limit:.5f}", f"{facts.spent:.5f}")
