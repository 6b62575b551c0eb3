"""Rate decks as CSV files (docs/guide/rates.md has the columns).

Each row is read for itself: a bad one is reported by line and column, the good ones are kept.
Reading the same file again changes nothing.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from importlib.resources import files
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from opentact.kit.clock import parse_stamp, stamp
from opentact.kit.entities import EPOCH
from opentact.kit.money import UNIT, ZERO

from .rate_decks import LONGEST_PREFIX, USUAL_DECK, open_deck, put_rates, version_of
from .rating import MINUTE_S

COLUMNS = (
    "prefix",
    "destination",
    "per_minute",
    "initial",
    "increment",
    "connect_fee",
    "effective_on",
)
NEEDED = ("prefix", "per_minute")
MOST_CELL = 255
MOST_RATE = Decimal(1_000)  # dollars; more is a slip of the point
MOST_SECONDS = 3_600
SEED_DECKS = {USUAL_DECK: "Example rates", 2: "Example rates, house"}
Rows = Iterator["dict[str, Any] | list[BadRate]"]


@dataclass(frozen=True, slots=True)
class BadRate:
    """What is wrong in a file: the line (the first is 1), the column, and why."""

    line: int
    column: str
    reason: str


def read_rates(lines: Iterable[str]) -> Rows:
    """Read the rows of a file: each as a rate, or as what is wrong with it."""
    reader = csv.reader(lines, strict=True)
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        wrong = [BadRate(1, name, "unknown column") for name in header if name not in COLUMNS]
        wrong += [BadRate(1, name, "no such column") for name in NEEDED if name not in header]
        if wrong:
            yield wrong
            return
        for cells in reader:
            if cells:
                yield _read(cells, header, reader.line_num)
    except csv.Error as error:
        yield [BadRate(reader.line_num, "", f"not CSV: {error}")]


def _read(cells: list[str], header: list[str], line: int) -> dict[str, Any] | list[BadRate]:
    if len(cells) > len(header):
        return [BadRate(line, "", f"{len(cells)} cells for {len(header)} columns")]
    return read_rate(dict(zip(header, cells, strict=False)), line)


def read_rate(row: Mapping[str, str], line: int) -> dict[str, Any] | list[BadRate]:
    """Read one rate from its cells; what is left out is usual: 60/60 s, no fee, since ever."""
    bad: list[BadRate] = []
    rate: dict[str, Any] = {}
    for column, read in _READ.items():
        cell = row.get(column, "").strip()
        try:
            if len(cell) > MOST_CELL or "\0" in cell:
                raise ValueError(f"longer than {MOST_CELL} characters or not text")  # noqa: TRY301
            rate[column] = read(cell)
        except ValueError as error:
            bad.append(BadRate(line, column, str(error)))
    return bad or rate


def write_rate(row: Any) -> dict[str, str]:
    """Write a rate as a row of a file that can be read again."""
    return {
        "prefix": row.prefix,
        "destination": row.destination,
        "per_minute": f"{row.per_minute:.5f}",
        "initial": str(row.initial),
        "increment": str(row.increment),
        "connect_fee": f"{row.connect_fee:.5f}",
        "effective_on": "" if row.effective_on == EPOCH else stamp(row.effective_on),
    }


async def seed_decks(session: AsyncSession, now: datetime) -> None:
    """Add the decks of example rates that every platform begins with, where they are missing."""
    text = files(__package__).joinpath("example_rates.csv").read_text(encoding="utf-8")
    rates = [row for row in read_rates(text.splitlines()) if isinstance(row, dict)]
    for deck, name in SEED_DECKS.items():
        if not await version_of(session, deck):
            await open_deck(session, deck, now, name)
            await put_rates(session, deck, rates)


def _prefix(cell: str) -> str:
    digits = cell.removeprefix("+")
    if not (digits.isascii() and digits.isdecimal()) or len(digits) > LONGEST_PREFIX:
        raise ValueError(f"expected 1 to {LONGEST_PREFIX} digits")
    return digits


def _money(cell: str) -> Decimal:
    try:
        amount = Decimal(cell)
    except InvalidOperation:
        raise ValueError("expected dollars such as 0.0125") from None
    if not amount.is_finite() or not ZERO <= amount <= MOST_RATE:
        raise ValueError(f"expected dollars from 0 to {MOST_RATE}")
    if amount % UNIT:
        raise ValueError("expected at most five decimals")
    return amount


def _fee(cell: str) -> Decimal:
    return _money(cell) if cell else ZERO


def _seconds(cell: str) -> int:
    if not cell:
        return MINUTE_S
    if not (cell.isascii() and cell.isdecimal()) or not 1 <= int(cell[:5]) <= MOST_SECONDS:
        raise ValueError(f"expected whole seconds from 1 to {MOST_SECONDS}")
    return int(cell)


def _since(cell: str) -> datetime:
    if not cell:
        return EPOCH
    try:
        since = parse_stamp(cell)
    except ValueError:
        raise ValueError("expected a date such as 2026-01-31") from None
    if since < EPOCH:
        raise ValueError("expected a date after 1970")
    return since


_READ: dict[str, Any] = {
    "prefix": _prefix,
    "destination": str,
    "per_minute": _money,
    "initial": _seconds,
    "increment": _seconds,
    "connect_fee": _fee,
    "effective_on": _since,
}
