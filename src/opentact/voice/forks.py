"""The INVITEs by which a route is tried: to the phones of a user, or by the ways of a trunk."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol
from uuid import UUID

from .dialling import Fork, Stage
from .facts import DomainFacts, UserFacts
from .house import HOUSE
from .sip.headers import NameAddr
from .sip.identities import ANONYMOUS
from .sip.registrar import Binding
from .sip.uri import SipUri
from .trunk_ways import Way

NOBODY = "anonymous"
"""The user part of a caller who is not known, or does not want to be."""
PASSED = "x-passed"
"""Header of calls to trunks: a mark for each time the call has passed a node of ours. Calls that
are placed anew carry no Via by which a loop could be told (RFC 3261 16.3)."""


class Phones(Protocol):
    """Where users can be reached (voice/other_nodes.py)."""

    async def reach(self, user: UUID) -> Sequence[Binding]:
        """Tell where the user can be called now; waits for nothing on a node that is alone."""


class Outlets(Protocol):
    """By which ways calls leave (voice/trunks.py)."""

    def ways_to_connection(self, connection_uuid: UUID, called: str = "") -> list[Way]:
        """Give the ways to a connection, best first."""

    def why_no_way(self, connection_uuid: UUID) -> str | None:
        """Say why an active connection is not called, if it is for where it leads."""

    def ways_out(self, product_id: int | None, number_e164: str) -> list[Way]:
        """Give the ways to a number of the telephone network, best first."""

    def told(self, way: Way, status: int | None) -> None:
        """Hear what came of a way: its final status, None for silence."""


@dataclass(frozen=True, slots=True)
class Shown:
    """Who calls, as the other end is shown it: a user part at a host, and a name.

    `withheld`: only a carrier that is trusted with it learns who that is (RFC 3323, RFC 3325).
    """

    user: str
    host: str
    name: str | None = None
    withheld: bool = False

    @property
    def uri(self) -> str:
        return str(SipUri(self.host, self.user))

    @property
    def is_hidden(self) -> bool:
        return self.withheld or self.user == NOBODY

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """What an INVITE says of it besides From."""
        return (("privacy", "id"),) if self.is_hidden else ()

    def __str__(self) -> str:
        return ANONYMOUS if self.is_hidden else str(NameAddr(self.uri, self.name or None))


def ring_phones(
    user: UserFacts, domain: DomainFacts, bindings: Iterable[Binding], shown: Shown
) -> list[Stage]:
    """Ring all phones of a user together.

    Each where it registered from: behind NAT nothing else works.
    """
    to = f"<{SipUri(domain.name, user.login)}>"
    return [[_phone(binding, to, shown) for binding in bindings]]


def _phone(binding: Binding, to: str, shown: Shown) -> Fork:
    routes = tuple(("route", path) for path in binding.path)
    return Fork(binding.contact, to, str(shown), binding.source, (*routes, *shown.headers))


def in_house(called: str, shown: Shown, passed: Sequence[str] = ()) -> list[Stage]:
    """Call a number that is leased here, without leaving the house; `passed` as in `by_ways`."""
    to = SipUri(shown.host, called)
    marks = tuple((PASSED, mark) for mark in passed)
    return [[Fork(str(to), f"<{to}>", str(shown), HOUSE, (*marks, *shown.headers))]]


def by_ways(
    ways: Iterable[Way], shown: Shown, called: str, passed: Sequence[str] = ()
) -> list[Stage]:
    """Try ways one after the other; each is the next when the one before fails.

    `passed` says where the call has been, for a node it comes back to.
    """
    marks = tuple((PASSED, mark) for mark in passed)
    return [[_way(way, shown, called, marks)] for way in ways]


def mark_of(node: str, called: str) -> str:
    """Name this node's part in a call to `called`, so that only this node knows it again."""
    return sha256(f"{node} {called}".encode()).hexdigest()[:16]


def _way(way: Way, shown: Shown, called: str, marks: tuple[tuple[str, str], ...]) -> Fork:
    to = SipUri(way.target.host, called)
    identity = shown.uri if way.keep_identity and shown.user != NOBODY else None
    return Fork(
        way.uri,
        f"<{to}>",
        str(shown),
        way.destination,
        (*way.headers, *shown.headers, *marks),
        way.credentials,
        identity=identity,
        way=way,
    )
