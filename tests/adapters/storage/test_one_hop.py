import sqlite3
from pathlib import Path

import pytest

from opentact.adapters.storage.one_hop import connect


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
