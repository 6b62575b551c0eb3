"""Where a call goes: decided from who calls, what is dialled, and what is linked to what.

Pure: the facts are handed in. Spec/05 "Call routing facts", spec/11 D-24; what these leave open
is decided in docs/decisions/0075. A refusal is a cause, so that nobody has to guess.
"""

from dataclasses import dataclass

from . import causes
from .causes import Cause
from .facts import AppFacts, ConnectionFacts, DomainFacts, ProfileFacts, UserFacts


@dataclass(frozen=True, slots=True)
class ToUser:
    """Ring all phones of a user of the domain."""

    user: UserFacts
    domain: DomainFacts


@dataclass(frozen=True, slots=True)
class ToApp:
    """Run the flow of the app that the domain is linked to."""

    app: AppFacts


@dataclass(frozen=True, slots=True)
class ToConnection:
    """Deliver to the SIP connection that the domain is linked to."""

    connection: ConnectionFacts


@dataclass(frozen=True, slots=True)
class ToLease:
    """Deliver a number that is leased here without leaving the house."""

    number: int
    profile: ProfileFacts
    caller_id: str


@dataclass(frozen=True, slots=True)
class ToNetwork:
    """Call a number of the telephone network through a profile."""

    number: int
    profile: ProfileFacts
    caller_id: str


Route = ToUser | ToApp | ToConnection | ToLease | ToNetwork | Cause


@dataclass(frozen=True, slots=True)
class Dialled:
    """What was dialled: the user part as written, and as a number if it is one.

    `leased` tells that somebody here holds the number, `callee` is the domain's user of this
    name.
    """

    user: str
    number: int | None = None
    leased: bool = False
    callee: UserFacts | None = None


def route_of_user(caller: UserFacts, domain: DomainFacts, dialled: Dialled) -> Route:
    """Route a call of a domain's own user.

    A colleague first, then a number through the domain's profile; what is neither, or has no
    profile to go by, is for the domain's app or connection.
    """
    if dialled.callee is not None:
        return _to_user(dialled.callee, domain)
    if dialled.number is not None and (domain.profile or not _catches_all(domain)):
        if caller.same_domain_calls_only:
            return causes.SAME_DOMAIN_ONLY
        return _to_number(domain.profile, dialled, caller.number)
    return _to_linked(domain)


def route_from_outside(domain: DomainFacts, dialled: Dialled, asserted: int | None) -> Route:
    """Route a call that a switch, a connection or a carrier sends to a domain.

    A user of this name first; an app or a connection takes any other name; without these a
    number goes on through the domain's profile. `asserted` is the caller's number if that is
    the account's own.
    """
    if dialled.callee is not None:
        return _to_user(dialled.callee, domain)
    if _catches_all(domain) or dialled.number is None:
        return _to_linked(domain)
    return _to_number(domain.profile, dialled, asserted)


def route_from_trunk(profile: ProfileFacts | None, dialled: Dialled, asserted: int | None) -> Route:
    """Route a number that a customer's connection sends to us, through its own profile."""
    if dialled.number is None:
        return causes.NOT_LEASED
    return _to_number(profile, dialled, asserted)


def _catches_all(domain: DomainFacts) -> bool:
    return domain.app is not None or domain.connection is not None


def _to_user(user: UserFacts, domain: DomainFacts) -> Route:
    return ToUser(user, domain) if user.is_active else causes.USER_INACTIVE


def _to_linked(domain: DomainFacts) -> Route:
    if domain.app is not None:
        return ToApp(domain.app) if domain.app.app.is_active else causes.APP_INACTIVE
    if domain.connection is not None:
        active = domain.connection.is_active
        return ToConnection(domain.connection) if active else causes.CONNECTION_INACTIVE
    return causes.UNKNOWN_USER


def _to_number(profile: ProfileFacts | None, dialled: Dialled, own: int | None) -> Route:
    """Go out through the profile. A number of one's own is shown before the profile's."""
    if profile is None:
        return causes.NO_PROFILE
    if not profile.profile.is_active:
        return causes.PROFILE_INACTIVE
    shown = own or profile.caller_id
    if shown is None:
        return causes.NO_CALLER_ID
    kind = ToLease if dialled.leased else ToNetwork
    return kind(dialled.number or 0, profile, f"+{shown}")
