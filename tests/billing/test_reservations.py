"""Credit reserved while calls run never overdraws, and none of it is forgotten."""

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import func, select

from opentact.accounts.accounts import get_account
from opentact.adapters.storage.database import Database
from opentact.adapters.storage.journal import Journal, T, Work
from opentact.billing.holds import Hold, check_free, unheld_balance
from opentact.billing.ledger import Line, NotEnoughBalance, RefType, post
from opentact.billing.node_holds import drop_all
from opentact.billing.reservations import Credit, Reserved, Short
from support.world import NOON, Hands

from .conftest import Opens


@pytest.fixture
async def journal(database: Database) -> AsyncIterator[Journal]:
    journal = Journal(database, linger=0.0)
    yield journal
    await journal.close()


@pytest.fixture
async def credit(journal: Journal) -> AsyncIterator[Credit]:
    credit = Credit(journal, Hands(), "a", idle_s=0.01)
    yield credit
    await credit.close()


async def give(database: Database, account: UUID, amount: int | str) -> None:
    async with database.write() as session:
        await post(session, account, [Line(Decimal(amount), RefType.PAYMENT)], now=NOON)


async def held(database: Database) -> Decimal:
    async with database.read() as session:
        return Decimal(await session.scalar(select(func.coalesce(func.sum(Hold.amount), 0))) or 0)


async def pays(database: Database, credit: Credit, call: Reserved, price: Decimal) -> None:
    """Charge a call as the call book does: the hold shrinks in the same transaction."""
    async with database.write() as session:
        line = Line(-price, RefType.VOICE_OUTGOING)
        await post(session, call.account, [line], now=NOON, overdraw=True)
        await credit.settle(session, {call.account: price})
    credit.paid(call, price)


async def test_two_calls_at_once_cannot_spend_the_last_dollar_twice(
    database: Database, credit: Credit, account: UUID
) -> None:
    await give(database, account, 1)
    got = await asyncio.gather(*(credit.reserve(account, Decimal(1)) for _ in range(2)))
    assert sorted(type(each).__name__ for each in got) == ["Reserved", "Short"]


async def test_nor_can_calls_of_two_nodes(
    database: Database, journal: Journal, credit: Credit, account: UUID
) -> None:
    await give(database, account, 5)
    other = Credit(Journal(database, linger=0.0), Hands(), "b", idle_s=0.01)
    asked = [each.reserve(account, Decimal(1)) for each in (credit, other) for _ in range(6)]
    got = await asyncio.gather(*asked)
    assert sum(isinstance(each, Reserved) for each in got) == 5
    await other.close()


async def test_an_order_cannot_spend_what_a_call_has_reserved(
    database: Database, credit: Credit, account: UUID
) -> None:
    await give(database, account, 3)
    await credit.reserve(account, Decimal(2))
    async with database.write() as session:
        with pytest.raises(NotEnoughBalance):
            await check_free(session, account, Decimal(2))


async def test_the_refusal_says_what_is_free(
    database: Database, credit: Credit, account: UUID
) -> None:
    await give(database, account, "1.5")
    await credit.reserve(account, Decimal(1))
    assert await credit.reserve(account, Decimal(1)) == Short(Decimal("0.5"))


async def test_what_a_call_did_not_pay_is_free_again(
    database: Database, credit: Credit, account: UUID
) -> None:
    await give(database, account, 1)
    call = await credit.reserve(account, Decimal(1))
    assert isinstance(call, Reserved)
    credit.release(call)
    credit.release(call)
    assert isinstance(await credit.reserve(account, Decimal(1)), Reserved)


async def test_a_call_that_goes_on_gets_what_there_is_and_then_nothing(
    database: Database, credit: Credit, account: UUID
) -> None:
    await give(database, account, "2.4")
    call = await credit.reserve(account, Decimal(1))
    assert isinstance(call, Reserved)
    assert await credit.more(call, Decimal(1), Decimal("0.1")) == 1
    assert await credit.more(call, Decimal(1), Decimal("0.1")) == Decimal("0.4")
    assert await credit.more(call, Decimal(1), Decimal("0.1")) == 0
    assert call.amount == Decimal("2.4")


async def test_an_ended_call_gets_no_more(
    database: Database, credit: Credit, account: UUID
) -> None:
    await give(database, account, 9)
    call = await credit.reserve(account, Decimal(1))
    assert isinstance(call, Reserved)
    more = asyncio.create_task(credit.more(call, Decimal(1), Decimal(1)))
    await asyncio.sleep(0)
    credit.release(call)
    assert await more == 0
    await _idle(database)


