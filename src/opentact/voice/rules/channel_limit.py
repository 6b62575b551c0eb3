"""No more calls at once than the profile, and the account, have channels; a call is one."""

from .causes import CHANNELS_FULL
from .facts import OutboundFacts
from .refusals import RuleObject, RuleRefused

NAME = "channel_limit"
SAYS = "Fewer calls are in progress than channel_limit, of the profile and of the account."


def check(facts: OutboundFacts) -> RuleRefused | None:
    """Refuse a call that would be one too many."""
    return over(facts.profile, facts.channel_limit, facts.channels) or over(
        facts.account, facts.account_channel_limit, facts.account_channels
    )


def over(of: RuleObject, limit: int | None, calls: int) -> RuleRefused | None:
    """Refuse one call more than the object's limit."""
    if limit is None or calls < limit:
        return None
    return RuleRefused(CHANNELS_FULL, NAME, of, str(limit), str(calls))
