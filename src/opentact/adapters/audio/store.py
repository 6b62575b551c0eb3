"""A folder of made sound, bounded in size: what was not used for longest goes first.

Files are written beside their place and moved there, so that what has a name is whole, also
after a crash and when several servers share the folder.
"""

import os
import secrets
import time
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path

MEGABYTE = 1024 * 1024
_SUFFIX = ".s16"
_PART = ".part"
_HOUR = 3600.0
"""Seconds; no file is being written for that long, so what is older was left by a crash."""


class Store:
    """Files of raw s16le mono samples at 8 kHz, by name."""

    def __init__(self, folder: Path, *, max_bytes: int = 512 * MEGABYTE) -> None:
        """Take stock of the folder, which is made if need be."""
        self._folder = folder.resolve()
        self._max_bytes = max_bytes
        self._sizes: OrderedDict[str, int] = OrderedDict()
        self._total = 0
        folder.mkdir(parents=True, exist_ok=True)
        self._take_stock()

    @property
    def total_bytes(self) -> int:
        return self._total

    def __len__(self) -> int:
        return len(self._sizes)

    def find(self, name: str) -> Path | None:
        """Look up a file, and remember that it was used."""
        path = self._path(name)
        try:
            seen = path.stat()
            # The time it was written stays: by that others know what they have read of it.
            os.utime(path, ns=(time.time_ns(), seen.st_mtime_ns))
        except FileNotFoundError:
            self._forget(name)
            return None
        if name not in self._sizes:
            self._note(name, seen.st_size)
        self._sizes.move_to_end(name)
        return path

    def part(self) -> Path:
        """Name a new file to write to, for `put` to take."""
        return self._folder / f"{secrets.token_hex(8)}{_PART}"

    def put(self, name: str, part: Path) -> Path:
        """Give the written file its name, and make room for it.

        The newest stays whatever its size: somebody is about to play it.
        """
        path = self._path(name)
        size = part.stat().st_size
        part.replace(path)
        self._forget(name)
        self._note(name, size)
        while self._total > self._max_bytes and len(self._sizes) > 1:
            oldest = next(iter(self._sizes))
            self._path(oldest).unlink(missing_ok=True)
            self._forget(oldest)
        return path

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}{_SUFFIX}"

    def _note(self, name: str, size: int) -> None:
        self._sizes[name] = size
        self._total += size

    def _forget(self, name: str) -> None:
        self._total -= self._sizes.pop(name, 0)

    def _take_stock(self) -> None:
        found = []
        abandoned = time.time() - _HOUR
        for path in self._folder.iterdir():
            with suppress(FileNotFoundError):
                seen = path.stat()
                if path.suffix == _PART and seen.st_mtime < abandoned:
                    path.unlink()
                elif path.suffix == _SUFFIX:
                    found.append((seen.st_atime, path.stem, seen.st_size))
        for _, name, size in sorted(found):
            self._note(name, size)
