"""The number shown as caller is one that the account leases or has verified."""

from .causes import CALLER_ID_NOT_OWN
from .facts import OutboundFacts
from .refusals import RuleRefused

NAME = "caller_id"
SAYS = "The caller id is a number that the account leases or has verified."


def check(facts: OutboundFacts) -> RuleRefused | None:
    """Refuse to show somebody else's number, or none."""
    if facts.caller_is_own:
        return None
    present = facts.caller_id or "none"
    return RuleRefused(CALLER_ID_NOT_OWN, NAME, facts.account, "numbers of the account", present)
