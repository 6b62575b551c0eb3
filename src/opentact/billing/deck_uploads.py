"""Taking a file of rates into a deck, batch by batch: long work that shows its progress."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from typing import Any

from opentact.kit.clock import Clock
from opentact.kit.units import Storage

from .rate_decks import open_deck, put_rates
from .rate_sheets import BadRate, read_rates

BATCH = 2_000
MOST_KEPT = 1_000  # complaints kept of one file: it may be no rates at all


@dataclass
class Upload:
    """What became of a file so far: rows kept, bad rows, and what is wrong with them."""

    kept: int = 0
    bad_rows: int = 0
    bad: list[BadRate] = field(default_factory=list)

    def complain(self, row: list[BadRate]) -> None:
        """Note a bad row."""
        self.bad_rows += 1
        if len(self.bad) < MOST_KEPT:
            self.bad += row


async def take_rates(
    storage: Storage, deck: int, lines: Iterable[str], clock: Clock, done: Upload
) -> AsyncIterator[int]:
    """Store the good rows, each batch in a transaction; gives how many rows were read so far."""
    batch: list[dict[str, Any]] = []
    read = 0
    for row in read_rates(lines):
        read += 1
        if isinstance(row, list):
            done.complain(row)
        else:
            batch.append(row)
        if len(batch) >= BATCH:
            await _store(storage, deck, batch, clock)
            done.kept += len(batch)
            batch = []
            yield read
            await asyncio.sleep(0)
    if batch:
        await _store(storage, deck, batch, clock)
        done.kept += len(batch)
    yield read


async def _store(storage: Storage, deck: int, batch: list[dict[str, Any]], clock: Clock) -> None:
    async with storage.write() as session:
        # Each batch counts as a change: who reads half a file reads it again when it is whole.
        await open_deck(session, deck, clock.now())
        await put_rates(session, deck, batch)
