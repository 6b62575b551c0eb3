"""SQLite's write-ahead log on the disk, without holding up who writes next.

A commit that syncs by itself keeps the one writer waiting, and a disk that usually needs half a
millisecond now and then needs three hundred. So commits only write the log, and all that was
committed meanwhile is brought to the disk together (docs/decisions/0131).
"""

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

Tell = Callable[[OSError | None], None]
_sync = getattr(os, "fdatasync", os.fsync)  # what macOS has


class Disk:
    """The log beside the database file at `path`."""

    def __init__(self, path: Path) -> None:
        self._log = path.with_name(f"{path.name}-wal")
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="disk")
        self._served: list[Tell] = []  # by the sync that runs
        self._waiting: list[Tell] = []
        self._idle: asyncio.Future[None] | None = None

    def sync(self, tell: Tell) -> None:
        """Bring all that is committed now to the disk; `tell` hears when it is, or what failed.

        Whoever asks while a sync runs shares the next one: the disk may have begun without him.
        Nobody is told by way of a future: each of its steps takes a turn of the event loop, and
        on a busy server ten turns are as long as the disk.
        """
        self._waiting.append(tell)
        if not self._served:
            self._begin()

    async def close(self) -> None:
        """Bring to the disk what was asked for, and stop."""
        if self._served:
            self._idle = asyncio.get_running_loop().create_future()
            await self._idle
        self._thread.shutdown(wait=False)

    def _begin(self) -> None:
        self._served, self._waiting = self._waiting, []
        loop = asyncio.get_running_loop()
        # Opened anew each time: with its last connection SQLite removes its log, after it has
        # brought all of it to the database file and that to the disk. And opened here, as a thread
        # waits for the interpreter after each call of the system.
        try:
            opened = os.open(self._log, os.O_RDONLY)
        except FileNotFoundError:
            loop.call_soon(self._ended, None, None)
        except OSError as fault:
            loop.call_soon(self._ended, None, fault)
        else:
            self._thread.submit(self._work, loop, opened)

    def _work(self, loop: asyncio.AbstractEventLoop, opened: int) -> None:
        fault: OSError | None = None
        try:
            to_disk(opened)
        except OSError as error:
            fault = error
        loop.call_soon_threadsafe(self._ended, opened, fault)

    def _ended(self, opened: int | None, fault: OSError | None) -> None:
        if opened is not None:
            os.close(opened)
        served, self._served = self._served, []
        if self._waiting:
            self._begin()
        for tell in served:
            try:
                tell(fault)
            except Exception as error:  # noqa: BLE001 - the others must hear of it all the same
                context = {"message": "what a commit was to be followed by", "exception": error}
                asyncio.get_running_loop().call_exception_handler(context)
        if self._idle is not None and not self._served:
            self._idle.set_result(None)


def to_disk(opened: int) -> None:
    """Wait until what was written to the open file is on the disk."""
    _sync(opened)
