"""When each regular job ran last and is due next, and which node has its turn.

Kept in the database, so that of several nodes only one runs a job, and a job that fell due
while nobody was running is made up for at the next start.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import String, Text, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from opentact.kit.entities import Base
from opentact.kit.units import Storage

HOLD = timedelta(minutes=15)  # then a node that took a turn and died has lost it


class JobTurn(Base):
    """A regular job. `holder` is the node that runs it now, until `held_until` at most."""

    __tablename__ = "job"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    due_on: Mapped[datetime]
    began_on: Mapped[datetime | None] = mapped_column(default=None)
    ended_on: Mapped[datetime | None] = mapped_column(default=None)
    result: Mapped[str | None] = mapped_column(Text, default=None)
    error: Mapped[str | None] = mapped_column(Text, default=None)
    holder: Mapped[str | None] = mapped_column(String(64), default=None)
    held_until: Mapped[datetime | None] = mapped_column(default=None)


async def enter(storage: Storage, names: Sequence[str], now: datetime) -> None:
    """Enter jobs that are not in the book yet; they are due at once."""
    async with storage.read() as session:
        known = set(await session.scalars(select(JobTurn.name)))
    for name in names:
        if name in known:
            continue
        try:
            async with storage.write() as session:
                session.add(JobTurn(name=name, due_on=now))
        except IntegrityError:
            continue  # another node has just entered it


async def due(session: AsyncSession, now: datetime) -> list[str]:
    """List the jobs that are due and run nowhere, the longest due first."""
    free = or_(JobTurn.held_until.is_(None), JobTurn.held_until <= now)
    query = select(JobTurn.name).where(JobTurn.due_on <= now, free)
    return list(await session.scalars(query.order_by(JobTurn.due_on, JobTurn.name)))


async def take_turn(session: AsyncSession, name: str, node: str, now: datetime) -> bool:
    """Take the job's turn, if it is still due and free."""
    taken = await session.scalar(
        update(JobTurn)
        .where(
            JobTurn.name == name,
            JobTurn.due_on <= now,
            or_(JobTurn.held_until.is_(None), JobTurn.held_until <= now),
        )
        .values(holder=node, held_until=now + HOLD, began_on=now)
        .returning(JobTurn.name)
        .execution_options(synchronize_session=False)
    )
    return taken is not None


async def end_turn(
    session: AsyncSession,
    name: str,
    node: str,
    *,
    now: datetime,
    due_on: datetime,
    result: str | None,
    error: str | None,
) -> None:
    """Write down what came of the turn, if it is still ours. A failure keeps the last result."""
    values = {"result": result} if error is None else {}
    await session.execute(
        update(JobTurn)
        .where(JobTurn.name == name, JobTurn.holder == node)
        .values(holder=None, held_until=None, ended_on=now, due_on=due_on, error=error, **values)
        .execution_options(synchronize_session=False)
    )


async def all_turns(session: AsyncSession) -> list[JobTurn]:
    """List every job, by name."""
    return list(await session.scalars(select(JobTurn).order_by(JobTurn.name)))
