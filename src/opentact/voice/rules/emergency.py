"""No emergency service is claimed: such numbers are refused, aloud (spec/11 D-30)."""

from opentact.voice import causes

from .facts import OutboundFacts
from .refusals import RuleObject, RuleRefused

NAME = "emergency"
SAYS = "Emergency numbers (911, 933, 112, 999, 000) are not served."
NUMBERS = frozenset({"911", "933", "112", "999", "000", "1911", "1933"})
PLATFORM = RuleObject("platform")


def is_emergency(dialled: str) -> bool:
    """Tell whether somebody who dials this wants help."""
    return dialled.removeprefix("+") in NUMBERS


def check(facts: OutboundFacts) -> RuleRefused | None:
    """Refuse an emergency number, whatever the account may."""
    if not is_emergency(facts.digits):
        return None
    return RuleRefused(causes.EMERGENCY, NAME, PLATFORM, "no emergency numbers", facts.digits)
