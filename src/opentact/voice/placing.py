"""Placing calls for the API: leave from the rules, a way there, a record, and a line that rings.

What is refused has a record as well, with the rule and its limits, and tells its end as an event:
the account sees the same as of a call that arrived (voice/switchboard.py).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import UUID

import structlog

from opentact.accounts.accounts import Account
from opentact.billing.rating import Rate
from opentact.kit.faults import Fault
from opentact.kit.ids import new_id
from opentact.kit.money import ZERO

from . import causes
from .admission import dialled_number
from .apps import SipControlApp
from .call_events import CallCard
from .calls import CallState, rate_members
from .causes import Cause
from .dialling import Stage
from .endings import ending
from .facts import ProfileFacts
from .forks import Shown, by_ways, in_house, mark_of, ring_phones
from .media import MediaUnavailable, NoMediaPorts
from .placed_call import PlacedCall, Placement
from .placed_line import PlacedLeg, PlacedLine
from .rules.asks import Allowed, Kind, OutboundAsk
from .rules.causes import CALLS_TOO_FAST, CHANNELS_FULL
from .rules.refusals import RuleRefused
from .switchboard import Switchboard
from .tape import tape_for

RING_S = 60.0
PASSING = (CHANNELS_FULL, CALLS_TOO_FAST, causes.NO_MEDIA)
"""What refuses a call now, and may let it through in a moment."""

log = structlog.get_logger(__name__)


class CallRefused(Fault):
    """The call is refused: the message says by which rule, of which object, and its limit.

    `meta` is the uuid of the call's record, which holds the refusal member by member.
    """

    code = "call_refused"
    status = 403

    def __init__(self, message: str, cause: Cause, call: UUID) -> None:
        super().__init__(message, meta=str(call))
        self.cause = cause

    @property
    def will_pass(self) -> bool:
        """Whether the same call may be let through in a moment."""
        return self.cause in PASSING


class CallNotAffordable(CallRefused):
    """The call is refused for money: the balance, or the day's limit, does not pay for it."""

    code = "call_not_affordable"
    status = 402


class CallNotNow(CallRefused):
    """The call cannot be placed now: every channel is in use, or no trunk leads there."""

    code = "call_not_now"
    status = 503


@dataclass(frozen=True, slots=True, eq=False)
class Order:
    """A call that is to be placed.

    `to` is a number, or `login@domain` of a SIP user of the account. `caller` is the number that
    is shown, held or verified by the account. `app` holds the flow's source and limits; it is
    shown with the call only if `shows_app`. A `sealed` call runs this flow and nothing else.
    """

    account: Account
    profile: ProfileFacts
    caller: int
    to: str
    app: SipControlApp
    static: bytes | None = None
    shows_app: bool = False
    lease: UUID | None = None
    ring_s: float = RING_S
    max_s: int | None = None
    sealed: bool = False
    uuid: UUID = field(default_factory=new_id)


@dataclass(frozen=True, slots=True)
class Way:
    """Whom to ring, and what a call there costs: nothing, if it stays on the platform."""

    kind: Kind
    stages: list[Stage]


