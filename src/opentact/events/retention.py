"""How long events are kept: the log is forgotten from its beginning, in small bites.

Only whole beginnings go, so a cursor that is still known never has a hole after it; one that
is not is told of the gap (spec/11 D-37).
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from .log import Event, EventHead

KEPT = timedelta(days=30)


async def forget_old_events(session: AsyncSession, before: datetime, *, most: int = 1000) -> int:
    """Forget up to `most` events that were written before then, and tell how many.

    Call it in a unit of work of its own, again and again until it says 0; so no writer waits
    long for it.
    """
    forgotten = 0
    for account in await _with_old_events(session, before, most):
        if forgotten >= most:
            break
        forgotten += await _forget_beginning(session, account, before, most - forgotten)
    return forgotten


async def _with_old_events(session: AsyncSession, before: datetime, most: int) -> list[UUID]:
    """Tell whose first event is that old."""
    other = aliased(Event)
    first = (
        select(func.min(other.position))
        .where(other.account_uuid == EventHead.account_uuid)
        .correlate(EventHead)
        .scalar_subquery()
    )
    beginning = (Event.account_uuid == EventHead.account_uuid) & (Event.position == first)
    query = (
        select(EventHead.account_uuid)
        .join(Event, beginning)
        .where(Event.created_on < before)
        .limit(most)
    )
    return list(await session.scalars(query))


async def _forget_beginning(
    session: AsyncSession, account: UUID, before: datetime, most: int
) -> int:
    rows = await session.execute(
        select(Event.position, Event.created_on)
        .where(Event.account_uuid == account)
        .order_by(Event.position)
        .limit(most)
    )
    last, count = 0, 0
    for position, created_on in rows:
        if created_on >= before:
            break
        last, count = position, count + 1
    await session.execute(
        delete(Event).where(Event.account_uuid == account, Event.position <= last)
    )
    return count
