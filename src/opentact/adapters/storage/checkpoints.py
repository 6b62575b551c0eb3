"""SQLite's write-ahead log is moved into the database file beside the commits, not in one of them.

By itself SQLite does it in whichever commit makes the log too long, and whoever waits for the one
writer waits for the disk as well: some hundred calls, several times a minute. Here a connection of
its own does it a little later, while others write. What it cannot do beside them is to begin the
log anew: that takes the writers' lane for a moment when the log has become long
(docs/decisions/0131).
"""

import asyncio
import sqlite3

import structlog

from .one_hop import Connection, connect

# From a commit to the move of what was committed. A busy server writes some 2,500 pages in it: to
# move five times as many at once held up the event loop for 90 ms, to move these does for 20.
PAUSE_S = 1.0
LONG = 25_000  # pages in the log (100 MB); it is begun anew then, so that its file does not grow
BUSY_S = 0.1  # how long to wait for readers of the old log
log = structlog.get_logger(__name__)


class Checkpoints:
    """Keeps the log of the database at `path` short. `lane` lets one write at a time."""

    def __init__(self, path: str, lane: asyncio.Lock) -> None:
        self._path = path
        self._lane = lane
        self._connection: Connection | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None
        self._noted = False

    def note(self) -> None:
        """Have what was committed moved in a while."""
        self._noted = True
        if not self.is_at_work:
            self._timer = asyncio.get_running_loop().call_later(PAUSE_S, self._begin)

    @property
    def is_at_work(self) -> bool:
        """Whether it moves something, or soon will."""
        return self._timer is not None or self._task is not None

    async def close(self) -> None:
        """Stop. SQLite moves the rest itself when its last connection is closed."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._task is not None:
            self._noted = False
            await asyncio.wait([self._task])
        if self._connection is not None:
            await self._connection.close()

    def _begin(self) -> None:
        self._timer = None
        self._task = asyncio.create_task(self._run(), name="checkpoint")

    async def _run(self) -> None:
        self._noted = False
        try:
            if await self._move("PASSIVE") > LONG:
                async with self._lane:
                    await self._move("RESTART")
        except sqlite3.Error as error:
            log.warning("checkpoint_failed", error=str(error))
        finally:
            self._task = None
        if self._noted:
            self.note()

    async def _move(self, mode: str) -> int:
        """Move what can be moved; tell how many pages the log has."""
        if self._connection is None:
            self._connection = await connect(self._path, busy_s=BUSY_S)
        async with self._connection.cursor() as cursor:
            await cursor.execute(f"PRAGMA wal_checkpoint({mode})")
            _busy, pages, _moved = await cursor.fetchone()
        return int(pages)
