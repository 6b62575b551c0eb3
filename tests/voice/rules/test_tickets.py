"""Tickets: what a call has paid in advance, and when it must end."""

import asyncio
from decimal import Decimal

import pytest

from opentact.billing.rating import Rate
from opentact.billing.reservations import Reserved
from opentact.kit.ids import new_id
from opentact.voice import causes
from opentact.voice.causes import Cause
from opentact.voice.rules.causes import DAILY_SPEND
from opentact.voice.rules.spending import Day, day_of
from opentact.voice.rules.tickets import Ticket
from support import virtual_time
from support.world import NOON

DOLLAR = Rate(Decimal(1))


class Credit:
    """Credit of so many dollars, without a database."""

    def __init__(self, left: int | str) -> None:
        self.left = Decimal(left)
        self.settled: list[tuple[Decimal, Decimal]] = []

    async def more(self, reserved: Reserved, want: Decimal, least: Decimal) -> Decimal:
        got = want if want <= self.left else self.left if self.left >= least else Decimal(0)
        self.left -= got
        reserved.amount += got
        return got

    def paid(self, reserved: Reserved, price: Decimal) -> None:
        self.settled.append((reserved.amount, price))


def ticket(
    credit: Credit, rate: Rate = DOLLAR, day: Day | None = None, limit: int | None = None
) -> tuple[Ticket, list[tuple[Decimal, Decimal]]]:
    left: list[tuple[Decimal, Decimal]] = []
    made = Ticket(
        rate,
        credit=credit,  # type: ignore[arg-type]
        reserved=Reserved(new_id(), rate.charge(60)),
        day=day,
        limit=None if limit is None else Decimal(limit),
        left=lambda reserved, price: left.append((reserved, price)),
    )
    return made, left


def today(reserved: int) -> Day:
    begin, end = day_of(NOON, "UTC")
    return Day(new_id(), "UTC", begin, end, NOON, Decimal(0), Decimal(reserved))


async def test_a_minute_is_paid_at_first_and_then_one_more_each_time() -> None:
    made, _ = ticket(Credit(2))
    assert made.seconds_paid == 60
    assert [await made.extend() for _ in range(3)] == [120, 180, 180]
    assert made.ends_by is causes.CREDIT_USED_UP


async def test_the_last_increments_are_given_one_by_one() -> None:
    made, _ = ticket(Credit("0.35"), Rate(Decimal(1), 6, 6))
    assert await made.extend() == 60 + 18
    assert await made.extend() == 78


async def test_the_days_limit_ends_a_call_as_well() -> None:
    day = today(1)
    made, _ = ticket(Credit(100), day=day, limit=2)
    assert [await made.extend() for _ in range(2)] == [120, 120]
    assert made.ends_by is DAILY_SPEND
    assert day.reserved == 2


async def test_a_ticket_closes_once() -> None:
    credit = Credit(0)
    made, left = ticket(credit)
    made.close()
    made.close()
    made.paid(Decimal(1))
    assert left == [(Decimal(1), Decimal(0))]
    assert credit.settled == [(Decimal(1), Decimal(0))]
    assert not made.open


async def test_a_call_that_pays_closes_with_its_charge_and_not_before() -> None:
    made, left = ticket(Credit(0))
    made.settling()
    made.close()
    assert left == []
    made.paid(Decimal("0.5"))
    assert left == [(Decimal(1), Decimal("0.5"))]


async def test_a_charge_that_is_lost_lets_go_all_the_same() -> None:
    made, left = ticket(Credit(0))
    made.settling()
    made.lost()
    assert left == [(Decimal(1), Decimal(0))]


async def test_a_free_call_has_no_end() -> None:
    made = Ticket(Rate(Decimal(0)), left=lambda *_: None)
    made.answered(lambda _: pytest.fail("ended"))
    assert made.seconds_paid is None
    assert await made.extend() is None


def test_a_call_talks_exactly_as_long_as_it_has_paid() -> None:
    ends: list[tuple[float, Cause]] = []

    async def call() -> None:
        loop = asyncio.get_running_loop()
        made, _ = ticket(Credit(2))
        begun = loop.time()
        over = loop.create_future()

        def end(cause: Cause) -> None:
            ends.append((round(loop.time() - begun, 3), cause))
            over.set_result(None)

        made.answered(end)
        await over
        made.close()

    virtual_time.play(call())
    assert ends == [(180.0, causes.CREDIT_USED_UP)]


class Restarting(Credit):
    """A database that is away for so many seconds from the first question on."""

    def __init__(self, left: int, away_s: float) -> None:
        super().__init__(left)
        self.away_s = away_s
        self.back_at: float | None = None

    async def more(self, reserved: Reserved, want: Decimal, least: Decimal) -> Decimal:
        now = asyncio.get_running_loop().time()
        self.back_at = now + self.away_s if self.back_at is None else self.back_at
        if now < self.back_at:
            raise ConnectionRefusedError
        return await super().more(reserved, want, least)


@pytest.mark.parametrize(
    ("away_s", "talked", "cause"),
    [(13.0, 180.0, causes.CREDIT_USED_UP), (3600.0, 60.0, causes.INTERNAL)],
)
def test_a_call_outlives_a_restart_of_the_database_for_as_long_as_it_has_paid(
    away_s: float, talked: float, cause: Cause
) -> None:
    ends: list[tuple[float, Cause]] = []

    async def call() -> None:
        loop = asyncio.get_running_loop()
        made, _ = ticket(Restarting(2, away_s))
        begun, over = loop.time(), loop.create_future()

        def end(cause: Cause) -> None:
            ends.append((round(loop.time() - begun, 3), cause))
            over.set_result(None)

        made.answered(end)
        await over
        made.close()

    virtual_time.play(call())
    assert ends == [(talked, cause)]
