"""Units of work: whole or not at all, whoever races, falls or is cancelled."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from opentact.accounts.accounts import Account
from opentact.accounts.users import open_account
from opentact.adapters.storage.database import Database, DatabaseUnusable
from opentact.billing.ledger import Line, NotEnoughBalance, RefType, post
from opentact.kit.units import on_commit
from support.postgres import PostgresServer

NOON = datetime(2024, 1, 16, 12, tzinfo=UTC)


async def account_with(database: Database, dollars: int) -> Account:
    async with database.write() as session:
        account = await open_account(session, name="A", email="a@example.com", now=NOON)
        await post(session, account.uuid, [Line(Decimal(dollars), RefType.PAYMENT)], now=NOON)
    return account


async def balance(database: Database, account: Account) -> Decimal | None:
    async with database.read() as session:
        return await session.scalar(sa.select(Account.balance).where(Account.uuid == account.uuid))


async def count(database: Database) -> int:
    async with database.read() as session:
        return await session.scalar(sa.select(sa.func.count()).select_from(Account)) or 0


async def add(session: AsyncSession, name: str = "A") -> None:
    await open_account(session, name=name, email="a@example.com", now=NOON)


async def unit(database: Database, *works: Callable[[AsyncSession], Awaitable[object]]) -> None:
    """Do the works in one unit."""
    async with database.write() as session:
        for work in works:
            await work(session)


def copy(template: Path, folder: Path, size: int | None = None) -> str:
    """Copy the template, or the beginning of it; the URL of the copy."""
    file = folder / "copy.db"
    file.write_bytes(template.read_bytes()[:size])
    return f"sqlite+aiosqlite:///{file}"


async def test_ten_spenders_of_three_dollars_get_three(database: Database) -> None:
    account = await account_with(database, 3)

    async def spend() -> bool:
        try:
            async with database.write() as session:
                line = Line(Decimal(-1), RefType.TNLEASE_NRC)
                await post(session, account.uuid, [line], now=NOON)
        except NotEnoughBalance:
            return False
        return True

    spent = await asyncio.gather(*(spend() for _ in range(10)))
    assert spent.count(True) == 3
    assert await balance(database, account) == 0


async def test_what_fails_leaves_nothing_and_tells_nobody(database: Database) -> None:
    told: list[str] = []

    async def fail(session: AsyncSession) -> None:
        on_commit(session, lambda: told.append("no"))
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await unit(database, add, fail)
    assert (await count(database), told) == (0, [])


async def test_who_asked_is_told_after_the_commit_in_order(database: Database) -> None:
    told: list[int] = []
    async with database.write() as session:
        await add(session)
        on_commit(session, lambda: told.append(1))
        on_commit(session, lambda: told.append(2))
        assert told == []
    assert told == [1, 2]
    async with database.write():
        pass
    assert told == [1, 2]


async def test_a_unit_cancelled_in_its_middle_leaves_nothing_and_the_lane_free(
    database: Database,
) -> None:
    inside = asyncio.Event()

    async def never_ends() -> None:
        async with database.write() as session:
            await add(session)
            inside.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(never_ends())
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(10):
        async with database.write() as session:
            await add(session)
    assert await count(database) == 1


async def test_a_unit_cancelled_at_its_commit_is_stored_and_told(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    committing, go_on = asyncio.Event(), asyncio.Event()
    commit = AsyncSession.commit

    async def slow(session: AsyncSession) -> None:
        committing.set()
        await go_on.wait()
        await commit(session)

    async def work() -> None:
        async with database.write() as session:
            await add(session)
            on_commit(session, lambda: told.append("stored"))

    monkeypatch.setattr(AsyncSession, "commit", slow)
    task = asyncio.create_task(work())
    await committing.wait()
    task.cancel()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await count(database), told) == (1, ["stored"])


async def test_who_waits_for_the_lane_may_give_up(database: Database) -> None:
    async with database.write() as session:
        await add(session)
        waiting = asyncio.create_task(count_in_a_unit(database))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    assert await count_in_a_unit(database) == 1


async def count_in_a_unit(database: Database) -> int:
    async with database.write() as session:
        return await session.scalar(sa.select(sa.func.count()).select_from(Account)) or 0


async def test_readers_do_not_wait_for_a_writer(database: Database) -> None:
    async with database.write() as session:
        await add(session)
        assert await asyncio.gather(*(count(database) for _ in range(5))) == [0] * 5


async def test_a_connection_that_breaks_is_the_databases_fault_and_the_next_one_works(
    postgres: PostgresServer, postgres_url_with_tables: str
) -> None:
    database = Database(postgres_url_with_tables)
    name = sa.make_url(database.url).database

    async def cut(session: AsyncSession) -> None:
        postgres.execute(
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
        )
        await session.execute(sa.text("SELECT 1"))

    try:
        with pytest.raises(DatabaseUnusable, match="went away"):
            await unit(database, add, cut)
        await unit(database, add)
        assert await count(database) == 1
    finally:
        await database.close()


async def test_a_server_that_is_not_there_is_one_sentence() -> None:
    database = Database("postgresql+asyncpg://opentact@127.0.0.1:1/none")
    with pytest.raises(DatabaseUnusable, match="does not answer"):
        await database.ping()
    await database.close()


async def test_a_server_that_starts_up_is_one_sentence() -> None:
    async def starting_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(await reader.read(1024)) == 8:  # it asks for TLS first
            writer.write(b"N")
            await reader.read(1024)
        said = b"SFATAL\0C57P03\0Mthe database system is starting up\0\0"
        writer.write(b"E" + (len(said) + 4).to_bytes(4, "big") + said)
        writer.close()

    async with await asyncio.start_server(starting_up, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        database = Database(f"postgresql+asyncpg://opentact@127.0.0.1:{port}/none")
        with pytest.raises(DatabaseUnusable, match="is starting up"):
            await database.ping()
        await database.close()


async def test_a_server_that_goes_away_while_we_read_is_one_sentence(postgres_url: str) -> None:
    database = Database(postgres_url)

    async def read() -> None:
        async with database.read() as session:
            own = await session.scalar(sa.text("SELECT pg_backend_pid()"))
            async with database.read() as other:
                await other.execute(sa.select(sa.func.pg_terminate_backend(own)))
            await session.execute(sa.text("SELECT 1"))

    with pytest.raises(DatabaseUnusable, match="went away"):
        await read()
    await database.ping()
    await database.close()


@pytest.mark.parametrize("garbage", [b"no database" * 500, b"SQLite format 3\0" + b"\xff" * 4000])
async def test_a_damaged_file_is_one_sentence(tmp_path: Path, garbage: bytes) -> None:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'bad.db'}")
    (tmp_path / "bad.db").write_bytes(garbage)
    with pytest.raises(DatabaseUnusable, match="Restore it from a backup"):
        await database.ping()
    await database.close()


async def test_a_truncated_file_is_one_sentence(sqlite_template: Path, tmp_path: Path) -> None:
    database = Database(copy(sqlite_template, tmp_path, 4096 * 3))
    with pytest.raises(DatabaseUnusable, match="damaged"):
        await unit(database, lambda session: session.execute(sa.text("SELECT * FROM event")))
    await database.close()


async def test_a_full_disk_is_one_sentence_and_what_was_there_stays(
    sqlite_template: Path, tmp_path: Path
) -> None:
    database = Database(copy(sqlite_template, tmp_path))
    async with database.write() as session:
        await add(session)
        pages = await session.scalar(sa.text("PRAGMA page_count"))
        await session.execute(sa.text(f"PRAGMA max_page_count = {pages}"))
    with pytest.raises(DatabaseUnusable, match="disk is full"):
        await unit(database, lambda session: add(session, "x" * 1_000_000))
    assert await count(database) == 1
    await database.close()


async def test_a_file_that_may_not_be_written_is_one_sentence(
    sqlite_template: Path, tmp_path: Path
) -> None:
    database = Database(copy(sqlite_template, tmp_path))
    # The rights of a file do not hold root back; this holds everyone.
    async with database.engine.connect() as connection:
        await connection.execute(sa.text("PRAGMA query_only = ON"))
    with pytest.raises(DatabaseUnusable, match="may not be written"):
        await unit(database, add)
    await database.close()


async def test_a_write_of_another_process_is_waited_for(
    sqlite_template: Path, tmp_path: Path
) -> None:
    database = Database(copy(sqlite_template, tmp_path))
    other = sqlite3.connect(tmp_path / "copy.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    waiting = asyncio.create_task(count_in_a_unit(database))
    await asyncio.wait([waiting], timeout=0.05)
    assert not waiting.done()
    other.execute("COMMIT")
    other.close()
    assert await waiting == 0
    await database.close()