class Placer:
    """Places calls from one node. `placing` are those that do not ring yet."""

    def __init__(self, board: Switchboard) -> None:
        self._board = board
        self._with = board.exchange
        self.placing: set[UUID] = set()

    async def place(self, order: Order, *, patient: bool = False) -> PlacedCall:
        """Have a call ring; its record is stored by then. `CallRefused` says why not.

        Who is `patient` asks again when it `will_pass`: then there is no record of the refusal.
        """
        card = self._card(order)
        try:
            return await self._place(order, card)
        except _Refused as refused:
            why = refused.why
            cause, words = (why.cause, why.words) if isinstance(why, RuleRefused) else (why, "")
            fault = _fault_of(cause)(words or cause.words, cause, order.uuid)
            if not (patient and fault.will_pass):
                await self._write_refused(card, why, str(fault))
            raise fault from None

    @contextmanager
    def starts(self, call: UUID) -> Iterator[None]:
        """Know that this call is on its way to be placed."""
        self.placing.add(call)
        try:
            yield
        finally:
            self.placing.discard(call)

    async def way(self, order: Order) -> Way | Cause:
        """Find whom to ring, or the cause why nobody can be."""
        user, _, host = order.to.rpartition("@")
        if user:
            return await self._way_to_user(order, user, host)
        number = dialled_number(order.to)
        if number is None:
            return causes.NOT_LEASED
        called, shown = f"+{number}", self._shown(order)
        if await self._with.directory.holder(number) is not None:
            return Way(Kind.ON_NET, in_house(called, shown))
        product = order.profile.profile.product_id
        marks = [mark_of(self._with.cards.node, called)]
        stages = by_ways(self._with.outlets.ways_out(product, called), shown, called, marks)
        return Way(Kind.PSTN, stages)

    async def _way_to_user(self, order: Order, login: str, host: str) -> Way | Cause:
        domain = await self._with.directory.domain(host)
        if domain is None or domain.account.uuid != order.account.uuid:
            return causes.UNKNOWN_USER
        user = await self._with.directory.user(domain.uuid, login)
        if user is None:
            return causes.UNKNOWN_USER
        if not user.is_active:
            return causes.USER_INACTIVE
        bindings = await self._with.phones.reach(user.uuid)
        if not bindings:
            return causes.CALLEE_OFFLINE
        return Way(Kind.ON_NET, ring_phones(user, domain, bindings, self._shown(order)))

    def _shown(self, order: Order) -> Shown:
        return Shown(f"+{order.caller}", self._with.media_host)

    def _card(self, order: Order) -> CallCard:
        app = order.app if order.shows_app else None
        caller, number = f"+{order.caller}", dialled_number(order.to)
        to = str(number) if number is not None else order.to
        card = self._with.cards.placed(order.uuid, order.account, caller, to, app)
        card.call.outbound_profile_uuid = order.profile.profile.uuid
        card.call.lease_uuid = order.lease
        return card

    async def _place(self, order: Order, card: CallCard) -> PlacedCall:
        way = await self.way(order)
        if isinstance(way, Cause):
            raise _Refused(way)
        allowed = await self._ask_rules(order, way.kind)
        if not isinstance(allowed, Allowed):
            raise _Refused(allowed)
        try:
            return await self._ring(order, card, way, allowed)
        except BaseException:
            allowed.ticket.close()
            raise

    async def _ask_rules(self, order: Order, kind: Kind) -> Allowed | RuleRefused | Cause:
        if self._with.rules is None:
            return causes.NO_ROUTE
        if not order.profile.profile.is_active:
            return causes.PROFILE_INACTIVE
        return await self._with.rules.outbound(self.ask(order, kind))

    def ask(self, order: Order, kind: Kind) -> OutboundAsk:
        """Say what the rules are asked."""
        return OutboundAsk(
            account=order.account,
            profile=order.profile.profile,
            domain=None,
            caller_id=f"+{order.caller}",
            to_e164=f"+{dialled_number(order.to) or ''}",
            call_uuid=order.uuid,
            kind=kind,
            caller_is_own=True,
        )

    async def _ring(self, order: Order, card: CallCard, way: Way, allowed: Allowed) -> PlacedCall:
        if not way.stages:
            raise _Refused(causes.NO_ROUTE)
        rate = allowed.rate if way.kind is Kind.PSTN else Rate(ZERO)
        for name, value in rate_members(rate).items():
            setattr(card.call, name, value)
        card.ticket = allowed.ticket
        try:
            media = await self._with.media.open(order.uuid, self._with.media_host)
        except (NoMediaPorts, MediaUnavailable):
            raise _Refused(causes.NO_MEDIA) from None
        line = PlacedLine(PlacedLeg(str(order.uuid)), media)
        placement = Placement(
            card,
            order.app,
            order.static,
            rate,
            way.stages,
            order.ring_s,
            order.max_s,
            order.sealed,
            tape=None if order.sealed else tape_for(order.profile, str(order.caller), order.to),
        )
        book = self._board.desk.book
        try:
            book.opened(card)
            await book.durable(card)
        except BaseException:
            await line.close()
            raise
        call = PlacedCall(placement, line, self._board.desk, self._with.desk)
        self._board.converse(call)
        return call

    async def _write_refused(self, card: CallCard, why: Cause | RuleRefused, words: str) -> None:
        """Write a refused call down, with its one end."""
        cause = why.cause if isinstance(why, RuleRefused) else why
        log.info("call_not_placed", cause=cause.name, called=card.call.to)
        book, now = self._board.desk.book, self._board.desk.clock.now()
        card.ticket = None
        card.call.refusal = why.as_dict() if isinstance(why, RuleRefused) else None
        book.opened(card)
        book.changed(
            card, state=CallState.DESTROYED, hangup_on=now, destroy_on=now, **ending(cause, words)
        )
        book.entered(card, CallState.DESTROYED)
        await book.durable(card)


class _Refused(Exception):  # noqa: N818 - a decision, on its way to where it is written down
    def __init__(self, why: Cause | RuleRefused) -> None:
        super().__init__(why)
        self.why = why


def _fault_of(cause: Cause) -> type[CallRefused]:
    return {402: CallNotAffordable, 503: CallNotNow}.get(cause.sip, CallRefused)
