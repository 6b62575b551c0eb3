"""A day's spending, in the account's own day."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from opentact.kit.ids import new_id
from opentact.voice.rules.spending import Spending, day_of
from support.world import Hands

ACCOUNT, PROFILE = new_id(), new_id()
PARIS = "Europe/Paris"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "zone", "begin", "hours"),
    [
        ("2026-06-01 12:00", "UTC", "2026-06-01 00:00", 24),
        ("2026-06-01 23:30", PARIS, "2026-06-01 22:00", 24),
        ("2026-03-29 12:00", PARIS, "2026-03-28 23:00", 23),
        ("2026-10-25 12:00", PARIS, "2026-10-24 22:00", 25),
        ("2026-03-08 12:00", "America/New_York", "2026-03-08 05:00", 23),
        ("2026-09-06 12:00", "America/Santiago", "2026-09-06 04:00", 23),
        ("2026-06-01 12:00", "Nowhere/Land", "2026-06-01 00:00", 24),
    ],
)
def test_a_day_is_the_accounts_own_whatever_the_clocks_do(
    now: str, zone: str, begin: str, hours: int
) -> None:
    begun, ends = day_of(at(now), zone)
    assert (begun, ends - begun) == (at(begin), timedelta(hours=hours))


class Ledger:
    """What was spent, as the database says; `asked` are the moments it was asked since."""

    def __init__(self, spent: str = "0") -> None:
        self.spent = Decimal(spent)
        self.asked: list[datetime] = []

    async def __call__(self, account: UUID, profile: UUID, since: datetime) -> Decimal:
        assert (account, profile) == (ACCOUNT, PROFILE)
        self.asked.append(since)
        return self.spent


async def test_what_was_spent_before_the_start_counts() -> None:
    ledger, clock = Ledger("2.5"), Hands(at("2026-06-01 23:30"))
    day = await Spending(ledger, clock.now).day(PROFILE, ACCOUNT, PARIS)
    assert day.present == Decimal("2.5")
    assert ledger.asked == [at("2026-06-01 22:00")]


async def test_live_calls_count_with_what_they_reserved_and_ended_ones_with_their_price() -> None:
    spending = Spending(Ledger(), Hands(at("2026-06-01 12:00")).now)
    day = await spending.day(PROFILE, ACCOUNT, PARIS)
    day.reserved += Decimal(2)
    assert day.present == 2
    spending.ended(day, Decimal(2), Decimal("0.5"))
    assert day.present == Decimal("0.5")


async def test_it_begins_anew_at_midnight_but_for_calls_that_still_run() -> None:
    clock = Hands(at("2026-06-01 21:59"))
    spending = Spending(Ledger("7"), clock.now)
    day = await spending.day(PROFILE, ACCOUNT, PARIS)
    day.reserved += Decimal(1)
    clock.at = at("2026-06-01 22:00")
    assert (await spending.day(PROFILE, ACCOUNT, PARIS)).present == 1


async def test_an_account_that_moves_has_another_day() -> None:
    ledger, clock = Ledger("7"), Hands(at("2026-06-01 12:00"))
    spending = Spending(ledger, clock.now)
    await spending.day(PROFILE, ACCOUNT, PARIS)
    await spending.day(PROFILE, ACCOUNT, "Asia/Tokyo")
    await spending.close()
    assert ledger.asked == [at("2026-05-31 22:00"), at("2026-05-31 15:00")]


async def test_what_other_nodes_spend_is_seen_a_little_later() -> None:
    ledger, clock = Ledger("1"), Hands(at("2026-06-01 12:00"))
    spending = Spending(ledger, clock.now)
    await spending.day(PROFILE, ACCOUNT, PARIS)
    ledger.spent = Decimal(9)
    clock.at += timedelta(seconds=31)
    day = await spending.day(PROFILE, ACCOUNT, PARIS)
    await spending.close()
    assert day.present == 9
