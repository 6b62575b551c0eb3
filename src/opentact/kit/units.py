"""What is to happen once a unit of work is safely stored."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

T = TypeVar("T")
_KEY = "on_commit"


@dataclass(slots=True)
class Unit:
    """A unit of work. Once it is committed there is `stored`: done when the disk has it, too."""

    session: AsyncSession
    stored: "asyncio.Future[None] | None" = None


class Storage(Protocol):
    """Where units of work begin and end. Only the edge asks for one (design, 2)."""

    def read(self) -> AbstractAsyncContextManager[AsyncSession]:
        """Open a session that sees one moment of the data and changes nothing."""

    def write(self) -> AbstractAsyncContextManager[AsyncSession]:
        """Open a unit of work: all of it is stored when the block ends, or none of it."""


class SharingStorage(Storage, Protocol):
    """One that can do several units of work with one commit."""

    async def do(self, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
        """Do a unit of work of quick statements, which may share its commit with others."""


def on_commit(session: AsyncSession, call: Callable[[], None]) -> None:
    """Run `call` once the session's transaction is committed and on the disk; never if it is not.

    The outside is told only what is stored (design, 5). `call` must not fail nor wait.
    """
    session.info.setdefault(_KEY, []).append(call)


def take_on_commit(session: AsyncSession) -> list[Callable[[], None]]:
    """Hand over what waits for the commit, oldest first, and forget it."""
    calls: list[Callable[[], None]] = session.info.pop(_KEY, [])
    return calls
