"""The database: one place that begins and ends transactions.

On SQLite there is one writer at a time: every write begins with BEGIN IMMEDIATE on its own
connection behind a lock, because with the default deferred begin two spenders both succeed or
meet "database is locked". Readers have connections of their own (WAL). On PostgreSQL both use
one pool. Only the edge (an endpoint, a job, a SIP event handler) calls `write`.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)

from opentact.kit.entities import Base
from opentact.kit.faults import Fault
from opentact.kit.units import take_on_commit

BUSY_MS = 10_000
READERS = 8
POSTGRES_POOL = 20


class DatabaseUnusable(Fault):
    """The database cannot be used: its file is damaged, or the server does not answer.

    Check the path or address in `OPENTACT_DATABASE_URL`; a damaged SQLite file is restored from
    a backup, or moved away to begin anew.
    """

    code = "database_unusable"
    status = 500


class Database:
    """Sessions for reading and for writing."""

    def __init__(self, url: str) -> None:
        """`url` is SQLAlchemy's: `sqlite+aiosqlite:///FILE` or `postgresql+asyncpg://…`."""
        self.url = url
        self.is_sqlite = make_url(url).get_backend_name() == "sqlite"
        self._lane = asyncio.Lock() if self.is_sqlite else None
        if self.is_sqlite:
            self._reader = _sqlite_engine(url, READERS, begin="BEGIN")
            self._writer = _sqlite_engine(url, 1, begin="BEGIN IMMEDIATE")
        else:
            self._reader = self._writer = create_async_engine(
                url, pool_size=POSTGRES_POOL, max_overflow=0, pool_pre_ping=True
            )
        self._read = async_sessionmaker(self._reader, expire_on_commit=False, autoflush=False)
        self._write = async_sessionmaker(self._writer, expire_on_commit=False)

    @property
    def engine(self) -> AsyncEngine:
        """The engine that writes, for migrations and tools."""
        return self._writer

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """Open a session that sees one moment of the data and changes nothing."""
        async with self._read() as session:
            yield session

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        """Open a unit of work: all of it is stored when the block ends, or none of it.

        What `on_commit` was given runs after the commit.
        """
        async with self._lane or nullcontext(), self._write() as session:
            async with session.begin():
                yield session
            calls = take_on_commit(session)
        for call in calls:
            call()

    async def close(self) -> None:
        """Close every connection."""
        await self._writer.dispose()
        if self._reader is not self._writer:
            await self._reader.dispose()

    async def ping(self) -> None:
        """Ask the database for a sign of life, or raise `DatabaseUnusable`."""
        try:
            async with self.read() as session:
                await session.execute(sa.text("SELECT 1"))
        except (sa.exc.SQLAlchemyError, OSError) as error:
            raise DatabaseUnusable(f"The database does not answer: {error}") from error

    async def upgrade(self) -> None:
        """Bring the schema up to date."""
        await self.create_all()

    async def create_all(self) -> None:
        """Create every table there is not yet, without migrations (tests and tools)."""
        async with self._writer.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)


def _sqlite_engine(url: str, connections: int, *, begin: str) -> AsyncEngine:
    path = make_url(url).database
    if path and path != ":memory:":
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    engine = create_async_engine(
        url,
        pool_size=connections,
        max_overflow=0,
        poolclass=sa.pool.AsyncAdaptedQueuePool,
        connect_args={"timeout": BUSY_MS / 1000},
    )

    @event.listens_for(engine.sync_engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        # The driver must not begin transactions of its own; we say when, and how.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.execute(f"PRAGMA busy_timeout={BUSY_MS}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine
