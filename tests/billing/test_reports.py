"""What an account paid for, by month and by day."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from opentact.adapters.storage.database import Database
from opentact.billing.ledger import Line, RefType, post
from opentact.billing.reports import Day, Span, dashboard, invoice, last_days, last_month
from support.world import NOON

from .conftest import Opens

JANUARY = Span(datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 2, 1, tzinfo=UTC))


async def enter(
    database: Database, account: UUID, at: datetime, kind: RefType, *amounts: str
) -> None:
    async with database.write() as session:
        made = [Line(Decimal(amount), kind) for amount in amounts]
        await post(session, account, made, now=at, overdraw=True)


@pytest.mark.parametrize(
    ("now", "start", "end"),
    [
        (datetime(2024, 3, 31, 23, 59, tzinfo=UTC), (2024, 2, 1), (2024, 3, 1)),
        (datetime(2024, 1, 1, tzinfo=UTC), (2023, 12, 1), (2024, 1, 1)),
        (datetime(2024, 12, 15, 1, 2, 3, 4, tzinfo=UTC), (2024, 11, 1), (2024, 12, 1)),
    ],
)
def test_last_month_is_the_whole_month_before(
    now: datetime, start: tuple[int, int, int], end: tuple[int, int, int]
) -> None:
    assert last_month(now) == Span(datetime(*start, tzinfo=UTC), datetime(*end, tzinfo=UTC))


def test_last_days_end_now() -> None:
    assert last_days(NOON) == Span(NOON - timedelta(days=30), NOON)
    assert last_days(NOON, 1) == Span(NOON - timedelta(days=1), NOON)


async def test_an_invoice_sums_up_each_kind_within_the_span(
    database: Database, account: UUID, opens: Opens
) -> None:
    await enter(database, account, JANUARY.start, RefType.SMS_MRC, "-0.2", "-0.3")
    await enter(database, account, NOON, RefType.PAYMENT, "10")
    await enter(database, account, JANUARY.end, RefType.PAYMENT, "99")
    await enter(database, account, JANUARY.start - timedelta(milliseconds=1), RefType.PAYMENT, "99")
    await enter(database, await opens("bob"), NOON, RefType.PAYMENT, "99")
    async with database.read() as session:
        report = dict(await invoice(session, account, JANUARY))
    assert report == {RefType.PAYMENT: Decimal(10), RefType.SMS_MRC: Decimal("-0.5")}


async def test_a_dashboard_counts_and_sums_up_each_day_of_a_kind(
    database: Database, account: UUID
) -> None:
    last_ms = datetime(2024, 1, 16, 23, 59, 59, 999_000, tzinfo=UTC)
    for at in (NOON, last_ms, last_ms + timedelta(milliseconds=1)):
        await enter(database, account, at, RefType.VOICE_INCOMING, "-0.0085")
    await enter(database, account, NOON, RefType.PAYMENT, "10")
    async with database.read() as session:
        days = await dashboard(session, account, RefType.VOICE_INCOMING, JANUARY)
    assert days == [
        Day("2024-01-16", 2, Decimal("-0.017")),
        Day("2024-01-17", 1, Decimal("-0.0085")),
    ]
