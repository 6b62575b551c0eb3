"""An operator's own numbers, as a CSV file (docs/guide/numbers.md has the columns).

Each row is read for itself: a bad one is reported by line and column, the good ones are kept.
Reading the same file again changes nothing. Numbers that are leased stay leased.
"""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from .features import WORKING, Feature, from_bits, to_bits
from .inventory import Tn, tn_row
from .nanp import places
from .tn import TnType, npa, parse_tn, type_of

COLUMNS = (
    "tn",
    "type",
    "country",
    "state",
    "city",
    "rate_center",
    "provider",
    "profile",
    "features",
)
MOST_CELL = 255
_KEPT = COLUMNS[1:]
_TN: Any = Tn.__table__


@dataclass(frozen=True, slots=True)
class BadCell:
    """What is wrong in a file: the line (the first is 1), the column, and why."""

    line: int
    column: str
    reason: str


@dataclass
class Tally:
    """What came of a file so far."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    bad: int = 0


@dataclass(frozen=True, slots=True)
class Known:
    """The names a row may use."""

    providers: frozenset[str]
    profiles: frozenset[str]


def read_rows(
    lines: Iterable[str], known: Known, *, now: datetime
) -> Iterator[dict[str, Any] | list[BadCell]]:
    """Read the rows of a file: each as a row of the inventory, or as what is wrong with it."""
    reader = csv.reader(lines, strict=True)
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        wrong = [BadCell(1, name, "unknown column") for name in header if name not in COLUMNS]
        if "tn" not in header:
            wrong.append(BadCell(1, "tn", "the first line must name the columns, tn among them"))
        if wrong:
            yield wrong
            return
        for cells in reader:
            if cells:
                yield _read(cells, header, reader.line_num, known, now)
    except csv.Error as error:
        yield [BadCell(reader.line_num, "", f"not CSV: {error}")]


def _read(
    cells: list[str], header: list[str], line: int, known: Known, now: datetime
) -> dict[str, Any] | list[BadCell]:
    if len(cells) > len(header):
        return [BadCell(line, "", f"{len(cells)} cells for {len(header)} columns")]
    row = {name: cell.strip() for name, cell in zip(header, cells, strict=False)}
    bad = [
        BadCell(line, name, f"longer than {MOST_CELL} characters or not text")
        for name, cell in row.items()
        if len(cell) > MOST_CELL or "\0" in cell
    ]
    try:
        tn = parse_tn(row.get("tn", ""))
    except ValueError as error:
        return [*bad, BadCell(line, "tn", str(error))]
    values = _values(tn, row)
    bad += [BadCell(line, name, why) for name, why in _complaints(tn, row, values, known)]
    return bad or tn_row(tn, now, **{**values, "features": to_bits(_features(values["features"]))})


def _values(tn: int, row: dict[str, str]) -> dict[str, Any]:
    """Fill in what the row leaves out from the area code."""
    place = places().get(npa(tn))
    kind = type_of(tn)
    country = row.get("country", "").upper() or (place.country if place else "US")
    return {
        "type": row.get("type") or kind.value,
        "country": country,
        "state": row.get("state", "").upper() or (place.state if place else None),
        "city": row.get("city") or (place.city if place else None),
        "rate_center": row.get("rate_center", "").upper() or (place.rate_center if place else None),
        "provider": row.get("provider") or "own",
        "profile": row.get("profile") or ("TF" if kind is TnType.TOLL_FREE else country),
        "features": row.get("features") or " ".join(WORKING),
    }


def _complaints(
    tn: int, row: dict[str, str], values: dict[str, Any], known: Known
) -> Iterator[tuple[str, str]]:
    if values["type"] != type_of(tn):
        yield "type", f"this number is {type_of(tn).value}"
    if values["country"] not in {"US", "CA"}:
        yield "country", "expected US or CA"
    if values["state"] is not None and len(values["state"]) != 2:  # noqa: PLR2004 - as they are written
        yield "state", "expected two letters"
    if len(values["rate_center"] or "") > 16:  # noqa: PLR2004 - the column's width
        yield "rate_center", "longer than 16 characters"
    if values["provider"] not in known.providers:
        yield "provider", f"unknown; there are {', '.join(sorted(known.providers))}"
    if values["profile"] not in known.profiles:
        yield "profile", f"unknown; there are {', '.join(sorted(known.profiles))}"
    odd = sorted(set(row.get("features", "").lower().split()) - {f.value for f in Feature})
    if odd:
        yield "features", f"unknown: {', '.join(odd)}"


def _features(text: str) -> list[Feature]:
    names = set(text.lower().split())
    return [feature for feature in Feature if feature.value in names]


async def keep_rows(
    session: AsyncSession, rows: list[dict[str, Any]], tally: Tally, *, now: datetime
) -> None:
    """Add what is new, change what differs, and count both."""
    wanted = {row["tn"]: row for row in rows}
    tally.unchanged += len(rows) - len(wanted)
    found = await session.execute(
        select(Tn.tn, *(getattr(Tn, name) for name in _KEPT)).where(Tn.tn.in_(wanted))
    )
    there = {row.tn: row for row in found}
    changed = [
        row
        for tn, row in wanted.items()
        if tn in there and any(getattr(there[tn], name) != row[name] for name in _KEPT)
    ]
    fresh = [row for tn, row in wanted.items() if tn not in there]
    if fresh:
        await session.execute(insert(Tn), fresh)
    if changed:
        statement = update(_TN).where(_TN.c.tn == bindparam("which"))
        values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in _KEPT}
        await session.execute(
            statement.values(**values, modified_on=now),
            [{"which": row["tn"], **{f"new_{n}": row[n] for n in _KEPT}} for row in changed],
        )
    tally.added += len(fresh)
    tally.changed += len(changed)
    tally.unchanged += len(wanted) - len(fresh) - len(changed)


async def export_rows(session: AsyncSession, after: int, count: int) -> list[dict[str, str]]:
    """Write the numbers that follow `after`, as rows of a file that can be read again."""
    found = await session.execute(
        select(Tn.__table__).where(Tn.tn > after).order_by(Tn.tn).limit(count)
    )
    return [
        {
            **{name: str(getattr(row, name) or "") for name in COLUMNS},
            "features": " ".join(feature.value for feature in from_bits(row.features)),
        }
        for row in found
    ]
