"""The rules of a node wired up: decks, credit, counts, and where their facts come from."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from opentact.adapters.storage.database import Database
from opentact.adapters.storage.journal import Journal
from opentact.billing.deck_book import DeckBook
from opentact.billing.holds import unheld_balance
from opentact.billing.node_holds import drop_all
from opentact.billing.rate_decks import USUAL_DECK
from opentact.billing.reservations import Credit
from opentact.kit.clock import Clock
from opentact.kit.quick import quick
from opentact.voice.products import decks_of
from opentact.voice.remembered import Remembered
from opentact.voice.rules.desk import Rules
from opentact.voice.rules.gathering import Counts, Defaults, Gatherer, Holder
from opentact.voice.rules.quotes import Quotes
from opentact.voice.rules.spending import Spending, spent_since

from .settings import Settings


@dataclass(frozen=True, slots=True)
class RuleParts:
    """What a node's calls and its API ask."""

    rules: Rules
    quotes: Quotes
    decks: DeckBook
    credit: Credit


def deck_finder(database: Database) -> Callable[[int | None], Awaitable[int]]:
    """Tell by a product which deck it is rated by."""

    async def load(products: Collection[int]) -> Mapping[int, int]:
        with quick():
            async with database.read() as session:
                return await decks_of(session, products)

    known: Remembered[int, int] = Remembered(load, asyncio.get_running_loop().time)

    async def deck_of(product: int | None) -> int:
        return USUAL_DECK if product is None else await known.get(product) or USUAL_DECK

    return deck_of


def spending_of(database: Database, clock: Clock) -> Spending:
    """Count what profiles spend, from the ledger on."""

    async def read(account: UUID, profile: UUID, since: datetime) -> Decimal:
        async with database.read() as session:
            return await spent_since(session, account, profile, since)

    return Spending(read, clock.now)


def free_of(database: Database) -> Callable[[UUID], Awaitable[Decimal]]:
    """Tell what of an account's balance is not set aside."""

    async def free(account: UUID) -> Decimal:
        async with database.read() as session:
            return await unheld_balance(session, account)

    return free


def defaults_of(settings: Settings) -> Defaults:
    """Read what holds where no profile and no account says otherwise; 0 is no limit."""
    return Defaults(
        frozenset(settings.open_countries.replace(",", " ").upper().split()),
        settings.account_channels or None,
        settings.account_calls_per_second or None,
        settings.user_calls_per_minute or None,
    )


async def open_rules(
    stack: AsyncExitStack,
    settings: Settings,
    database: Database,
    clock: Clock,
    node: str,
    holder: Holder,
) -> RuleParts:
    """Start the rules of a node that has no calls yet: what it held when it died is let go."""
    async with database.write() as session:
        await drop_all(session, node)
    seconds = asyncio.get_running_loop().time
    counts, spending = Counts(), spending_of(database, clock)
    # Not the journal of calls: what that writes first locks an account's events, and whoever
    # reserves credit locks the account, as orders do before they tell of it (PostgreSQL).
    journal = Journal(database, linger=0)
    stack.push_async_callback(journal.close)
    decks, credit = DeckBook(database, seconds), Credit(journal, clock, node)
    gatherer = Gatherer(
        decks,
        deck_finder(database),
        holder,
        counts,
        spending,
        clock,
        seconds,
        defaults_of(settings),
    )
    for part in (decks, spending, credit):
        stack.push_async_callback(part.close)
    rules = Rules(gatherer, counts, spending, credit, seconds)
    return RuleParts(rules, Quotes(gatherer, free_of(database)), decks, credit)
