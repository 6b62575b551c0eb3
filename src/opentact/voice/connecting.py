"""From who calls and what was dialled to two legs that talk: routes carried out.

Everything a call needs before it rings is got here: its records, leave from the rules, media
legs if they are wanted, and the INVITEs to be tried. What then happens is the bridge's.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from opentact.billing.rating import Rate
from opentact.kit.money import ZERO

from . import causes
from .bridge import Bridge, BridgeDesk, Ticket
from .bridge_media import BridgeMedia, Bypass, Proxy
from .bridge_tape import BridgeTape
from .call_events import CallCard
from .callers import ReceivedCall
from .calls import rate_members
from .cards import Cards
from .causes import Cause
from .cdr import Cdr
from .dialling import Stage
from .directory import Directory
from .facts import DomainFacts, UserFacts
from .forks import (
    PASSED,
    Outlets,
    Phones,
    Shown,
    by_ways,
    in_house,
    mark_of,
    ring_phones,
)
from .media import MediaEngine, MediaLeg, MediaUnavailable, NoMediaPorts
from .routes import ToConnection, ToLease, ToNetwork, ToUser
from .rules.asks import Allowed, InboundAsk, Kind, OutboundAsk
from .rules.refusals import RuleRefused
from .sdp.faults import BadSdp, SdpRefused
from .tape import Archive, TapeKind, tape_for

FREE = Rate(ZERO)


class Rules(Protocol):
    """Who may call what (voice/rules)."""

    async def outbound(self, ask: OutboundAsk) -> Allowed | RuleRefused:
        """Let a call out, or say which rule refuses it."""

    async def inbound(self, ask: InboundAsk) -> Allowed | RuleRefused:
        """Let a call in, or say which rule refuses it."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A call to be placed: the leg that arrived, its record, and who it is shown to be from.

    `domain` and `user` are there when a SIP user calls.
    """

    leg: ReceivedCall
    card: CallCard
    shown: Shown
    domain: DomainFacts | None = None
    user: UserFacts | None = None
    rate: Rate = FREE
    tickets: tuple[Ticket, ...] = ()


@dataclass(frozen=True, slots=True)
class Audio:
    """How the audio of a call goes: past us if `bypass`, but not if it is to be recorded."""

    bypass: bool
    tape: TapeKind | None = None


class Refusing(Protocol):
    """Says no to a caller, and writes it down (voice/switchboard.py)."""

    async def __call__(
        self,
        leg: ReceivedCall,
        card: CallCard,
        cause: Cause,
        words: str,
        refusal: RuleRefused | None = None,
    ) -> None:
        """Refuse the call."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """What calls are placed with. `live` takes a bridge for as long as it lives.

    `own_hosts` are names and addresses of ours: what is dialled there is dialled at home.
    """

    directory: Directory
    cards: Cards
    phones: Phones
    outlets: Outlets
    rules: Rules | None
    media: MediaEngine
    media_host: str
    own_hosts: frozenset[str]
    desk: BridgeDesk
    archive: Archive
    refuse: Refusing
    live: Callable[[Bridge], None]


class Connector:
    """Carries out routes."""

    def __init__(self, exchange: Exchange) -> None:
        self._with = exchange

    async def to_user(self, asked: Asked, route: ToUser) -> None:
        """Ring all phones of a user."""
        bindings = await self._with.phones.reach(route.user.uuid)
        if not bindings:
            await self._refuse(asked, causes.CALLEE_OFFLINE)
            return
        stages = ring_phones(route.user, route.domain, bindings, asked.shown)
        callee = self._with.cards.sent(
            asked.card, asked.shown.user, route.user.login, user=route.user.uuid
        )
        kind = tape_for(route.domain.profile, asked.shown.user, asked.leg.called)
        await self._bridge(asked, callee, stages, Audio(route.domain.bypasses_media, kind))

    async def to_connection(
        self, asked: Asked, route: ToConnection, called: str | None = None
    ) -> None:
        """Deliver to a customer's own SIP server."""
        connection, called = route.connection, called or asked.leg.called
        ways = self._with.outlets.ways_to_connection(connection.uuid, called)
        if not ways:
            why = self._with.outlets.why_no_way(connection.uuid)
            cause = causes.ADDRESS_REFUSED if why else causes.CONNECTION_INACTIVE
            await self._refuse(asked, cause, why and f"{cause.words}: {why}")
            return
        passed = self._passed(asked, called)
        if passed is None:
            await self._refuse(asked, causes.LOOP)
            return
        callee = self._with.cards.sent(asked.card, asked.shown.user, called, user=None)
        stages = by_ways(ways, asked.shown, called, passed)
        named = connection.profile
        profile = await self._with.directory.profile(named) if named is not None else None
        kind = tape_for(profile, asked.shown.user, called)
        await self._bridge(asked, callee, stages, Audio(connection.bypasses_media, kind))

    async def to_number(self, asked: Asked, route: ToLease | ToNetwork) -> None:
        """Call a number: within the house if it is leased here, else by the carriers."""
        called = f"+{route.number}"
        passed = self._passed(asked, called)
        if passed is None:
            await self._refuse(asked, causes.LOOP)
            return
        kind = Kind.ON_NET if isinstance(route, ToLease) else Kind.PSTN
        callee = self._with.cards.sent(asked.card, route.caller_id, called, user=None)
        allowed = await self._ask_rules(asked, callee, route, kind)
        if not isinstance(allowed, Allowed):
            await self._refuse(asked, allowed)
            return
        callee.call.outbound_profile_uuid = route.profile.profile.uuid
        shown = Shown(route.caller_id, asked.shown.host, withheld=asked.shown.is_hidden)
        stages: Sequence[Stage]
        if kind is Kind.ON_NET:
            stages = in_house(called, shown)
        else:
            product = route.profile.profile.product_id
            stages = by_ways(self._with.outlets.ways_out(product, called), shown, called, passed)
        if not stages:
            allowed.ticket.close()
            await self._refuse(asked, causes.NO_ROUTE)
            return
        taped = tape_for(route.profile, route.caller_id, called)
        audio = Audio(route.profile.bypasses_media, taped)
        await self._bridge(asked, callee, stages, audio, allowed)

    def _passed(self, asked: Asked, called: str) -> list[str] | None:
        """Add our mark to where the call has been; None when it has been here already."""
        been = asked.leg.request.headers.get(PASSED, [])
        mark = mark_of(self._with.cards.node, called)
        return None if mark in been else [*been, mark]

    async def _bridge(
        self,
        asked: Asked,
        callee: CallCard,
        stages: Sequence[Stage],
        audio: Audio,
        allowed: Allowed | None = None,
    ) -> None:
        """Ring, with the media as it is set; `allowed` is what the call out costs and holds."""
        if asked.leg.hops_left < 1:
            if allowed is not None:
                allowed.ticket.close()
            await self._refuse(asked, causes.TOO_MANY_HOPS)
            return
        tickets = (*asked.tickets, *([allowed.ticket] if allowed else ()))
        bridge: Bridge | None = None
        try:
            media = await self._media(asked, callee, audio)
            if media is not None:
                bridge = self._made(asked, callee, allowed, media, tickets)
        finally:
            if bridge is None:
                for ticket in tickets:
                    ticket.close()
        if bridge is not None:
            if isinstance(media, Proxy):
                media.listen(bridge.on_media)
            self._with.live(bridge)
            bridge.start(stages)

    def _made(
        self,
        asked: Asked,
        callee: CallCard,
        allowed: Allowed | None,
        media: BridgeMedia,
        tickets: Sequence[Ticket],
    ) -> Bridge:
        desk, clock = self._with.desk, self._with.cards.clock
        rate = allowed.rate if allowed else FREE
        for name, value in rate_members(rate).items():
            setattr(callee.call, name, value)
        callee.ticket = allowed.ticket if allowed else None
        ours = Cdr(asked.card, asked.rate, desk.book, clock)
        theirs = Cdr(callee, rate, desk.book, clock)
        return Bridge(asked.leg, ours, theirs, media, tickets, desk, asked.leg.hops_left - 1)

    async def _media(self, asked: Asked, callee: CallCard, audio: Audio) -> BridgeMedia | None:
        """Prepare what the ends are told; None when the call had to be refused."""
        offer = asked.leg.offer
        if audio.bypass and audio.tape is None and offer is not None:
            return Bypass(offer)
        legs: list[MediaLeg] = []
        host = self._with.media_host
        try:
            legs.append(await self._with.media.open(asked.card.call.uuid, host))
            legs.append(await self._with.media.open(callee.call.uuid, host))
            return Proxy(legs[0], legs[1], offer, self._tape(asked, audio.tape, legs[0]))
        except (NoMediaPorts, MediaUnavailable) as fault:
            await self._refuse(asked, causes.NO_MEDIA, str(fault))
        except SdpRefused as refused:
            cause = causes.BAD_SDP if isinstance(refused, BadSdp) else causes.NO_COMMON_CODEC
            await self._refuse(asked, cause, f"{cause.words}: {refused}")
        for leg in legs:
            await leg.close()
        return None

    def _tape(self, asked: Asked, kind: TapeKind | None, leg: MediaLeg) -> BridgeTape | None:
        return BridgeTape(asked.card, kind, self._with.archive, leg) if kind is not None else None

    async def _refuse(
        self, asked: Asked, why: Cause | RuleRefused, words: str | None = None
    ) -> None:
        for ticket in asked.tickets:
            ticket.close()
        asked.card.call.peer_uuid = None
        if isinstance(why, RuleRefused):
            await self._with.refuse(asked.leg, asked.card, why.cause, why.words, why)
        else:
            await self._with.refuse(asked.leg, asked.card, why, words or why.words)

    async def _ask_rules(
        self, asked: Asked, callee: CallCard, route: ToLease | ToNetwork, kind: Kind
    ) -> Allowed | RuleRefused | Cause:
        if self._with.rules is None:
            return causes.NO_ROUTE
        return await self._with.rules.outbound(
            OutboundAsk(
                account=asked.card.account,
                profile=route.profile.profile,
                domain=asked.domain.name if asked.domain else None,
                caller_id=route.caller_id,
                to_e164=f"+{route.number}",
                call_uuid=callee.call.uuid,
                kind=kind,
                user=asked.user.uuid if asked.user else None,
                caller_is_own=True,
            )
        )
