"""One user places a bounded number of calls a minute: a stolen password must not cost a night."""

from .causes import USER_TOO_FAST
from .facts import OutboundFacts
from .refusals import RuleRefused

NAME = "user_calls_per_minute"
SAYS = "The SIP user has placed fewer calls within a minute than user_calls_per_minute."


def check(facts: OutboundFacts) -> RuleRefused | None:
    """Refuse a user who calls faster than a person does."""
    if facts.user is None or facts.user_limit is None or facts.user_calls < facts.user_limit:
        return None
    return RuleRefused(
        USER_TOO_FAST, NAME, facts.user, str(facts.user_limit), str(facts.user_calls)
    )
