"""Routes that what is linked or set closes, told as the rules tell theirs: rule, object, limit.

Routing (voice/routes.py) knows but the cause; whose setting it is, and what it says now, is known
to who asked.
"""

from dataclasses import dataclass
from uuid import UUID

from . import causes
from .causes import Cause
from .facts import DomainFacts, ProfileFacts, UserFacts
from .rules.refusals import RuleObject, RuleRefused


@dataclass(frozen=True, slots=True)
class Origin:
    """Who wants to call what: a user, a domain or a trunk, and the profile that it calls by."""

    called: str
    user: UserFacts | None = None
    domain: DomainFacts | None = None
    trunk: tuple[UUID | None, str] = (None, "")
    profile: ProfileFacts | None = None


def refusal_of(cause: Cause, origin: Origin) -> RuleRefused | None:
    """Tell which setting closes the route; None when it is none that somebody can change."""
    if cause is causes.SAME_DOMAIN_ONLY and origin.user is not None:
        of = RuleObject("sip_user", origin.user.uuid, origin.user.login)
        home = origin.domain.name if origin.domain else "its own"
        return RuleRefused(cause, "same_domain_calls_only", of, f"users of {home}", origin.called)
    if cause is causes.NO_PROFILE:
        linked = _linking(origin)
        return RuleRefused(cause, "outbound_voice_profile", linked, "one that is linked", "none")
    if origin.profile is None:
        return None
    profile = origin.profile.profile
    of = RuleObject("outbound_voice_profile", profile.uuid, profile.name)
    if cause is causes.PROFILE_INACTIVE:
        return RuleRefused(cause, "is_active", of, "true", "false")
    if cause is causes.NO_CALLER_ID:
        return RuleRefused(cause, "caller_id", of, "a number of the account", "none")
    return None


def _linking(origin: Origin) -> RuleObject:
    """Name what a profile is to be linked to."""
    if origin.domain is not None:
        return RuleObject("sip_domain", origin.domain.uuid, origin.domain.name)
    return RuleObject("sip_connection", *origin.trunk)
