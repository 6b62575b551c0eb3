"""Who sends a call: a SIP user by digest, a trunk by where it comes from, or a stranger.

A stranger learns nothing: whoever it is and whatever is dialled, the answer is the same, and it
is given before anything is looked up that the caller named (spec/05; issue: no open relay).
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog

from .dialling import CallingLeg
from .directory import Directory
from .facts import DomainFacts, UserFacts
from .sip.effects import LegEvent
from .sip.machine import Address
from .sip.message import Request
from .sip.uri import SipUri
from .sip_directory import KnownUser
from .sip_login import Challenge, Nobody
from .trunk_logins import TrunkLogins
from .trunk_places import is_address
from .trunk_ways import TrunkCaller

log = structlog.get_logger(__name__)
STRANGER = 403
PROOF_NEEDED = 407
BUSY = 503


class Logins(Protocol):
    """Who proves to be a SIP user (voice/sip_login.py)."""

    def suspect(self, source: Address, what: str, detail: str, /) -> None:
        """Hear of what only strangers do."""

    async def who(self, request: Request, source: Address) -> KnownUser | Challenge | Nobody:
        """Tell who sends this INVITE."""


class Sources(Protocol):
    """Who calls from an address (voice/trunks.py)."""

    def caller_of(self, source: Address, called: str = "", domain: str = "") -> TrunkCaller | None:
        """Tell which trunk sends calls to `called@domain` from there; never waits."""


class ReceivedCall(CallingLeg, Protocol):
    """A received INVITE, as far as routing looks at it."""

    caller: str
    called: str
    source: Address
    hops_left: int
    events: "asyncio.Queue[LegEvent]"

    @property
    def request(self) -> Request:
        """The INVITE."""

    @property
    def request_uri(self) -> str:
        """The Request-URI as written."""


@dataclass(frozen=True, slots=True)
class UserCaller:
    """A SIP user of a domain here, who has proven it."""

    user: UserFacts
    domain: DomainFacts


@dataclass(frozen=True, slots=True)
class Refusal:
    """Nobody we know: refuse with this status and these headers, and say no more."""

    status: int
    headers: Sequence[tuple[str, str]] = ()


Caller = UserCaller | TrunkCaller


class Callers:
    """Answers for one node."""

    def __init__(
        self,
        sources: Sources,
        logins: Logins | None,
        directory: Directory,
        trunk_logins: TrunkLogins | None = None,
    ) -> None:
        self._sources = sources
        self._logins = logins
        self._trunk_logins = trunk_logins
        self._directory = directory

    async def who(self, leg: ReceivedCall) -> Caller | Refusal:
        """Tell who calls.

        A trunk that is known by name comes first, unless somebody else's phone is behind the
        same address. The networks of the `carriers` setting come last, as phones may sit in
        them too.
        """
        trunk = self._sources.caller_of(leg.source, leg.called, host_of(leg.request_uri))
        if trunk is not None and trunk.uuid is not None and not await self._is_phone(leg, trunk):
            return trunk
        if self._logins is not None:
            who = await self._logins.who(leg.request, leg.source)
            if isinstance(who, Challenge):
                return Refusal(who.status, who.headers)
            if isinstance(who, KnownUser):
                return await self._user(who)
            if not who.unknown:
                return Refusal(BUSY)
        return trunk or self._stranger(leg)

    async def _is_phone(self, leg: ReceivedCall, trunk: TrunkCaller) -> bool:
        """Tell whether From names a domain here that is not the trunk's.

        A PBX may write what it likes in From, but a customer who names an address as his trunk's
        must not get the calls of other customers' phones there (docs/decisions/0117).
        """
        host = host_of(leg.request.sender.uri)
        if trunk.account is None or not host or is_address(host.strip("[]")):
            return False
        home = await self._directory.domain(host)
        if home is None:
            return False
        return home.account.uuid != trunk.account or trunk.domain not in {None, home.name}

    def _stranger(self, leg: ReceivedCall) -> Caller | Refusal:
        """Let a trunk without a fixed address prove who it is."""
        found = self._trunk_logins.who(leg.request, leg.source) if self._trunk_logins else []
        if isinstance(found, TrunkCaller):
            return found
        if found:
            return Refusal(PROOF_NEEDED, found)
        log.info("call_from_stranger", source=leg.source[0], called=leg.called)
        if self._logins is not None:
            self._logins.suspect(leg.source, "stranger", f"INVITE to {leg.called[:80]}")
        return Refusal(STRANGER)

    async def _user(self, known: KnownUser) -> Caller | Refusal:
        domain = await self._directory.domain(known.domain.name)
        if domain is not None:
            user = await self._directory.user(domain.uuid, known.login)
            if user is not None:
                return UserCaller(user, domain)
        return Refusal(STRANGER)  # removed since it proved who it was


def host_of(uri: str) -> str:
    """Read the host of a SIP URI in lower case; "" for one that has none."""
    try:
        return SipUri.parse(uri).host.lower().rstrip(".")
    except ValueError:
        return ""
