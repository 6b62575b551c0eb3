"""Money set aside is still the account's, but cannot be set aside twice."""

import asyncio
from decimal import Decimal
from uuid import UUID

import pytest

from opentact.adapters.storage.database import Database
from opentact.billing.holds import check_free, let_go, set_aside
from opentact.billing.ledger import Line, NotEnoughBalance, RefType, post
from opentact.kit.ids import new_id
from support.world import NOON

from .conftest import Opens


@pytest.fixture
async def buyer(database: Database, account: UUID) -> UUID:
    """An account with five dollars."""
    async with database.write() as session:
        await post(session, account, [Line(Decimal(5), RefType.PAYMENT)], now=NOON)
    return account


async def hold(database: Database, account: UUID, amount: int | str) -> UUID:
    reference = new_id()
    async with database.write() as session:
        await set_aside(session, account, Decimal(amount), reference=reference, now=NOON)
    return reference


async def free(database: Database, account: UUID, amount: int | str) -> bool:
    async with database.write() as session:
        try:
            await check_free(session, account, Decimal(amount))
        except NotEnoughBalance:
            return False
    return True


async def test_what_is_set_aside_is_not_free_until_it_is_let_go(
    database: Database, buyer: UUID
) -> None:
    first = await hold(database, buyer, 3)
    assert await free(database, buyer, 2)
    assert not await free(database, buyer, "2.00001")
    async with database.write() as session:
        await let_go(session, first)
    assert await free(database, buyer, 5)


async def test_a_hold_does_not_move_the_balance(database: Database, buyer: UUID) -> None:
    await hold(database, buyer, 5)
    async with database.write() as session:
        charge = [Line(Decimal(-5), RefType.TNLEASE_MRC)]
        assert await post(session, buyer, charge, now=NOON) == 0


async def test_of_many_at_once_no_more_is_set_aside_than_there_is(
    database: Database, buyer: UUID
) -> None:
    results = await asyncio.gather(
        *(hold(database, buyer, 2) for _ in range(6)), return_exceptions=True
    )
    assert [type(one) for one in results].count(UUID) == 2
    assert [type(one) for one in results].count(NotEnoughBalance) == 4
    assert await free(database, buyer, 1)
    assert not await free(database, buyer, 2)


async def test_another_accounts_holds_do_not_count(
    database: Database, buyer: UUID, opens: Opens
) -> None:
    bob = await opens("bob")
    async with database.write() as session:
        await post(session, bob, [Line(Decimal(9), RefType.PAYMENT)], now=NOON)
    await hold(database, bob, 9)
    assert await free(database, buyer, 5)


async def test_the_refusal_says_what_is_free(database: Database, buyer: UUID) -> None:
    await hold(database, buyer, 4)
    with pytest.raises(NotEnoughBalance, match=r"this costs 2, the free balance is 1\.0"):
        await hold(database, buyer, 2)
