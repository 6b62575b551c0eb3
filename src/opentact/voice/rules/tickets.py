"""A call that was let through: what it has reserved, how long that lasts, and its end.

A ticket holds a channel, credit and a share of the day's spending. It is closed once, when the
call is over; a call that pays does so in the unit of work that writes its end (call_pages).
"""

import asyncio
from collections.abc import Callable
from decimal import Decimal

import structlog

from opentact.billing.rating import MINUTE_S, Rate
from opentact.billing.reservations import Credit, Reserved
from opentact.kit.money import ZERO
from opentact.voice import causes
from opentact.voice.causes import Cause

from .causes import DAILY_SPEND
from .spending import Day

AHEAD_S = 15.0  # before what is paid runs out, more is asked for: the database may be slow
AGAIN_S = 1.0  # until it is asked again, when it did not answer
log = structlog.get_logger(__name__)
Left = Callable[[Decimal, Decimal], None]
"""Told once, at a ticket's end: what it had reserved, and what was paid of it."""


class Ticket:
    """One call's. `seconds_paid` is how long it may talk by now; None means without end.

    `ends_by` is why it will end then: the credit, or the day's limit.
    """

    def __init__(
        self,
        rate: Rate,
        *,
        credit: Credit | None = None,
        reserved: Reserved | None = None,
        day: Day | None = None,
        limit: Decimal | None = None,
        left: Left | None = None,
    ) -> None:
        """`left` frees what else the call counted for."""
        self.rate = rate
        self.ends_by: Cause = causes.CREDIT_USED_UP
        self.seconds_paid: int | None = None
        self.credit = credit
        self._reserved = reserved
        self._day = day
        self._limit = limit
        self._left = left
        self._settling = False
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None
        if reserved is not None:
            self.seconds_paid = rate.affordable_seconds(reserved.amount)

    @property
    def open(self) -> bool:
        """Whether the call still counts."""
        return self._left is not None

    @property
    def reserved(self) -> Decimal:
        """How much is set aside for the call."""
        return ZERO if self._reserved is None else self._reserved.amount

    async def extend(self) -> int | None:
        """Reserve the next minute, or what there is; returns `seconds_paid` as it is now.

        It stays as it was when nothing more can be had: the call must end then, by `ends_by`.
        """
        if self.credit is None or self._reserved is None or self.seconds_paid is None:
            return None
        steps = -(-MINUTE_S // self.rate.increment)
        want = self.rate.charge(self.seconds_paid + steps * self.rate.increment) - self.reserved
        least = self.rate.charge(self.seconds_paid + self.rate.increment) - self.reserved
        want = min(want, self._room())
        if want < least:
            self.ends_by = DAILY_SPEND
            return self.seconds_paid
        added = await self._more(want, least)
        if added:
            self.seconds_paid = self.rate.affordable_seconds(self.reserved)
        else:
            self.ends_by = causes.CREDIT_USED_UP
        return self.seconds_paid

    async def _more(self, want: Decimal, least: Decimal) -> Decimal:
        """Reserve it of the day's limit at once, then of the credit."""
        if self.credit is None or self._reserved is None:
            return ZERO
        if self._day is None:
            return await self.credit.more(self._reserved, want, least)
        self._day.reserved += want
        added = ZERO
        try:
            added = await self.credit.more(self._reserved, want, least)
        finally:
            self._day.reserved -= want - (added if self.open else ZERO)
        return added

    def answered(self, end: Callable[[Cause], None]) -> None:
        """Count from now: more is reserved in time, and `end` is told when nothing more is."""
        if self.seconds_paid is not None:
            self._begun = asyncio.get_running_loop().time()
            self._end = end
            self._wake(max(0.0, self.seconds_paid - AHEAD_S))

    def settling(self) -> None:
        """Leave the ticket to the unit of work that charges the call."""
        self._settling = True

    def paid(self, price: Decimal) -> None:
        """Close it: the charge, and the smaller hold with it, are stored."""
        self._close(price)

    def close(self) -> None:
        """Close it: the call is over. Twice is once; one that is being paid closes with that."""
        self._stop()
        if not self._settling:
            self._close(ZERO)

    def lost(self) -> None:
        """Close it although its charge could not be stored."""
        self._close(ZERO)

    def _close(self, price: Decimal) -> None:
        self._stop()
        left, self._left = self._left, None
        if left is None:
            return
        if self.credit is not None and self._reserved is not None:
            self.credit.paid(self._reserved, price)
        left(self.reserved, price)

    def _room(self) -> Decimal:
        """Tell how much more the day's limit lets the call reserve."""
        if self._day is None or self._limit is None:
            return Decimal("Infinity")
        return self._limit - self._day.present

    def _wake(self, after_start: float) -> None:
        self._timer = asyncio.get_running_loop().call_at(self._begun + after_start, self._woken)

    def _woken(self) -> None:
        self._timer = None
        if self._task is None:
            self._task = asyncio.create_task(self._go_on(), name="ticket")

    async def _go_on(self) -> None:
        before = self.seconds_paid or 0
        paid = await self._extended(before)
        self._task = None
        if paid is None or not self.open:
            return
        if paid > before:
            self._wake(paid - AHEAD_S)
        else:
            self._timer = asyncio.get_running_loop().call_at(
                self._begun + paid, self._end, self.ends_by
            )

    async def _extended(self, before: int) -> int | None:
        """Extend, again and again while the database is away, for as long as is paid."""
        loop = asyncio.get_running_loop()
        while True:
            left = self._begun + before - loop.time()
            try:
                return await asyncio.wait_for(self.extend(), max(AGAIN_S, left))
            except Exception as error:
                left = self._begun + before - loop.time()
                if left <= AGAIN_S or not self.open:
                    log.exception("credit_not_extended")
                    self.ends_by = causes.INTERNAL
                    return before
                log.warning("credit_not_extended_yet", left_s=round(left, 1), error=repr(error))
            await asyncio.sleep(AGAIN_S)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
