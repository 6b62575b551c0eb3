"""Tech prefixes: six digits before a dialled number that tell whose traffic it is.

One number is held by one object of the whole platform, whatever its kind: carriers see nothing
else. The database's primary key keeps it so, for two nodes that draw at once as well.
"""

import secrets
from collections.abc import Callable
from uuid import UUID

from sqlalchemy import delete, insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from opentact.kit.entities import Base
from opentact.kit.faults import BadField, Conflict

LEAST, MOST = 100_000, 999_999  # spec/04
# Half of all being taken, all draws fail once in 10^15 times.
DRAWS = 50


class TechPrefixTaken(Conflict):
    """Another object holds this tech prefix: choose another, or leave it out to be given one."""

    code = "tech_prefix_taken"


class TechPrefix(Base):
    """A prefix and the object that holds it."""

    __tablename__ = "tech_prefix"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    holder_uuid: Mapped[UUID] = mapped_column(index=True)


def _pick() -> int:
    return LEAST + secrets.randbelow(MOST - LEAST + 1)


async def draw_prefix(
    session: AsyncSession, holder: UUID, *, pick: Callable[[], int] = _pick
) -> int:
    """Give the holder a prefix that nobody has."""
    for _ in range(DRAWS):
        number = pick()
        if await _took(session, number, holder):
            return number
    raise TechPrefixTaken("No free tech prefix was found; try again")


async def take_prefix(session: AsyncSession, number: int, holder: UUID) -> int:
    """Give the holder this very prefix, or `TechPrefixTaken`."""
    if not await _took(session, number, holder):
        taken = BadField("held by another object", number)
        raise TechPrefixTaken(
            f"Tech prefix {number} is held by another object",
            fields={"params.tech_prefix": taken},
        )
    return number


async def free_prefix(session: AsyncSession, holder: UUID) -> None:
    """Take back what the holder had."""
    await session.execute(delete(TechPrefix).where(TechPrefix.holder_uuid == holder))


async def _took(session: AsyncSession, number: int, holder: UUID) -> bool:
    try:
        async with session.begin_nested():
            await session.execute(insert(TechPrefix).values(number=number, holder_uuid=holder))
    except IntegrityError:
        return False
    return True
