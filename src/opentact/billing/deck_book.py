"""The rate decks that this node knows by heart, read anew when somebody has changed them.

A deck is read when it is first asked for. Later it is compared with the database's version
every few seconds, beside the calls; until a new one is read the old one counts.
"""

import asyncio
from collections.abc import Callable

import structlog

from opentact.kit.units import Storage

from .deck_table import DeckTable
from .rate_decks import RateDeck, rates_of, version_of

FRESH_S = 2.0  # so long a change by another process may go unseen
log = structlog.get_logger(__name__)


class DeckBook:
    """Decks by number."""

    def __init__(self, storage: Storage, seconds: Callable[[], float]) -> None:
        """`seconds` never go back."""
        self._storage = storage
        self._seconds = seconds
        self._tables: dict[int, DeckTable] = {}
        self._looked: dict[int, float] = {}
        self._reading: dict[int, asyncio.Task[DeckTable]] = {}

    async def get(self, deck: int) -> DeckTable:
        """Give the deck; one that does not exist is empty. Raises what the database said."""
        table = self._tables.get(deck)
        if table is None:
            return await asyncio.shield(self._read(deck))
        if self._seconds() - self._looked[deck] >= FRESH_S:
            self._look(deck)
        return table

    def forget(self, deck: int) -> None:
        """Read the deck anew, as this process has just changed it."""
        if deck in self._tables:
            self._read(deck)

    async def close(self) -> None:
        """Wait for what is being read."""
        while self._reading:
            await asyncio.wait(self._reading.values())

    def _look(self, deck: int) -> None:
        self._looked[deck] = self._seconds()
        self._read(deck)

    def _read(self, deck: int) -> "asyncio.Task[DeckTable]":
        task = self._reading.get(deck)
        if task is None:
            task = asyncio.create_task(self._load(deck), name=f"deck-{deck}")
            self._reading[deck] = task
            task.add_done_callback(lambda done: self._done(deck, done))
        return task

    def _done(self, deck: int, task: "asyncio.Task[DeckTable]") -> None:
        del self._reading[deck]
        if not task.cancelled() and task.exception() is not None:
            log.warning("deck_not_read", deck=deck, error=repr(task.exception()))

    async def _load(self, deck: int) -> DeckTable:
        there = self._tables.get(deck)
        async with self._storage.read() as session:
            version = await version_of(session, deck)
            if there is not None and there.version == version:
                return there
            found = await session.get(RateDeck, deck)
            table = DeckTable(deck, found.name if found else "", version)
            async for page in rates_of(session, deck):
                table.add(page)
                await asyncio.sleep(0)
        self._tables[deck] = table.seal()
        self._looked[deck] = self._seconds()
        return table
