"""What calls by a profile have cost today, in the account's own day.

The ledger is the truth; it is read when a profile is first asked about, and again from time to
time, because other nodes spend too. In between what is charged here is counted here, and what
live calls have reserved counts as spent.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from opentact.billing.ledger import Transaction
from opentact.kit.clock import zone_of
from opentact.kit.money import ZERO
from opentact.voice.calls import Call

REREAD = timedelta(seconds=30)  # how long the spending of another node may go unseen
log = structlog.get_logger(__name__)

Read = Callable[[UUID, UUID, datetime], Awaitable[Decimal]]
"""Sum up what an account's calls by a profile have cost since a moment."""


def day_of(now: datetime, zone: str) -> tuple[datetime, datetime]:
    """Tell when the day began where the account is, and when the next one begins."""
    there = zone_of(zone)
    today = now.astimezone(there).date()
    midnights = (
        datetime.combine(day, time.min, there).astimezone(now.tzinfo)
        for day in (today, today + timedelta(days=1))
    )
    begin, end = midnights
    return begin, end


async def spent_since(
    session: AsyncSession, account: UUID, profile: UUID, since: datetime
) -> Decimal:
    """Sum up the ledger's entries of the account's calls by the profile since then."""
    total = await session.scalar(
        select(func.sum(Transaction.amount))
        .join(Call, Call.uuid == Transaction.ref_uuid)
        .where(
            Transaction.account_uuid == account,
            Transaction.created_on >= since,
            Call.outbound_profile_uuid == profile,
        )
    )
    return -(total or ZERO)


@dataclass(slots=True)
class Day:
    """One profile's day. `spent` is charged, `reserved` may be."""

    account: UUID
    zone: str
    begin: datetime
    end: datetime
    read_on: datetime
    spent: Decimal = ZERO
    reserved: Decimal = ZERO
    meanwhile: Decimal = ZERO
    reading: bool = False

    @property
    def present(self) -> Decimal:
        """What counts against the limit."""
        return self.spent + self.reserved


class Spending:
    """The days of the profiles that have a limit."""

    def __init__(self, read: Read, now: Callable[[], datetime]) -> None:
        self._read = read
        self._now = now
        self._days: dict[UUID, Day] = {}
        self._tasks: set[asyncio.Task[Any]] = set()

    async def day(self, profile: UUID, account: UUID, zone: str) -> Day:
        """Find the profile's day as it is now; raises what the database said."""
        now = self._now()
        day = self._days.get(profile)
        if day is None:
            begin, end = day_of(now, zone)
            spent = await self._read(account, profile, begin)
            fresh = Day(account, zone, begin, end, now, spent)
            day = self._days.setdefault(profile, fresh)
        self._turn(day, zone, now)
        if now - day.read_on >= REREAD and not day.reading:
            day.reading = True
            task = asyncio.create_task(self._reread(profile, day), name="spending")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return day

    async def close(self) -> None:
        """Wait for what is being read."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    def ended(self, day: Day, reserved: Decimal, price: Decimal) -> None:
        """Note that a call has ended, and paid."""
        self._turn(day, day.zone, self._now())
        day.reserved -= reserved
        day.spent += price
        day.meanwhile += price

    def _turn(self, day: Day, zone: str, now: datetime) -> None:
        """Begin a new day at midnight, or when the account has moved."""
        if day.begin <= now < day.end and day.zone == zone:
            return
        day.begin, day.end = day_of(now, zone)
        if day.zone == zone:
            day.spent, day.read_on = ZERO, now
        else:
            day.zone, day.read_on = zone, now - REREAD

    async def _reread(self, profile: UUID, day: Day) -> None:
        day.meanwhile, begin = ZERO, day.begin
        try:
            spent = await self._read(day.account, profile, begin)
            if day.begin == begin:
                # What was charged while we read may be in the sum already: the safe side.
                day.spent = spent + day.meanwhile
            day.read_on = self._now()
        except Exception as error:  # noqa: BLE001 - the day goes on as it is known
            log.warning("spending_not_read", profile=str(profile), error=repr(error))
        finally:
            day.reading = False
