"""Finding numbers that are for sale (spec/03).

The most telling filter leads and has its index; the others are hidden from the planner, which
on SQLite would rather take the one with most columns. Up to `COUNTED` matches are counted, so
that a search for anything costs the same among a thousand numbers and a million.
"""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    String,
    cast,
    column,
    false,
    func,
    or_,
    select,
    text,
)
from sqlalchemy.ext.asyncio import AsyncSession

from .features import Feature, to_bits
from .inventory import FOR_SALE, Tn
from .masks import Plan, Range

COUNTED = 1_000
FEW_RANGES = 8  # as many ranges of the whole number as are worth an OR
_COLUMNS = {0: "tn", 3: "local", 6: "line"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the caller looks for; what is None may be anything."""

    type: str | None = None
    country: str | None = None
    state: str | None = None
    city: str | None = None
    rate_center: str | None = None
    profile: str | None = None
    features: frozenset[Feature] = field(default_factory=frozenset)
    plans: tuple[Plan, ...] = ()


@dataclass(frozen=True, slots=True)
class Numbers:
    """A page of numbers. `total` is exact unless `capped`: then there are at least so many."""

    rows: list[Any]
    total: int
    capped: bool


async def search_numbers(session: AsyncSession, wanted: Wanted, *, take: int, skip: int) -> Numbers:
    """Find numbers, lowest first."""
    matching = _matching(wanted).order_by(Tn.tn)
    found = list(await session.scalars(matching.limit(COUNTED + 1)))
    capped = len(found) > COUNTED
    if not capped or skip + take <= COUNTED:
        page = found[skip : skip + take]
    else:
        page = list(await session.scalars(matching.offset(skip).limit(take)))
    rows = await session.execute(select(Tn.__table__).where(Tn.tn.in_(page)).order_by(Tn.tn))
    return Numbers(list(rows), min(len(found), COUNTED), capped)


def _matching(wanted: Wanted) -> Select[Any]:
    tests: list[ColumnElement[bool]] = []
    led, leader = False, ""
    for plan in wanted.plans:
        tests.append(cast(Tn.tn, String).like(plan.like))
        if plan.ranges is not None and not led:
            tests.append(_in_ranges(plan.ranges))
            led = True
    for name, value in _places(wanted):
        # The index of country and type has both, so both may lead it.
        tests.append(_test(name, value, lead=not led or leader == "country"))
        led, leader = True, leader or name
    if wanted.profile is not None:
        tests.append(Tn.profile == wanted.profile)
    if wanted.features:
        bits = to_bits(wanted.features)
        tests.append(Tn.features.bitwise_and(bits) == bits)
    return select(Tn.tn).where(FOR_SALE, *tests)


def _places(wanted: Wanted) -> list[tuple[str, str]]:
    """List what is said of the place and kind, the most telling first."""
    names = ("rate_center", "city", "state", "country", "type")
    named = [(name, getattr(wanted, name)) for name in names]
    return [(name, value) for name, value in named if value is not None]


def _test(name: str, value: str, *, lead: bool) -> ColumnElement[bool]:
    where: Any = getattr(Tn, name)
    if name == "city":
        where, value = func.lower(where), func.lower(value)  # type: ignore[assignment]
    test: ColumnElement[bool] = where == value if lead else where.concat("") == value
    return test


def _in_ranges(ranges: tuple[Range, ...]) -> ColumnElement[bool]:
    if not ranges:
        return false()
    if len(ranges) <= FEW_RANGES and all(one.start == 0 for one in ranges):
        return or_(*(Tn.tn.between(one.low, one.high) for one in ranges))
    tables, parts = [], []
    for start, name in _COLUMNS.items():
        rows = ",".join(f"({one.low},{one.high})" for one in ranges if one.start == start)
        if rows:
            tables.append(f"{name}_range(low, high) AS (VALUES {rows})")
            # CROSS JOIN: SQLite then walks the ranges, not the inventory.
            parts.append(
                f"SELECT n.tn FROM {name}_range AS r CROSS JOIN tn AS n"  # noqa: S608 - integers
                f" WHERE n.{name} BETWEEN r.low AND r.high AND n.off_sale_on IS NULL"
            )
    sql = f"WITH {', '.join(tables)} {' UNION '.join(parts)}"
    return Tn.tn.in_(text(sql).columns(column("tn", Integer)))
