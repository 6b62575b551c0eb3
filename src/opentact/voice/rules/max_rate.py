"""A minute costs no more than the profile's max_rate, and it has a price at all."""

from .causes import NO_RATE, RATE_TOO_HIGH
from .facts import OutboundFacts
from .refusals import RuleObject, RuleRefused

NAME = "max_rate"
SAYS = "A minute costs no more than max_rate; a number without a price is not called."


def check(facts: OutboundFacts) -> RuleRefused | None:
    """Refuse a number that is too dear, or that the rate deck does not know."""
    if facts.rate is None:
        deck = RuleObject("rate_deck", None, facts.deck)
        return RuleRefused(NO_RATE, "rate_deck", deck, "a known prefix", facts.digits)
    if facts.max_rate is None or facts.rate.per_minute <= facts.max_rate:
        return None
    limit, present = (f"{each:.5f}" for each in (facts.max_rate, facts.rate.per_minute))
    return RuleRefused(RATE_TOO_HIGH, NAME, facts.profile, limit, present)
