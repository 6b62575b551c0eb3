"""SQLite's write-ahead log on the disk, without holding up who writes next.

A commit that syncs by itself keeps the one writer waiting, and a disk that usually needs half a
millisecond now and then needs three hundred. So commits only write the log, and all that was
committed meanwhile is brought to the disk together (docs/decisions/0131).
"""

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

_sync = getattr(os, "fdatasync", os.fsync)  # what macOS has


class Disk:
    """The log beside the database file at `path`."""

    def __init__(self, path: Path) -> None:
        self._log = path.with_name(f"{path.name}-wal")
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="disk")
        self._running: asyncio.Future[None] | None = None
        self._next: asyncio.Future[None] | None = None

    def sync(self) -> "asyncio.Future[None]":
        """Bring all that is committed now to the disk; the future is done, or fails, once it is.

        Whoever asks while a sync runs shares the next one: the disk may have begun without him.
        """
        if self._next is None:
            self._next = asyncio.get_running_loop().create_future()
            if self._running is None:
                self._begin()
                assert self._running is not None  # noqa: S101 - as just begun
                return self._running
        return self._next

    async def close(self) -> None:
        """Bring to the disk what was asked for, and stop."""
        while (last := self._next or self._running) is not None:
            await asyncio.wait([last])
        self._thread.shutdown(wait=False)

    def _begin(self) -> None:
        self._running, self._next = self._next, None
        work = asyncio.get_running_loop().run_in_executor(self._thread, to_disk, self._log)
        work.add_done_callback(self._ended)

    def _ended(self, work: "asyncio.Future[None]") -> None:
        ended, self._running = self._running, None
        assert ended is not None  # noqa: S101 - one runs until it ends here
        if self._next is not None:
            self._begin()
        error = work.exception()
        if error is None:
            ended.set_result(None)
        else:
            ended.set_exception(error)


def to_disk(file: Path) -> None:
    """Wait until what was written to the file is on the disk.

    It is opened anew each time: with its last connection SQLite removes its log, after it has
    brought all of it to the database file and that to the disk.
    """
    try:
        opened = os.open(file, os.O_RDONLY)
    except FileNotFoundError:
        return
    try:
        _sync(opened)
    finally:
        os.close(opened)
