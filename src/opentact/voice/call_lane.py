"""The way of calls' books into the database, one batch after the other, through its bad moments.

A commit that fails is tried again after a pause, and all that comes later waits behind it: an
event must not overtake the row it is about. What cannot be written at last is given up with
every id in the log, and the next batch has its turn.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, Protocol, TypeVar

import structlog
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

B = TypeVar("B")
PAUSES_S = (0.1, 0.3, 1.0, 3.0, 10.0, 20.0)  # a restart of the database takes some seconds
log = structlog.get_logger(__name__)


class Journal(Protocol):
    """Where grouped writes go (adapters/storage/journal.py)."""

    def later(self, work: Callable[[AsyncSession], Awaitable[None]]) -> Awaitable[None]:
        """Queue the work; the awaitable is done once it is stored."""


class Lane(Generic[B]):
    """Writes batches of whatever calls leave."""

    def __init__(
        self,
        journal: Journal,
        *,
        take: Callable[[], B],
        store: Callable[[AsyncSession, B], Awaitable[None]],
        store_each: Callable[[AsyncSession, B], Awaitable[None]],
        will_pass: Callable[[Exception], bool],
        is_stored: Callable[[AsyncSession, B], Awaitable[bool]],
        give_up: Callable[[B, Exception], None],
        done: Callable[[B], None] = lambda _: None,
        pauses: Sequence[float] = PAUSES_S,
    ) -> None:
        """`take` hands over what waits, as late as can be; `pauses` are in seconds.

        `store` writes a batch and leaves it as it was; when it fails for good, which
        `will_pass` tells, `store_each` writes what can be written of it. `is_stored` tells
        whether a commit that seemed to fail did not; `give_up` hears of what was lost, and
        `done` of every batch that is stored or given up.
        """
        self.took = 0.0  # seconds that the last batch needed, with its waits
        self._journal = journal
        self._take = take
        self._store = store
        self._store_each = store_each
        self._will_pass = will_pass
        self._is_stored = is_stored
        self._give_up = give_up
        self._done = done
        self._pauses = pauses
        self._written: asyncio.Future[None] | None = None
        self._task: asyncio.Task[None] | None = None
        self._hurry = asyncio.Event()

    def soon(self) -> "asyncio.Future[None]":
        """See to it that what waits is written; the future is done once it is, or given up."""
        if self._written is None:
            self._written = asyncio.get_running_loop().create_future()
            if self._task is None or self._task.done():
                self._task = asyncio.create_task(self._run(), name="call-lane")
        return self._written

    async def close(self) -> None:
        """Write what waits, without pauses, and stop."""
        self._hurry.set()
        if self._task is not None:
            await asyncio.wait([self._task])

    async def _run(self) -> None:
        now = asyncio.get_running_loop().time
        while (written := self._written) is not None:
            taken: list[B] = []
            began = now()
            error = await self._write(taken)
            self.took = now() - began
            if error is not None:
                self._give_up(self._taken(taken), error)
            self._done(self._taken(taken))
            written.set_result(None)

    async def _write(self, taken: list[B]) -> Exception | None:
        tries, store = 0, self._store
        while True:
            tries += 1
            try:
                await self._do(taken, store, again=tries > 1)
            except Exception as error:  # noqa: BLE001 - whatever it is, it may pass
                if store is self._store and not self._will_pass(error):
                    store = self._store_each
                elif tries > len(self._pauses) or isinstance(error, IntegrityError):
                    return error
                else:
                    pause = self._pauses[tries - 1]
                    log.warning("calls_not_written", tried=tries, s=pause, error=repr(error))
                    await self._pause(pause)
            else:
                return None

    def _do(
        self, taken: list[B], store: Callable[[AsyncSession, B], Awaitable[None]], *, again: bool
    ) -> Awaitable[None]:
        async def work(session: AsyncSession) -> None:
            batch = self._taken(taken)
            # A connection may break between a commit and its answer.
            if not (again and await self._is_stored(session, batch)):
                await store(session, batch)

        return self._journal.later(work)

    def _taken(self, taken: list[B]) -> B:
        """Take the batch once: what came while another was being written goes along."""
        if not taken:
            self._written = None
            taken.append(self._take())
        return taken[0]

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._hurry.wait()
        except TimeoutError:
            pass
