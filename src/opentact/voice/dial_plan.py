"""Whom a flow calls: from the target as written to a call record and the INVITEs to be tried.

SIP users of the account's own domains; numbers leased here, without leaving the house; other
numbers through the app's outbound voice profile; SIP addresses elsewhere, on the public internet
or where the operator allows. What cannot be called has a record that says why.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from opentact.billing.rating import Rate
from opentact.kit.faults import Fault
from opentact.kit.money import ZERO

from . import causes
from .admission import dialled_number
from .call_events import CallCard
from .calls import rate_members
from .causes import Cause
from .connecting import Exchange
from .dialling import Fork, Stage
from .facts import DomainFacts, ProfileFacts
from .forks import NOBODY, PASSED, Shown, by_ways, in_house, mark_of, ring_phones
from .rules.asks import Allowed, Kind, OutboundAsk
from .rules.refusals import RuleRefused
from .sip.machine import Address
from .sip.uri import SipUri

FREE = Rate(ZERO)


class Reach(Protocol):
    """Finds out where a SIP address of somebody else is (adapters/sip/reach.py)."""

    async def __call__(self, uri: str) -> Address:
        """Find it. Raises a Fault that says why it may not or cannot be called."""


@dataclass(frozen=True, slots=True)
class Origin:
    """The call whose flow dials: its record, its app's profile, and where it has been.

    `hops` is how many servers it may still pass, `passed` the marks of nodes it has passed.
    """

    card: CallCard
    profile: UUID | None
    hops: int = 70
    passed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why somebody is not called."""

    cause: Cause
    words: str
    rule: RuleRefused | None = None


@dataclass(frozen=True, slots=True)
class Placed:
    """A call to be made: its record, and the stages to be tried, or why it is not made."""

    card: CallCard
    stages: Sequence[Stage] = ()
    allowed: Allowed | None = None
    profile: ProfileFacts | None = None
    refusal: Refusal | None = None

    @property
    def rate(self) -> Rate:
        """What it costs."""
        return self.allowed.rate if self.allowed else FREE


