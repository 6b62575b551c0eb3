"""Writes that share a commit: the row of a call before its 200 OK, call events, flow logs.

A full-sync commit costs ten times the row it carries. Work handed in here within a few
milliseconds is committed together, each piece in a savepoint of its own so that one that fails
takes no other with it (design 5, writes are grouped). The longer a commit takes, the longer the
next one waits for company: on a busy server fewer, larger commits leave time for calls. Where
`linger` is 0 none waits: what comes during a commit is company enough (docs/decisions/0129).
Nor does a group wait until the disk has the one before (docs/decisions/0131).
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, TypeVar

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from opentact.kit.faults import Fault
from opentact.kit.quick import quick
from opentact.kit.units import Unit, on_commit, take_on_commit

from .faults import DatabaseUnusable, unusable

T = TypeVar("T")
Work = Callable[[AsyncSession], Awaitable[T]]

GROUP_MOST = 64  # pieces of work in one commit: bounds how long a waiter may wait
# Short commits take a third of the time at most; and nobody waits longer for company than this,
# which a call that is to be answered does (docs/decisions/0126).
PAUSE_PER_COMMIT = 2.0
LONGEST_LINGER_S = 0.01
# A call that is to be answered waits no longer for a disk that has its bad moment: its row is
# written by then, and only a loss of power could take it away again (docs/decisions/0131).
DISK_PATIENCE_S = 0.025
log = structlog.get_logger(__name__)


class Storage(Protocol):
    """Where units of work begin (adapters/storage/database.py)."""

    def begin(self) -> AbstractAsyncContextManager[Unit]:
        """Open a unit of work that is committed when the block ends, and stored a little later."""


@dataclass(slots=True)
class _Piece:
    work: Work[Any]
    done: "asyncio.Future[Any]"


class Journal:
    """Groups pieces of work into commits, in the order they were handed in."""

    def __init__(
        self,
        database: Storage,
        *,
        linger: float = 0.003,
        most: int = GROUP_MOST,
        patience: float | None = None,
    ) -> None:
        """Wait `linger` seconds and more for work to share a commit with, `most` pieces of it.

        Whoever handed in what is committed waits for the disk no longer than `patience` seconds.
        """
        self._database = database
        self._linger = linger
        self._most = most
        self._patience = patience
        self._last: asyncio.Future[None] | None = None
        self._waiting: deque[_Piece] = deque()
        self._storing: list[_Piece] = []
        self._closed = False
        self._took = 0.0
        self._task: asyncio.Task[None] | None = None

    async def do(self, work: Work[T]) -> T:
        """Do the work and return its result once it is stored; its exception otherwise."""
        result: T = await self.later(work)
        return result

    def later(self, work: Work[T]) -> "asyncio.Future[T]":
        """Queue the work behind all that was queued before; the future is done once stored.

        Or once it is committed and the journal's patience with the disk has ended. Raises
        RuntimeError once the journal is closed.
        """
        if self._closed:
            raise RuntimeError("the journal is closed")
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Piece(work, future))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name="journal")
        return future

    @property
    def backlog(self) -> int:
        """How many pieces wait or are being stored."""
        return len(self._waiting) + len(self._storing)

    async def close(self) -> None:
        """Take no more, store what was handed in, then stop."""
        self._closed = True
        if self._task is not None:
            await asyncio.wait([self._task])
        if self._last is not None:
            await asyncio.wait([self._last])

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            if self._linger and len(self._waiting) < self._most and not self._closed:
                pause = min(self._took * PAUSE_PER_COMMIT, LONGEST_LINGER_S)
                await asyncio.sleep(max(self._linger, pause))
            most = min(self._most, len(self._waiting))
            self._storing = [self._waiting.popleft() for _ in range(most)]
            begun = loop.time()
            await self._store(self._storing)
            self._took = loop.time() - begun
            self._storing = []

    async def _store(self, group: list[_Piece]) -> None:
        results: list[tuple[_Piece, Any]] = []
        try:
            # What is grouped is inserts and changes of rows by their keys (kit/quick.py).
            with quick():
                async with self._database.begin() as unit:
                    if len(group) == 1:
                        results.append((group[0], await group[0].work(unit.session)))
                    else:
                        for piece in group:
                            await _attempt(unit.session, piece, results)
                    # Last of all that is told of the commit, and in the same turn of the loop.
                    on_commit(unit.session, partial(_settle_all, results, None))
        except Exception as error:  # noqa: BLE001 - told to whoever handed the work in
            if not _is_an_answer(error):
                log.warning("journal_commit_failed", pieces=len(group), error=repr(error))
            for piece in group:
                _settle(piece, error)
            return
        assert unit.stored is not None  # noqa: S101 - it is committed
        self._wait_for_disk(unit.stored, results)

    def _wait_for_disk(
        self, stored: "asyncio.Future[None]", results: list[tuple[_Piece, Any]]
    ) -> None:
        """See to it that who waits is answered when the disk fails, or takes its time."""
        self._last = stored
        if stored.done():
            return
        patience = None
        if self._patience is not None:
            loop = asyncio.get_running_loop()
            patience = loop.call_later(self._patience, _settle_all, results, None)
        stored.add_done_callback(partial(_disk_answered, results, patience))


async def _attempt(session: AsyncSession, piece: _Piece, results: list[tuple[_Piece, Any]]) -> None:
    queued = take_on_commit(session)
    try:
        async with session.begin_nested():
            result = await piece.work(session)
    except Exception as error:  # noqa: BLE001 - handed to whoever asked for the work
        take_on_commit(session)
        results.append((piece, unusable(error) or error))
    else:
        queued += take_on_commit(session)
        results.append((piece, result))
    session.info["on_commit"] = queued


def _disk_answered(
    results: list[tuple[_Piece, Any]],
    patience: asyncio.TimerHandle | None,
    stored: "asyncio.Future[None]",
) -> None:
    if patience is not None:
        patience.cancel()
    _settle_all(results, stored.exception())


def _settle_all(results: list[tuple[_Piece, Any]], error: BaseException | None) -> None:
    for piece, result in results:
        _settle(piece, error or result)


def _settle(piece: _Piece, result: Any) -> None:
    if piece.done.done():
        return
    if not isinstance(result, Exception):
        piece.done.set_result(result)
        return
    piece.done.set_exception(result)
    if not _is_an_answer(result):
        # Whoever does not wait must still be able to read why in the log.
        piece.done.add_done_callback(_log_unread)


def _is_an_answer(error: Exception) -> bool:
    """Tell whether it is for whoever asked, and nothing is wrong with us."""
    return isinstance(error, Fault) and not isinstance(error, DatabaseUnusable)


def _log_unread(future: "asyncio.Future[Any]") -> None:
    error = future.exception()
    if error is not None:
        log.warning("journal_work_failed", error=repr(error))
