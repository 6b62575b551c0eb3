"""What changed of SIP domains and their users, for those who keep them in memory.

Every change counts up one number in the database, in its own transaction, and is told to this
process's listeners once it is stored. Changes of other processes (nodes, the command line) are
noticed by reading the number: when it went up further than by our own, anything may have
changed (decision 0073).
"""

from collections.abc import Callable
from typing import Protocol
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from opentact.kit.entities import Base
from opentact.kit.units import Storage, on_commit

_ROW = 1
POLL_S = 1.0  # how long another process's change may go unseen


class SipRevision(Base):
    """One row, whose number goes up with every change."""

    __tablename__ = "sip_revision"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int]


class Listener(Protocol):
    """Told what changed: a domain with all that is in it, or None for any."""

    def __call__(self, domain: UUID | None, /) -> None:
        """Forget what is known of it. Must not fail nor wait."""


class Changes:
    """The listeners of this process, and how far it has seen the number go."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []
        self._seen: int | None = None

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Tell `listener` of every change from now on; call what is returned to end that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def note(self, session: AsyncSession, domain: UUID) -> None:
        """Count a change of a domain or of what is in it; it is told when it is stored."""
        number = await _count_up(session)
        on_commit(session, lambda: self._made_here(number, domain))

    async def poll(self, storage: Storage) -> bool:
        """Look for changes that other processes made, and tell of them; whether there were any."""
        async with storage.read() as session:
            number = await session.scalar(select(SipRevision.number)) or 0
        before, self._seen = self._seen, max(number, self._seen or 0)
        if before is None or number <= before:
            return False
        self._tell(None)
        return True

    def _made_here(self, number: int, domain: UUID) -> None:
        if self._seen is not None and number == self._seen + 1:
            self._seen = number  # a gap is somebody else's change: the next poll tells of it
        self._tell(domain)

    def _tell(self, domain: UUID | None) -> None:
        for listener in list(self._listeners):
            listener(domain)


async def _count_up(session: AsyncSession) -> int:
    counted = update(SipRevision).values(number=SipRevision.number + 1)
    number: int | None = await session.scalar(counted.returning(SipRevision.number))
    if number is not None:
        return number
    try:
        async with session.begin_nested():
            await session.execute(insert(SipRevision).values(id=_ROW, number=1))
    except IntegrityError:  # somebody else was first, and has committed since
        return await _count_up(session)
    return 1
