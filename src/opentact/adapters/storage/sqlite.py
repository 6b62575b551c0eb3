"""SQLite as we use it: write-ahead log, transactions begun by us.

A commit writes the log; what brings it to the disk, and moves it into the file, is beside it
(disk.py, checkpoints.py).
"""

from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from .one_hop import connect

BUSY_MS = 10_000
LONGEST_LOG = 100_000  # pages; the commit that comes so far moves them itself after all


def sqlite_engine(
    url: str, connections: int, *, begin: str, foreign_keys: bool = True
) -> AsyncEngine:
    """Make an engine whose transactions start with `begin`. Its file's folder is made."""
    path = make_url(url).database
    if path and path != ":memory:":
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    engine = create_async_engine(
        url,
        pool_size=connections,
        max_overflow=0,
        poolclass=sa.pool.AsyncAdaptedQueuePool,
        async_creator=partial(connect, path or ":memory:", busy_s=BUSY_MS / 1000),
    )
    pragmas = {
        "journal_mode": "WAL",
        "synchronous": "NORMAL",
        "wal_autocheckpoint": str(LONGEST_LOG),
        "foreign_keys": "ON" if foreign_keys else "OFF",
    }

    @event.listens_for(engine.sync_engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        # The driver must not begin transactions of its own; we say when, and how.
        connection.isolation_level = None
        cursor = connection.cursor()
        for name, value in pragmas.items():
            cursor.execute(f"PRAGMA {name}={value}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        if begin == "BEGIN":
            # It waits for nothing and cannot fail: its lock comes with the first statement.
            connection.connection.cursor().execute(begin)
        else:
            connection.exec_driver_sql(begin)

    return engine
