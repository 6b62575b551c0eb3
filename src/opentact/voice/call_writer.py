"""The way of calls' batches into the database, one after the other, through its bad moments.

A commit that fails is tried again after a pause, and all that comes later waits behind it: an
event must not overtake the row it is about. What cannot be written at all is written account
by account, so that one account's trouble is not everybody's; what then still fails is logged
with every id in it, and given up.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from functools import partial
from typing import Protocol

import structlog
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from .call_batch import Batch, is_stored

PAUSES_S = (0.1, 0.3, 1.0, 3.0, 10.0, 20.0)  # a restart of the database takes some seconds
log = structlog.get_logger(__name__)


class Journal(Protocol):
    """Where grouped writes go (adapters/storage/journal.py)."""

    def later(self, work: Callable[[AsyncSession], Awaitable[None]]) -> Awaitable[None]:
        """Queue the work; the awaitable is done once it is stored."""


class Store(Protocol):
    """Writes a batch (voice/call_batch.py)."""

    def __call__(self, session: AsyncSession, batch: Batch) -> Coroutine[None, None, None]: ...


class CallWriter:
    """Writes batches. `batch` is where the next things to write go."""

    def __init__(
        self, journal: Journal, store: Store, *, pauses: Sequence[float] = PAUSES_S
    ) -> None:
        """Write by `store` through `journal`; `pauses` are in seconds, between tries."""
        self._journal = journal
        self._store = store
        self._pauses = pauses
        self._batch = Batch()
        self._written: asyncio.Future[None] | None = None
        self._last: asyncio.Future[None] | None = None
        self._task: asyncio.Task[None] | None = None
        self._hurry = asyncio.Event()

    def batch(self) -> Batch:
        """Give the batch that is written next, to be added to at once."""
        if self._written is None:
            self._last = self._written = asyncio.get_running_loop().create_future()
            # Whoever does not wait for it need not hear of it: the log does.
            self._written.add_done_callback(lambda done: done.cancelled() or done.exception())
            if self._task is None or self._task.done():
                self._task = asyncio.create_task(self._run(), name="call-writer")
        return self._batch

    async def durable(self) -> None:
        """Wait until all that was handed in is stored; raises why it could not be."""
        if self._last is not None:
            await asyncio.shield(self._last)

    async def close(self) -> None:
        """Write what there is, without pauses, and stop."""
        self._hurry.set()
        if self._task is not None:
            await asyncio.wait([self._task])

    async def _run(self) -> None:
        while (written := self._written) is not None:
            taken: list[Batch] = []
            try:
                await self._write(taken)
            except Exception as error:  # noqa: BLE001 - told to whoever waits
                written.set_exception(error)
            else:
                written.set_result(None)

    async def _write(self, taken: list[Batch]) -> None:
        for tried, pause in enumerate((*self._pauses, None), start=1):
            try:
                await self._journal.later(partial(self._take, taken=taken, again=tried > 1))
            except IntegrityError:
                break
            except Exception as error:  # noqa: BLE001 - whatever it is, it may pass
                if pause is None:
                    break
                log.warning("x calls not written, again", tried=tried, s=pause, error=repr(error))
                await self._pause(pause)
            else:
                return
        await self._write_apart(self._taken(taken))

    async def _take(self, session: AsyncSession, *, taken: list[Batch], again: bool) -> None:
        batch = self._taken(taken)
        # A connection may break between a commit and its answer.
        if not (again and await is_stored(session, batch)):
            await self._store(session, batch)

    def _taken(self, taken: list[Batch]) -> Batch:
        """Take the batch as late as can be: what came while another was written goes along."""
        if not taken:
            taken.append(self._batch)
            self._batch, self._written = Batch(), None
        return taken[0]

    async def _write_apart(self, batch: Batch) -> None:
        failed: Exception | None = None
        for part in batch.by_account():
            try:
                await self._journal.later(partial(self._store, batch=part))
            except Exception as error:
                log.exception("x calls not written, given up", **part.ids())
                failed = error
        if failed is not None:
            raise failed

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._hurry.wait()
        except TimeoutError:
            pass
