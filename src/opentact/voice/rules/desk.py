"""Where calls ask whether they may: the rules, the price, the credit, all in one answer.

Most of it is decided in memory. What is refused says by which rule, of which object; what is
allowed gets a ticket that holds its place until the call is over.
"""

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from functools import partial
from uuid import UUID

from opentact.accounts.accounts import Account
from opentact.billing.rating import MINUTE_S, Rate
from opentact.billing.reservations import Credit, Reserved, Short
from opentact.kit.money import ZERO
from opentact.voice import causes
from opentact.voice.screening import screened

from . import catalogue
from .asks import Allowed, Answer, InboundAsk, Kind, OutboundAsk
from .causes import CALLS_TOO_FAST
from .channel_limit import over
from .counters import LONGEST_WAIT_S
from .gathering import Counts, Gathered, Gatherer, account_object
from .refusals import RuleObject, RuleRefused
from .spending import Day, Spending
from .tickets import Ticket

FREE = Rate(ZERO)


class Rules:
    """Answers for the calls of one node."""

    def __init__(
        self,
        gatherer: Gatherer,
        counts: Counts,
        spending: Spending,
        credit: Credit,
        seconds: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`seconds` never go back; `sleep` waits for a turn."""
        self._gatherer = gatherer
        self._counts = counts
        self._spending = spending
        self._credit = credit
        self._seconds = seconds
        self._sleep = sleep

    async def outbound(self, ask: OutboundAsk) -> Answer:
        """Let a call out, or refuse it; it may wait for its turn. Raises what the database said."""
        if ask.kind is Kind.ON_NET:
            return self._on_net(ask.account)
        if ask.profile is None:
            return _no_profile(ask)
        gathered = await self._gatherer.gather(ask, ask.profile)
        refused = catalogue.first_refusal(catalogue.ALL, gathered.facts)
        if refused is not None:
            return refused
        wait = self._turn(ask, gathered)
        if isinstance(wait, RuleRefused):
            return wait
        if wait:
            await self._sleep(wait)
            self._gatherer.count(gathered, ask)
            refused = catalogue.first_refusal(catalogue.COUNTED, gathered.facts)
            if refused is not None:
                return refused
        return await self._let_out(ask, gathered)

    async def inbound(self, ask: InboundAsk) -> Answer:
        """Let a call in to a leased number, or refuse it. Raises what the database said."""
        lists = ask.screening
        if lists is not None:
            by = screened(lists, ask.caller, withheld=ask.withheld)
            if by is not None:
                of = RuleObject("tn_profile", lists.uuid, lists.name)
                shown = "anonymous" if ask.withheld else ask.caller
                return RuleRefused(causes.SCREENED, by, of, _ALLOWS[by], shown or "anonymous")
        refused = self._account_full(ask.account)
        if refused is not None:
            return refused
        keys = (ask.account.uuid,)
        self._counts.channels.enter(*keys)
        return await self._paid_for(ask.account, ask.rate, keys)

    def _on_net(self, account: Account) -> Answer:
        refused = self._account_full(account)
        if refused is not None:
            return refused
        self._counts.channels.enter(account.uuid)
        return Allowed(FREE, Ticket(FREE, left=partial(self._left, (account.uuid,), None)))

    def _account_full(self, account: Account) -> RuleRefused | None:
        limit = self._gatherer.account_channels(account)
        if limit is None:
            return None
        return over(account_object(account), limit, self._counts.channels.of(account.uuid))

    def _turn(self, ask: OutboundAsk, gathered: Gathered) -> float | RuleRefused:
        """Take a turn of the profile's and the account's pace: seconds to wait, 0 for now."""
        paces = (
            (gathered.facts.profile, gathered.profile.calls_per_second),
            (gathered.facts.account, self._gatherer.pace_of(ask.account)),
        )
        pacer, now = self._counts.pacer, self._seconds()
        limited = [(of, pace) for of, pace in paces if pace is not None and of.uuid is not None]
        for of, pace in limited:
            wait = pacer.wait_of(_uuid(of), now)
            if wait > LONGEST_WAIT_S or not pace:
                waiting = f"{wait:.1f} s of calls wait" if pace else "1"
                return RuleRefused(CALLS_TOO_FAST, "calls_per_second", of, str(pace), waiting)
        turns = [pacer.turn(_uuid(of), pace, now) or 0.0 for of, pace in limited]
        return max(turns, default=0.0)

    async def _let_out(self, ask: OutboundAsk, gathered: Gathered) -> Answer:
        keys = (gathered.profile.uuid, ask.account.uuid)
        self._counts.channels.enter(*keys)
        if ask.user is not None:
            self._counts.velocity.add(ask.user, self._seconds())
        rate = gathered.facts.rate or FREE
        return await self._paid_for(
            ask.account, rate, keys, gathered.day, gathered.profile.daily_spend_limit
        )

    async def _paid_for(
        self,
        account: Account,
        rate: Rate,
        keys: tuple[UUID, ...],
        day: Day | None = None,
        limit: Decimal | None = None,
    ) -> Answer:
        """Reserve the first minute for a call that is counted already, or uncount it."""
        if rate.is_free:
            return Allowed(rate, Ticket(rate, left=partial(self._left, keys, day)))
        first = rate.charge(MINUTE_S)
        if day is not None:
            day.reserved += first
        reserved: Reserved | Short | None = None
        try:
            reserved = await self._credit.reserve(account.uuid, first)
        finally:
            if not isinstance(reserved, Reserved):
                self._left(keys, day, first, ZERO)
        if isinstance(reserved, Short):
            of, limits = account_object(account), (f"{first:.5f}", f"{reserved.free:.5f}")
            return RuleRefused(causes.BALANCE_EMPTY, "balance", of, *limits)
        left = partial(self._left, keys, day)
        ticket = Ticket(
            rate, credit=self._credit, reserved=reserved, day=day, limit=limit, left=left
        )
        return Allowed(rate, ticket)

    def _left(
        self, keys: tuple[UUID, ...], day: Day | None, reserved: Decimal, price: Decimal
    ) -> None:
        self._counts.channels.leave(*keys)
        if day is not None:
            self._spending.ended(day, reserved, price)


_ALLOWS = {"blacklist": "callers not on it", "whitelist": "callers on it"}


def _no_profile(ask: OutboundAsk) -> RuleRefused:
    of = RuleObject("sip_domain", None, ask.domain) if ask.domain else account_object(ask.account)
    return RuleRefused(
        causes.NO_PROFILE, "outbound_voice_profile", of, "one that is linked", "none"
    )


def _uuid(of: RuleObject) -> UUID:
    if of.uuid is None:
        raise ValueError(f"{of} has no uuid to count by")
    return of.uuid
