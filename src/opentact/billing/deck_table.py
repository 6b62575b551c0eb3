"""A rate deck in memory: the longest prefix of a number in a few microseconds.

A hundred thousand prefixes are one dictionary. A look-up tries the number's beginnings, the
longest first, and no longer ones than the deck has: fifteen tries at most.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .rating import Rate


@dataclass(frozen=True, slots=True)
class Destination:
    """What a number costs: the prefix that matched, what it is called, and the rate."""

    prefix: str
    name: str
    rate: Rate
    effective_on: datetime


class DeckTable:
    """The rates of a deck. `version` is that of the rows it was made from."""

    def __init__(self, deck: int, name: str = "", version: int = 0) -> None:
        self.deck = deck
        self.name = name or f"Deck {deck}"
        self.version = version
        self._by_prefix: dict[str, Destination | list[Destination]] = {}
        self._lengths: tuple[int, ...] = ()

    def __len__(self) -> int:
        return len(self._by_prefix)

    def add(self, rows: Iterable[Any]) -> None:
        """Add rates, the older of a prefix before the newer; `seal` when all are here."""
        known: dict[tuple[Any, ...], Rate] = {}
        for row in rows:
            key = (row.per_minute, row.initial, row.increment, row.connect_fee)
            rate = known.get(key)
            if rate is None:
                rate = known[key] = Rate(*key)
            entry = Destination(row.prefix, row.destination, rate, row.effective_on)
            there = self._by_prefix.get(row.prefix)
            if there is None:
                self._by_prefix[row.prefix] = entry
            elif isinstance(there, list):
                there.append(entry)
            else:
                self._by_prefix[row.prefix] = [there, entry]

    def seal(self) -> "DeckTable":
        """Make it ready to be asked."""
        self._lengths = tuple(sorted({len(each) for each in self._by_prefix}, reverse=True))
        return self

    def find(self, digits: str, now: datetime) -> Destination | None:
        """Find what a call to this number costs now: its longest prefix with a rate in effect."""
        for length in self._lengths:
            found = self._by_prefix.get(digits[:length])
            if found is None:
                continue
            if isinstance(found, list):
                found = next((each for each in reversed(found) if each.effective_on <= now), None)
                if found is not None:
                    return found
            elif found.effective_on <= now:
                return found
        return None