class DialPlan:
    """Reads targets, for the calls of one node."""

    def __init__(self, exchange: Exchange, reach: Reach | None = None) -> None:
        """Without `reach`, which may be set later, nobody elsewhere is called."""
        self._with = exchange
        self.reach = reach

    async def may_show(self, origin: Origin, number: str) -> bool:
        """Tell whether the account whose call it is holds or has verified the number."""
        digits = dialled_number(number)
        if digits is None:
            return False
        return await self._with.directory.may_show(origin.card.account.uuid, digits)

    async def place(self, origin: Origin, target: str, caller_id: str | None) -> Placed:
        """Read a target; `caller_id` is a number that the account may show."""
        number = dialled_number(target)
        if number is not None:
            return await self._to_number(origin, number, caller_id)
        uri = _uri_of(target)
        shown = Shown(caller_id or origin.card.call.from_ or NOBODY, self._with.media_host)
        domain = await self._with.directory.domain(uri.host)
        if domain is not None:
            return await self._to_user(origin, uri, domain, shown)
        if uri.host.lower() in self._with.own_hosts:
            inside = dialled_number(uri.user or "")
            if inside is not None:
                return await self._to_number(origin, inside, caller_id)
            return self._refused(origin, target, causes.UNKNOWN_USER)
        return await self._to_address(origin, uri, shown)

    async def _to_user(
        self, origin: Origin, uri: SipUri, domain: DomainFacts, shown: Shown
    ) -> Placed:
        called = f"{uri.user}@{domain.name}"
        if domain.account.uuid != origin.card.account.uuid:
            return self._refused(origin, called, causes.FOREIGN_USER)
        user = await self._with.directory.user(domain.uuid, uri.user or "")
        if user is None:
            return self._refused(origin, called, causes.UNKNOWN_USER)
        card = self._card(origin, shown.user, user.login, user.uuid)
        if not user.is_active:
            return _not(card, causes.USER_INACTIVE)
        bindings = await self._with.phones.reach(user.uuid)
        if not bindings:
            return _not(card, causes.CALLEE_OFFLINE)
        return Placed(card, ring_phones(user, domain, bindings, shown))

    async def _to_number(self, origin: Origin, number: int, caller_id: str | None) -> Placed:
        directory, called = self._with.directory, f"+{number}"
        profile = await directory.profile(origin.profile) if origin.profile else None
        caller = caller_id or await self._own_number(origin) or _shown_by(profile)
        card = self._card(origin, caller or origin.card.call.from_, called, None)
        mark = mark_of(self._with.cards.node, called)
        leased = await directory.holder(number) is not None
        if mark in origin.passed:
            return _not(card, causes.LOOP)
        closed = _closed(profile, caller, leased=leased)
        if closed is not None or caller is None:
            return _not(card, closed or causes.NO_CALLER_ID)
        kind = Kind.ON_NET if leased else Kind.PSTN
        allowed = await self._ask(origin, card, profile, caller, called, kind)
        if not isinstance(allowed, Allowed):
            return allowed
        passed, shown = [*origin.passed, mark], Shown(f"+{caller.lstrip('+')}", self._host)
        stages: Sequence[Stage] = in_house(called, shown, passed)
        if kind is Kind.PSTN and profile is not None:
            card.call.outbound_profile_uuid = profile.profile.uuid
            product = profile.profile.product_id
            ways = self._with.outlets.ways_out(product, called)
            stages = by_ways(ways, shown, called, passed)
        if not stages:
            allowed.ticket.close()
            return _not(card, causes.NO_ROUTE)
        for name, value in rate_members(allowed.rate).items():
            setattr(card.call, name, value)
        card.ticket = allowed.ticket
        return Placed(card, stages, allowed, profile)

    async def _to_address(self, origin: Origin, uri: SipUri, shown: Shown) -> Placed:
        called = str(uri)
        card = self._card(origin, shown.user, called, None)
        mark = mark_of(self._with.cards.node, called)
        if self.reach is None:
            return _not(card, causes.ADDRESS_REFUSED, "This node calls no SIP addresses elsewhere")
        if mark in origin.passed:
            return _not(card, causes.LOOP)
        try:
            destination = await self.reach(called)
        except Fault as fault:
            return _not(card, causes.ADDRESS_REFUSED, str(fault))
        marks = tuple((PASSED, each) for each in (*origin.passed, mark))
        return Placed(card, [[Fork(called, f"<{uri}>", str(shown), destination, marks)]])

    async def _ask(
        self,
        origin: Origin,
        card: CallCard,
        profile: ProfileFacts | None,
        caller: str,
        called: str,
        kind: Kind,
    ) -> Allowed | Placed:
        if self._with.rules is None:
            return _not(card, causes.NO_ROUTE)
        answer = await self._with.rules.outbound(
            OutboundAsk(
                account=origin.card.account,
                profile=profile.profile if profile else None,
                domain=None,
                caller_id=caller,
                to_e164=called,
                call_uuid=card.call.uuid,
                kind=kind,
                caller_is_own=True,
            )
        )
        if isinstance(answer, RuleRefused):
            card.call.refusal = answer.as_dict()
            return Placed(card, refusal=Refusal(answer.cause, answer.words, answer))
        return answer

    async def _own_number(self, origin: Origin) -> str | None:
        """Tell which number of its own the dialling call is about."""
        call = origin.card.call
        if call.tn is not None and call.lease_uuid is not None:
            return str(call.tn)
        return call.from_ if await self.may_show(origin, call.from_) else None

    def _refused(self, origin: Origin, called: str, cause: Cause) -> Placed:
        return _not(self._card(origin, origin.card.call.from_, called, None), cause)

    def _card(self, origin: Origin, caller: str, called: str, user: UUID | None) -> CallCard:
        before = origin.card.call.peer_uuid
        card = self._with.cards.sent(origin.card, caller, called, user=user)
        # Who is connected is known when somebody answers.
        origin.card.call.peer_uuid, card.call.peer_uuid = before, None
        return card

    @property
    def _host(self) -> str:
        return self._with.media_host


def _not(card: CallCard, cause: Cause, words: str | None = None) -> Placed:
    return Placed(card, refusal=Refusal(cause, words or cause.words))


def _closed(profile: ProfileFacts | None, caller: str | None, *, leased: bool) -> Cause | None:
    """Say why numbers cannot be called at all."""
    if profile is None and not leased:
        return causes.NO_PROFILE
    if profile is not None and not profile.profile.is_active:
        return causes.PROFILE_INACTIVE
    return None if caller else causes.NO_CALLER_ID


def _shown_by(profile: ProfileFacts | None) -> str | None:
    return str(profile.caller_id) if profile and profile.caller_id else None


def _uri_of(target: str) -> SipUri:
    return SipUri.parse(target if target.lower().startswith(("sip:", "sips:")) else f"sip:{target}")
