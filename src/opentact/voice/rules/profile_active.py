"""Calls go out by an active outbound voice profile only."""

from opentact.voice import causes

from .facts import OutboundFacts
from .refusals import RuleRefused

NAME = "is_active"
SAYS = "The outbound voice profile is active."


def check(facts: OutboundFacts) -> RuleRefused | None:
    """Refuse a profile that is switched off."""
    if facts.profile_active:
        return None
    return RuleRefused(causes.PROFILE_INACTIVE, NAME, facts.profile, "true", "false")
