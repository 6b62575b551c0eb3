"""High-risk ranges are closed, in open countries too, until they are opened by their prefix."""

from .causes import HIGH_RISK_CLOSED
from .facts import OutboundFacts
from .high_risk import is_opened
from .refusals import RuleRefused

NAME = "open_prefixes"
SAYS = "A number in a high-risk range (premium, satellite, revenue share) has its prefix opened."


def check(facts: OutboundFacts) -> RuleRefused | None:
    """Refuse a number in a range that was not opened."""
    risk = facts.risk
    if risk is None or is_opened(risk, facts.digits, facts.opened):
        return None
    opened = ", ".join(facts.opened) or "none opened"
    return RuleRefused(HIGH_RISK_CLOSED, NAME, facts.profile, opened, f"{risk.prefix} {risk.kind}")
