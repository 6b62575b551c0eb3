"""What an account paid for, summed up (spec/02, transactions)."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from .ledger import RefType, Transaction


@dataclass(frozen=True, slots=True)
class Span:
    """From a moment, up to another one that is no longer part of it."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Day:
    """One day's entries of a kind. `day` is a date in UTC."""

    day: str
    count: int
    sum: Decimal


def last_month(now: datetime) -> Span:
    """Tell the month before this one."""
    end = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return Span((end - timedelta(days=1)).replace(day=1), end)


def last_days(now: datetime, days: int = 30) -> Span:
    """Tell the last days up to now."""
    return Span(now - timedelta(days=days), now)


async def invoice(
    session: AsyncSession, account: UUID, span: Span
) -> list[tuple[RefType, Decimal]]:
    """Sum up the account's entries in the span, kind by kind."""
    rows = await session.execute(
        select(Transaction.ref_type, func.sum(Transaction.amount).label("amount"))
        .where(*_in(account, span))
        .group_by(Transaction.ref_type)
        .order_by(Transaction.ref_type)
    )
    return [(row.ref_type, row.amount) for row in rows]


async def dashboard(session: AsyncSession, account: UUID, kind: RefType, span: Span) -> list[Day]:
    """Sum up the account's entries of a kind, day by day; days without any are left out."""
    rows = await session.execute(
        select(Transaction.created_on, Transaction.amount)
        .where(*_in(account, span), Transaction.ref_type == kind)
        .order_by(Transaction.created_on)
    )
    days: dict[str, Day] = {}
    for row in rows:
        day = row.created_on.astimezone(UTC).date().isoformat()
        known = days.get(day, Day(day, 0, Decimal(0)))
        days[day] = Day(day, known.count + 1, known.sum + row.amount)
    return list(days.values())


def _in(account: UUID, span: Span) -> tuple[ColumnElement[bool], ...]:
    return (
        Transaction.account_uuid == account,
        Transaction.created_on >= span.start,
        Transaction.created_on < span.end,
    )
