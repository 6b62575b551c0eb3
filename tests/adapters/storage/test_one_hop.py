import asyncio
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from opentact.adapters.storage.one_hop import Connection, Cursor, connect
from opentact.kit.quick import quick


async def test_rows_are_given_out_once_in_order(tmp_path: Path) -> None:
    connection = await connect(str(tmp_path / "x.db"), busy_s=1)
    async with connection.cursor() as cursor:
        await cursor.execute("CREATE TABLE t (n INTEGER)")
        await cursor.executemany("INSERT INTO t VALUES (?)", [(n,) for n in range(5)])
        assert cursor.rowcount == 5
        await cursor.execute("SELECT n FROM t WHERE n > ? ORDER BY n", (0,))
        assert [column[0] for column in cursor.description] == ["n"]
        assert await cursor.fetchone() == (1,)
        assert await cursor.fetchmany(2) == [(2,), (3,)]
        assert await cursor.fetchall() == [(4,)]
        assert await cursor.fetchone() is None
    await connection.close()


async def test_what_sqlite_refuses_is_raised_here(tmp_path: Path) -> None:
    connection = await connect(str(tmp_path / "x.db"), busy_s=1)
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        await connection.cursor().execute("SELECT * FROM missing")
    await connection.close()


@pytest.fixture
def other(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """Another process, as far as SQLite can tell."""
    opened = sqlite3.connect(tmp_path / "x.db", isolation_level=None, check_same_thread=False)
    opened.execute("PRAGMA journal_mode=WAL")
    opened.execute("CREATE TABLE t (n INTEGER)")
    yield opened
    opened.close()


async def begun(connection: Connection) -> list[int]:
    """Begin, quickly; give the threads in which that was done."""
    threads: list[int] = []
    execute = Cursor._execute

    def noted(self: Cursor, sqlite: sqlite3.Connection, sql: str, *more: Any) -> None:
        threads.append(threading.get_ident())
        execute(self, sqlite, sql, *more)

    with pytest.MonkeyPatch.context() as patch, quick():
        patch.setattr(Cursor, "_execute", noted)
        await connection.cursor().execute("BEGIN IMMEDIATE")
    return threads


async def test_a_lock_that_nobody_holds_is_taken_without_a_trip(
    tmp_path: Path, other: sqlite3.Connection
) -> None:
    connection = await connect(str(tmp_path / "x.db"), busy_s=1)
    assert await begun(connection) == [threading.get_ident()]
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        other.execute("PRAGMA busy_timeout=0").execute("BEGIN IMMEDIATE")
    await connection.close()


async def test_a_lock_that_another_process_holds_is_waited_for_in_the_thread(
    tmp_path: Path, other: sqlite3.Connection
) -> None:
    connection = await connect(str(tmp_path / "x.db"), busy_s=60)
    other.execute("BEGIN IMMEDIATE")
    beginning = asyncio.create_task(begun(connection))
    for _ in range(10):
        await asyncio.sleep(0)  # the loop goes on meanwhile
    assert not beginning.done()
    other.execute("COMMIT")
    here, there = await beginning
    assert here == threading.get_ident() != there
    await connection.close()


async def test_a_lock_that_is_not_given_back_is_told_after_the_wait(
    tmp_path: Path, other: sqlite3.Connection
) -> None:
    connection = await connect(str(tmp_path / "x.db"), busy_s=0.01)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        await begun(connection)
    await connection.close()
