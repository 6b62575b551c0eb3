"""Calls pay out of what they reserved, in the transaction of their charge, on both databases."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from opentact.accounts.users import open_account
from opentact.adapters.storage.database import Database
from opentact.adapters.storage.journal import Journal
from opentact.billing.holds import Hold
from opentact.billing.ledger import Line, RefType, post
from opentact.billing.rating import Rate
from opentact.billing.reservations import Credit, Reserved
from opentact.voice.rules.tickets import Ticket
from opentact.voice.settling import settle, settled, unsettled
from support.world import NOON, Hands

CENT = Rate(Decimal("0.01"))


@dataclass
class Page:
    """A page of the call book: a call with its ticket, and what it is charged."""

    card: Any
    charges: list[Line] = field(default_factory=list)


@dataclass
class Card:
    account: Any
    ticket: Ticket | None


@dataclass
class Owner:
    uuid: UUID


@dataclass
class Books:
    database: Database
    credit: Credit
    account: UUID
    left: list[tuple[Decimal, Decimal]] = field(default_factory=list)

    async def call(self, price: str = "0.01") -> Page:
        """A call that has reserved a minute and is charged `price`."""
        reserved = await self.credit.reserve(self.account, Decimal("0.01"))
        assert isinstance(reserved, Reserved)
        ticket = Ticket(
            CENT,
            credit=self.credit,
            reserved=reserved,
            left=lambda held, paid: self.left.append((held, paid)),
        )
        ticket.settling()
        line = Line(-Decimal(price), RefType.VOICE_INCOMING)
        return Page(Card(Owner(self.account), ticket), [line])

    async def held(self) -> Decimal:
        async with self.database.read() as session:
            return sum(await session.scalars(select(Hold.amount)), Decimal(0))


@pytest.fixture
async def books(database_url: str) -> AsyncIterator[Books]:
    database = Database(database_url)
    async with database.write() as session:
        account = await open_account(session, name="Alice", email="a@example.com", now=NOON)
        await post(session, account.uuid, [Line(Decimal(1), RefType.PAYMENT)], now=NOON)
    journal = Journal(database, linger=0.0)
    credit = Credit(journal, Hands(), "node", idle_s=60)
    yield Books(database, credit, account.uuid)
    await credit.close()
    await journal.close()
    await database.close()


async def test_the_hold_shrinks_with_the_charge_and_the_ticket_closes(books: Books) -> None:
    page = await books.call("0.004")
    async with books.database.write() as session:
        await settle(session, [page])
        assert books.left == []  # not before it is stored
    assert books.left == [(Decimal("0.01"), Decimal("0.004"))]
    assert await books.held() == books.credit.held(books.account) == Decimal("0.006")


async def test_a_charge_that_is_not_stored_leaves_all_as_it_was(books: Books) -> None:
    page = await books.call()

    async def fails() -> None:
        async with books.database.write() as session:
            await settle(session, [page])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fails()
    assert books.left == []
    assert await books.held() == Decimal("0.01")


async def test_a_charge_that_is_given_up_pays_nothing(books: Books) -> None:
    page = await books.call()
    unsettled([page])
    assert books.left == [(Decimal("0.01"), Decimal(0))]


async def test_a_charge_that_was_stored_after_all_is_paid(books: Books) -> None:
    page = await books.call()
    settled([page])
    assert books.left == [(Decimal("0.01"), Decimal("0.01"))]


async def test_calls_without_tickets_are_nobodys_business(books: Books) -> None:
    page = await books.call()
    page.card.ticket.lost()
    page.card.ticket = None
    async with books.database.write() as session:
        await settle(session, [page])
    assert await books.held() == Decimal("0.01")
