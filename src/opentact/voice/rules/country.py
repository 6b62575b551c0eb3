"""Calls go to countries that are open: the profile's, else the account's, else the platform's."""

from .causes import COUNTRY_CLOSED
from .facts import OutboundFacts
from .refusals import RuleRefused

NAME = "countries"
SAYS = "The number's country is among those that are open."
MOST_NAMED = 12  # countries in a sentence


def check(facts: OutboundFacts) -> RuleRefused | None:
    """Refuse a country that is closed, and a number that belongs to none."""
    if facts.country in facts.countries:
        return None
    if facts.country is None and facts.risk is not None:
        return None  # satellites and the like are no country's; high_risk rules them
    named = sorted(facts.countries)
    limit = ", ".join(named[:MOST_NAMED]) + (", ..." if len(named) > MOST_NAMED else "")
    return RuleRefused(COUNTRY_CLOSED, NAME, facts.profile, limit or "none", facts.country or "?")
