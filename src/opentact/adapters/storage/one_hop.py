"""SQLite by one trip to its thread per statement, instead of four.

aiosqlite keeps each connection in a thread of its own, and SQLAlchemy asks it four times for a
statement: make a cursor, execute, fetch, close. Each trip wakes two threads and costs more than
most of our statements do. Here the four are done in one trip, and in none at all inside
`kit.quick`: only commits, which wait for the disk, still take one, and the lock before them if
another process holds it (docs/decisions/0034, 0128).
"""

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any, Self

import aiosqlite

from opentact.kit.quick import is_quick

_MAY_WAIT = "BEGIN IMMEDIATE"  # for another process to finish its write


class Cursor:
    """One statement and its rows, all of them already here."""

    arraysize = 1

    def __init__(self, connection: "Connection") -> None:
        self._connection = connection
        self._rows: list[Any] = []
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        return None

    async def execute(self, sql: str, parameters: Sequence[Any] = ()) -> "Cursor":
        """Execute, and fetch what it answers."""
        await self._connection.run(self._execute, sql, parameters)
        return self

    async def executemany(self, sql: str, parameters: Iterable[Sequence[Any]]) -> "Cursor":
        """Execute once for each set of parameters."""
        await self._connection.run(self._executemany, sql, parameters)
        return self

    def _execute(self, sqlite: sqlite3.Connection, sql: str, parameters: Sequence[Any]) -> None:
        cursor = sqlite.execute(sql, parameters)
        self.description = cursor.description
        self._rows = cursor.fetchall() if cursor.description else []
        self.rowcount, self.lastrowid = cursor.rowcount, cursor.lastrowid
        cursor.close()

    def _executemany(
        self, sqlite: sqlite3.Connection, sql: str, parameters: Iterable[Sequence[Any]]
    ) -> None:
        cursor = sqlite.executemany(sql, parameters)
        self.description, self._rows = None, []
        self.rowcount, self.lastrowid = cursor.rowcount, cursor.lastrowid
        cursor.close()

    async def fetchone(self) -> Any:
        """Give the next row."""
        return self._rows.pop(0) if self._rows else None

    async def fetchmany(self, size: int | None = None) -> list[Any]:
        """Give the next rows."""
        count = self.arraysize if size is None else size
        given, self._rows = self._rows[:count], self._rows[count:]
        return given

    async def fetchall(self) -> list[Any]:
        """Give the rows that are left."""
        given, self._rows = self._rows, []
        return given

    async def close(self) -> None:
        """Forget the rows."""
        self._rows = []


class Connection(aiosqlite.Connection):
    """A connection whose statements take one trip. `busy_ms` is how long it waits for a lock."""

    busy_ms = 0

    def cursor(self) -> Cursor:  # type: ignore[override]
        """Make a cursor, without a trip."""
        return Cursor(self)

    async def run(self, work: Any, *arguments: Any) -> None:
        """Do the work with the real connection: in its thread, or here if it is quick.

        Here is safe, because SQLAlchemy lends a connection to one session at a time and each
        waits for its statement; so the connection's own thread has nothing to do meanwhile.
        """
        if is_quick() and self._is_done(work, *arguments):
            return
        await self._execute(work, self._conn, *arguments)  # type: ignore[no-untyped-call]

    def _is_done(self, work: Any, *arguments: Any) -> bool:
        """Do the work here; False if it would have had to wait for a lock."""
        if not (arguments and str(arguments[0]).startswith(_MAY_WAIT)):
            work(self._conn, *arguments)
            return True
        self._wait_at_most(0)
        try:
            work(self._conn, *arguments)
        except sqlite3.OperationalError:
            return False  # the thread tries again, and says so if it was something else
        finally:
            self._wait_at_most(self.busy_ms)
        return True

    def _wait_at_most(self, ms: int) -> None:
        self._conn.execute(f"PRAGMA busy_timeout={ms}").close()

    async def rollback(self) -> None:
        """Undo what was not committed."""
        await self.run(sqlite3.Connection.rollback)


async def connect(path: str, *, busy_s: float) -> Connection:
    """Open the database file; `busy_s` is how many seconds to wait for a lock."""
    connection = Connection(
        lambda: sqlite3.connect(path, timeout=busy_s, check_same_thread=False), iter_chunk_size=64
    )
    connection.busy_ms = round(busy_s * 1000)
    connection._thread.daemon = True  # noqa: SLF001 - as SQLAlchemy does, so that exits do not hang
    await connection
    return connection
