"""The ledger: entries are made all or none, and the balance is what they add up to."""

import asyncio
import tempfile
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from opentact.accounts.users import open_account
from opentact.adapters.storage.database import Database
from opentact.billing.ledger import (
    Line,
    NotEnoughBalance,
    RefType,
    Transaction,
    get_transaction,
    post,
)
from opentact.kit.faults import NotFound
from opentact.kit.ids import new_id
from support.databases import give_tables
from support.world import NOON

from .conftest import Opens

CENTS = st.integers(-500, 500).map(lambda cents: Decimal(cents) / 100)
POSTS = st.lists(st.tuples(st.lists(CENTS, max_size=4), st.booleans()), max_size=8)


def lines(*amounts: Decimal | str | int) -> list[Line]:
    return [Line(Decimal(amount), RefType.PAYMENT) for amount in amounts]


async def pay(
    database: Database, account: UUID, *amounts: Decimal | str | int, overdraw: bool = False
) -> Decimal:
    async with database.write() as session:
        return await post(session, account, lines(*amounts), now=NOON, overdraw=overdraw)


async def entries(database: Database, account: UUID) -> list[Transaction]:
    query = select(Transaction).where(Transaction.account_uuid == account)
    async with database.read() as session:
        return list(await session.scalars(query.order_by(Transaction.uuid)))


async def test_each_entry_says_the_balance_before_and_after_it(
    database: Database, account: UUID
) -> None:
    assert await pay(database, account, 10, "-2.5", "-0.00001") == Decimal("7.49999")
    made = await entries(database, account)
    assert [(one.account_balance_before, one.account_balance_after) for one in made] == [
        (Decimal(0), Decimal(10)),
        (Decimal(10), Decimal("7.5")),
        (Decimal("7.5"), Decimal("7.49999")),
    ]


async def test_what_costs_more_than_there_is_makes_no_entry_at_all(
    database: Database, account: UUID
) -> None:
    await pay(database, account, 5)
    with pytest.raises(NotEnoughBalance, match=r"this costs 5\.01, the balance is 5\.0"):
        await pay(database, account, -3, "-2.01")
    assert [one.amount for one in await entries(database, account)] == [5]
    assert await pay(database, account, -3, -2) == 0


async def test_what_was_consumed_already_is_charged_below_zero(
    database: Database, account: UUID
) -> None:
    assert await pay(database, account, "-0.0085", overdraw=True) == Decimal("-0.0085")
    with pytest.raises(NotEnoughBalance):
        await pay(database, account, "-0.00001")
    assert await pay(database, account, "-0.00001", overdraw=True) == Decimal("-0.00851")


async def test_entries_of_nothing_are_not_made(database: Database, account: UUID) -> None:
    assert await pay(database, account, 0, 3, 0) == 3
    assert await pay(database, account) == 3
    assert len(await entries(database, account)) == 1


async def test_of_many_at_once_exactly_those_are_paid_that_there_is_money_for(
    database: Database, account: UUID
) -> None:
    await pay(database, account, 5)
    results = await asyncio.gather(
        *(pay(database, account, -1) for _ in range(12)), return_exceptions=True
    )
    refused = [one for one in results if isinstance(one, BaseException)]
    assert {type(one) for one in refused} == {NotEnoughBalance}
    assert sorted(one for one in results if isinstance(one, Decimal)) == [0, 1, 2, 3, 4]
    assert sum(one.amount for one in await entries(database, account)) == 0


async def test_an_account_that_is_none_has_no_ledger(database: Database) -> None:
    for amount in (-1, 1):
        with pytest.raises(NotFound, match="Account"):
            await pay(database, new_id(), amount)


async def test_an_entry_is_shown_to_its_account_alone(
    database: Database, account: UUID, opens: Opens
) -> None:
    await pay(database, account, 5)
    [entry] = await entries(database, account)
    async with database.read() as session:
        assert (await get_transaction(session, account, entry.uuid)).amount == 5
        with pytest.raises(NotFound):
            await get_transaction(session, await opens("bob"), entry.uuid)


@settings(max_examples=25, deadline=None)
@given(POSTS)
def test_the_balance_is_the_sum_of_its_entries_whatever_is_posted(
    posts: list[tuple[list[Decimal], bool]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(adds_up(f"sqlite+aiosqlite:///{Path(folder) / 'x.db'}", posts))


async def adds_up(url: str, posts: list[tuple[list[Decimal], bool]]) -> None:
    """Post all that can be posted; after each the last entry, the sum and the balance agree."""
    give_tables(url)
    database, balance = Database(url), Decimal(0)
    async with database.write() as session:
        account = (await open_account(session, name="a", email="a@example.com", now=NOON)).uuid
    for amounts, overdraw in posts:
        total = sum(amounts, Decimal(0))
        if total < 0 and balance + total < 0 and not overdraw:
            with pytest.raises(NotEnoughBalance):
                await pay(database, account, *amounts)
        else:
            balance += total
            assert await pay(database, account, *amounts, overdraw=overdraw) == balance
        made = await entries(database, account)
        assert sum((one.amount for one in made), Decimal(0)) == balance
        assert all(
            one.account_balance_before + one.amount == one.account_balance_after for one in made
        )
    await database.close()