async def _idle(database: Database) -> None:
    """Wait until nothing is held any more."""
    async with asyncio.timeout(5):
        while await held(database):  # noqa: ASYNC110 - a commit tells nobody but who asks
            await asyncio.sleep(0)


async def test_nothing_is_held_once_the_calls_are_over(
    database: Database, credit: Credit, account: UUID
) -> None:
    await give(database, account, 100)
    calls = await asyncio.gather(*(credit.reserve(account, Decimal(1)) for _ in range(20)))
    assert await held(database) >= 20
    for call in calls:
        assert isinstance(call, Reserved)
        await pays(database, credit, call, Decimal("0.25"))
    await _idle(database)
    async with database.read() as session:
        assert await unheld_balance(session, account) == Decimal(95)


async def test_many_calls_take_few_trips_and_little_of_what_is_left(
    database: Database, credit: Credit, account: UUID, opens: Opens
) -> None:
    await give(database, account, 1_000)
    for _ in range(100):
        assert isinstance(await credit.reserve(account, Decimal(1)), Reserved)
    assert 100 <= await held(database) <= 325


async def test_a_node_that_starts_again_lets_go_of_what_it_held(
    database: Database, credit: Credit, account: UUID
) -> None:
    await give(database, account, 4)
    await credit.reserve(account, Decimal(4))
    async with database.write() as session:
        await drop_all(session, "a")
    assert await held(database) == 0


async def test_a_failing_database_is_told_to_who_waits_and_reserves_nothing(
    database: Database, account: UUID
) -> None:
    class Broken:
        def later(self, work: object) -> "asyncio.Future[object]":
            del work
            future: asyncio.Future[object] = asyncio.get_running_loop().create_future()
            future.set_exception(RuntimeError("the journal is closed"))
            return future

    credit = Credit(Broken(), Hands(), "a", idle_s=60)
    with pytest.raises(RuntimeError, match="closed"):
        await credit.reserve(account, Decimal(1))
    assert credit.held(account) == 0


async def test_a_hold_that_could_not_go_goes_when_the_database_is_back(
    database: Database, account: UUID
) -> None:
    class Restarting(Journal):
        away = 0

        def later(self, work: Work[T]) -> "asyncio.Future[T]":
            if self.away:
                self.away -= 1
                future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
                future.set_exception(ConnectionRefusedError())
                return future
            return super().later(work)

    await give(database, account, 3)
    journal = Restarting(database, linger=0.0)
    credit = Credit(journal, Hands(), "a", idle_s=0.0)
    call = await credit.reserve(account, Decimal(1))
    assert isinstance(call, Reserved)
    journal.away = 3
    credit.release(call)
    await _idle(database)
    assert journal.away == 0
    await credit.close()
    await journal.close()


async def test_who_comes_while_more_is_held_does_not_wait_for_another_round(
    database: Database, journal: Journal, account: UUID
) -> None:
    class Counting(Journal):
        rounds = 0

        def later(self, work: Work[T]) -> "asyncio.Future[T]":
            self.rounds += 1
            return super().later(work)

    await give(database, account, 1000)
    counting = Counting(database, linger=0.0)
    credit = Credit(counting, Hands(), "a", idle_s=60)
    first = [asyncio.create_task(credit.reserve(account, Decimal(1))) for _ in range(20)]
    await asyncio.sleep(0)
    assert counting.rounds == 0  # it is asked for, and has not begun
    await asyncio.sleep(0)
    assert counting.rounds == 1
    later = [asyncio.create_task(credit.reserve(account, Decimal(1))) for _ in range(10)]
    await asyncio.gather(*first, *later)
    assert counting.rounds == 1
    await credit.close()
    await counting.close()


async def test_charges_never_go_below_zero_whatever_the_order(
    database: Database, credit: Credit, account: UUID
) -> None:
    await give(database, account, 3)

    async def one(talks: int) -> None:
        call = await credit.reserve(account, Decimal("0.5"))
        if isinstance(call, Short):
            return
        for _ in range(talks):
            await credit.more(call, Decimal("0.5"), Decimal("0.1"))
        await pays(database, credit, call, call.amount)

    await asyncio.gather(*(one(talks) for talks in (0, 3, 1, 2, 4, 0, 1, 5)))
    async with database.read() as session:
        assert (await get_account(session, account)).balance >= 0
    await _idle(database)
