"""The inventory: every number there is, where it is, and whether it is for sale (spec/03).

A number is for sale while `off_sale_on` is empty. The indexes hold only numbers for sale, since
nothing else is ever searched; `local` and `line` repeat the last digits so that a mask which
begins in the middle of a number finds an index too (see `masks`).
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, Integer, String, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from opentact.kit.entities import Base

from .features import WORKING, to_bits
from .nanp import places
from .tn import TOLL_FREE, TnType, line, local

# INTEGER PRIMARY KEY is the row itself on SQLite: one index less to keep.
TnKey = BigInteger().with_variant(Integer, "sqlite")
BATCH = 10_000
DEV = "dev"


class Tn(Base):
    """One number. `provider` says who sells it to us, `profile` which price list it is on."""

    __tablename__ = "tn"

    tn: Mapped[int] = mapped_column(TnKey, primary_key=True, autoincrement=False)
    type: Mapped[str] = mapped_column(String(16))
    country: Mapped[str] = mapped_column(String(2))
    state: Mapped[str | None] = mapped_column(String(2))
    city: Mapped[str | None]
    rate_center: Mapped[str | None] = mapped_column(String(16))
    provider: Mapped[str] = mapped_column(String(32))
    profile: Mapped[str] = mapped_column(String(255))
    features: Mapped[int]
    local: Mapped[int]
    line: Mapped[int]
    created_on: Mapped[datetime]
    modified_on: Mapped[datetime]
    off_sale_on: Mapped[datetime | None] = mapped_column(default=None)
    deleted_on: Mapped[datetime | None] = mapped_column(default=None)


FOR_SALE = Tn.off_sale_on.is_(None)


def _for_sale_index(name: str, *columns: Any) -> Index:
    return Index(f"ix_tn_{name}", *columns, Tn.tn, sqlite_where=FOR_SALE, postgresql_where=FOR_SALE)


_for_sale_index("local", Tn.local)
_for_sale_index("line", Tn.line)
_for_sale_index("city", func.lower(Tn.city))
_for_sale_index("rate_center", Tn.rate_center)
_for_sale_index("state", Tn.state)
_for_sale_index("type", Tn.country, Tn.type)


async def stock(session: AsyncSession, rows: Iterable[dict[str, Any]]) -> int:
    """Put rows (columns of `Tn`) into the inventory; they must be new. Returns how many."""
    count, batch = 0, list[dict[str, Any]]()
    for row in rows:
        batch.append(row)
        if len(batch) == BATCH:
            await session.execute(insert(Tn), batch)
            count += len(batch)
            batch = []
    if batch:
        await session.execute(insert(Tn), batch)
    return count + len(batch)


async def seed_dev(session: AsyncSession, *, now: datetime) -> int:
    """Stock the simulated carrier's fictional numbers, once. Returns how many were new.

    NPA-555-0100 to 0199 over every area code of the United States and Canada, and the same over
    every toll-free code (design, 4): numbers that no one on the telephone network can have.
    """
    there = await session.scalar(select(Tn.tn).where(Tn.provider == DEV).limit(1))
    return 0 if there is not None else await stock(session, _fictional(now))


def tn_row(tn: int, now: datetime, **more: Any) -> dict[str, Any]:
    """Make the inventory's row of a number; `more` are its other columns."""
    return {
        "tn": tn,
        "local": local(tn),
        "line": line(tn),
        "off_sale_on": None,
        "deleted_on": None,
        "created_on": now,
        "modified_on": now,
        **more,
    }


def _fictional(now: datetime) -> Iterator[dict[str, Any]]:
    able = to_bits(WORKING)
    for place in places().values():
        for last in range(100, 200):
            yield tn_row(
                int(f"1{place.npa}5550{last}"),
                now,
                type=TnType.LONG_CODE.value,
                country=place.country,
                state=place.state,
                city=place.city,
                rate_center=place.rate_center,
                provider=DEV,
                profile=place.country,
                features=able,
            )
    for npa in sorted(TOLL_FREE):
        for last in range(100, 200):
            yield tn_row(
                int(f"1{npa}5550{last}"),
                now,
                type=TnType.TOLL_FREE.value,
                country="US",
                state=None,
                city=None,
                rate_center=None,
                provider=DEV,
                profile="TF",
                features=able,
            )
