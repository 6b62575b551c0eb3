"""Quotes for worlds without sockets: rules as a node has them, without calls."""

import time
from uuid import UUID

from opentact.adapters.storage.database import Database
from opentact.app.rule_wiring import free_of, spending_of
from opentact.billing.deck_book import DeckBook
from opentact.billing.rate_decks import USUAL_DECK
from opentact.kit.clock import Clock
from opentact.voice.rules.gathering import Counts, Defaults, Gatherer
from opentact.voice.rules.quotes import Quotes


def quotes_of(database: Database, clock: Clock) -> Quotes:
    """Quote by the usual deck, for accounts that hold no number."""

    async def deck_of(product: int | None) -> int:
        del product
        return USUAL_DECK

    async def holder(number: int) -> UUID | None:
        del number
        return None

    gatherer = Gatherer(
        DeckBook(database, time.monotonic),
        deck_of,
        holder,
        Counts(),
        spending_of(database, clock),
        clock,
        time.monotonic,
        Defaults(),
    )
    return Quotes(gatherer, free_of(database))
