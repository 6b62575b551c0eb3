"""The database: one place that begins and ends transactions.

On SQLite there is one writer at a time: every write begins with BEGIN IMMEDIATE on its own
connection behind a lock, because with the default deferred begin two spenders both succeed or
meet "database is locked". The lock is free again once the commit is written, and whoever wrote
goes on when it is on the disk. Readers have connections of their own (WAL). On PostgreSQL both use
one pool. Only the edge (an endpoint, a job, a SIP event handler) calls `write`.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import NoReturn, TypeVar

import sqlalchemy as sa
import structlog
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)

from opentact.kit.entities import Base
from opentact.kit.quick import is_quick, quick
from opentact.kit.units import Unit, take_on_commit

from . import migrations
from .checkpoints import Checkpoints
from .disk import Disk
from .faults import DatabaseUnusable, cause, unusable
from .journal import Journal
from .sqlite import sqlite_engine

T = TypeVar("T")
READERS = 8
TOGETHER_MOST = 8  # units of work in one commit: a call's commit waits behind no more of them
POSTGRES_POOL = 20
MIGRATION_LOCK = 0x6F70656E74616374  # "opentact": nobody else's lock has this number

log = structlog.get_logger(__name__)

__all__ = ["Database", "DatabaseUnusable"]


class Database:
    """Sessions for reading and for writing."""

    def __init__(self, url: str) -> None:
        """`url` is SQLAlchemy's: `sqlite+aiosqlite:///FILE` or `postgresql+asyncpg://…`."""
        self.url = url
        self.is_sqlite = make_url(url).get_backend_name() == "sqlite"
        self._lane = asyncio.Lock() if self.is_sqlite else None
        self._disk: Disk | None = None
        self._checkpoints: Checkpoints | None = None
        if self._lane is not None:
            path = make_url(url).database or ""
            self._disk, self._checkpoints = Disk(Path(path)), Checkpoints(path, self._lane)
            self._reader = sqlite_engine(url, READERS, begin="BEGIN")
            self._writer = sqlite_engine(url, 1, begin="BEGIN IMMEDIATE")
        else:
            self._reader = self._writer = create_async_engine(
                url, pool_size=POSTGRES_POOL, max_overflow=0, pool_pre_ping=True
            )
        self._read = async_sessionmaker(self._reader, expire_on_commit=False, autoflush=False)
        self._write = async_sessionmaker(self._writer, expire_on_commit=False)
        # Of one writer the disk is the bottleneck; PostgreSQL groups commits by itself.
        self._together = Journal(self, linger=0, most=TOGETHER_MOST) if self.is_sqlite else None

    @property
    def engine(self) -> AsyncEngine:
        """The engine that writes, for tools."""
        return self._writer

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """Open a session that sees one moment of the data and changes nothing.

        Raises `DatabaseUnusable` when the database is at fault rather than the work.
        """
        async with self._session(self._read) as session:
            await _connect(session)
            try:
                yield session
            except sa.exc.DBAPIError as error:
                _put_into_words(error)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        """Open a unit of work: all of it is stored when the block ends, or none of it.

        What `on_commit` was given runs once it is, whatever becomes of the caller by then.
        Raises `DatabaseUnusable` when the database is at fault rather than the work.
        """
        unit: Unit | None = None
        try:
            async with self._unit(lambda unit: _to_its_end(self._commit(unit))) as unit:
                yield unit.session
        finally:
            if unit is not None and unit.stored is not None:
                await _to_its_end(unit.stored)

    def begin(self) -> AbstractAsyncContextManager[Unit]:
        """Open a unit of work that is committed when the block ends, and stored a little later.

        For whom nobody cancels: he would not know whether it was committed.
        """
        return self._unit(self._commit)

    @asynccontextmanager
    async def _unit(self, commit: Callable[[Unit], Awaitable[None]]) -> AsyncIterator[Unit]:
        async with self._lane or nullcontext(), self._session(self._write) as session:
            await _connect(session)
            unit = Unit(session)
            try:
                yield unit
                await commit(unit)
            except sa.exc.DBAPIError as error:
                _put_into_words(error)

    async def do(self, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
        """Do a unit of work whose statements are quick (kit/quick.py), and give its result.

        On SQLite it shares its commit with others that come meanwhile: what it raises undoes its
        part alone. When a cancelled caller goes on, it is known to be stored, or not.
        """
        if self._together is not None:
            return await _to_its_end(self._together.later(work))
        with quick():
            async with self.write() as session:
                return await work(session)

    async def close(self) -> None:
        """Close every connection."""
        if self._together is not None:
            await self._together.close()
        if self._disk is not None:
            await self._disk.close()
        if self._checkpoints is not None:
            await self._checkpoints.close()
        await self._writer.dispose()
        if self._reader is not self._writer:
            await self._reader.dispose()

    async def ping(self) -> None:
        """Ask the database for a sign of life, or raise `DatabaseUnusable`."""
        async with self.read() as session:
            await session.execute(sa.text("SELECT 1"))

    async def revision(self) -> str | None:
        """Tell which revision the schema is at."""
        async with self._reader.connect() as connection:
            return await connection.run_sync(migrations.revision_of)

    async def upgrade(self) -> None:
        """Bring the schema up to date; two nodes that start at once do it one after the other."""
        if await self.revision() == migrations.HEAD:
            return
        engine = self._writer
        if self.is_sqlite:
            # A table that is copied must not take the rows with it that point at it.
            engine = sqlite_engine(self.url, 1, begin="BEGIN IMMEDIATE", foreign_keys=False)
        try:
            async with engine.begin() as connection:
                await self._upgrade(connection)
        finally:
            if engine is not self._writer:
                await engine.dispose()

    async def create_all(self) -> None:
        """Create every table there is not yet, without migrations (tests and tools)."""
        async with self._writer.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
            await connection.run_sync(migrations.stamp)

    @asynccontextmanager
    async def _session(
        self, maker: async_sessionmaker[AsyncSession]
    ) -> AsyncIterator[AsyncSession]:
        if not (self.is_sqlite and is_quick()):
            async with maker() as session:
                yield session
            return
        # SQLAlchemy closes it in a task of its own, so that nobody interrupts that; here nothing
        # waits, so nobody can, and the next turns of the loop are spared.
        session = maker()
        try:
            yield session
        finally:
            await session.close()

    async def _commit(self, unit: Unit) -> None:
        """Commit, and have it brought to the disk if the database does not do that by itself."""
        await unit.session.commit()
        told, stored = take_on_commit(unit.session), asyncio.get_running_loop().create_future()
        unit.stored = stored
        if self._disk is None or self._checkpoints is None:
            _tell(told, stored, None)
            return
        self._checkpoints.note()
        self._disk.sync(partial(_tell, told, stored))

    async def _upgrade(self, connection: AsyncConnection) -> None:
        if not self.is_sqlite:
            lock = sa.text("SELECT pg_advisory_xact_lock(:key)")
            await connection.execute(lock, {"key": MIGRATION_LOCK})
        there = await connection.run_sync(migrations.revision_of)
        if there == migrations.HEAD:
            return
        if there is not None and there > migrations.HEAD:
            raise DatabaseUnusable(
                f"The database is of a newer opentact (schema {there}, this one knows"
                f" {migrations.HEAD}): start that one, or restore a backup from before"
            )
        if there is None and await connection.run_sync(_has_tables):
            raise DatabaseUnusable(
                "The database has tables that opentact did not make, or made before its schema"
                " had versions: name another one in OPENTACT_DATABASE_URL, or move this one away"
            )
        await connection.run_sync(migrations.upgrade)
        if self.is_sqlite:
            torn = (await connection.execute(sa.text("PRAGMA foreign_key_check"))).first()
            if torn is not None:
                raise DatabaseUnusable(f"A migration left a row that points at nothing: {torn}")


def _has_tables(connection: sa.Connection) -> bool:
    return bool(set(sa.inspect(connection).get_table_names()) & {"account", "user", "tn"})


def _put_into_words(error: sa.exc.DBAPIError) -> NoReturn:
    """Raise `DatabaseUnusable` when the database is at fault, and what it was otherwise."""
    fault = unusable(error)
    if fault is None:
        raise error
    raise fault from error


async def _connect(session: AsyncSession) -> None:
    """Begin at once: that a connection is not to be had is the database's fault, not the work's."""
    try:
        await session.connection()
    except Exception as error:  # what a driver says while it connects is wrapped by nobody
        fault = unusable(error)
        if fault is None:
            fault = DatabaseUnusable(f"The database does not answer: {cause(error)}")
        raise fault from error


def _tell(
    told: list[Callable[[], None]], stored: "asyncio.Future[None]", fault: OSError | None
) -> None:
    """Say that a unit is stored, or that the disk would not."""
    if fault is not None:
        stored.set_exception(unusable(fault) or fault)
        stored.exception()  # read, though nobody may wait for it any more
        log.error("disk_failed", error=repr(fault))
        return
    try:
        for call in told:
            call()
    finally:
        stored.set_result(None)


async def _to_its_end(work: Awaitable[T]) -> T:
    """Let the work end though its caller is cancelled: a commit has happened or it has not."""
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as error:
            if task.cancelled():
                raise
            cancelled = error
        except BaseException:  # noqa: BLE001, S110 - it is the task's, and raised below
            pass
    result = task.result()
    if cancelled is not None:
        raise cancelled
    return result
