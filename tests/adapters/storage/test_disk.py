"""What was committed comes to the disk, many commits at once, and nobody is told before."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from errno import EIO
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from opentact.accounts.accounts import Account
from opentact.accounts.users import open_account
from opentact.adapters.storage.database import Database, DatabaseUnusable
from opentact.adapters.storage.disk import Disk
from opentact.adapters.storage.journal import Journal
from opentact.kit.units import on_commit
from support.slow_disk import SlowDisk, slow_disk

NOON = datetime(2024, 1, 16, 12, tzinfo=UTC)


@pytest.fixture
def log_there(tmp_path: Path) -> Path:
    """A database of which there is a log."""
    (tmp_path / "opentact.db-wal").touch()
    return tmp_path / "opentact.db"


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> SlowDisk:
    return slow_disk(monkeypatch)


@pytest.fixture
async def sqlite(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[Database]:
    file = tmp_path / "opentact.db"
    shutil.copyfile(sqlite_template, file)
    database = Database(f"sqlite+aiosqlite:///{file}")
    yield database
    await database.close()


async def adds(session: AsyncSession) -> None:
    await open_account(session, name="A", email="a@example.com", now=NOON)


async def one_more(database: Database, told: list[str]) -> None:
    async with database.write() as session:
        await adds(session)
        on_commit(session, lambda: told.append("stored"))


async def count(database: Database) -> int:
    async with database.read() as session:
        return await session.scalar(sa.select(sa.func.count()).select_from(Account)) or 0


async def comes_to(database: Database, number: int) -> None:
    async with asyncio.timeout(10):
        while await count(database) < number:  # noqa: ASYNC110 - a commit tells nobody but who asks
            await asyncio.sleep(0)


async def test_who_asks_while_a_sync_runs_shares_the_next(log_there: Path, slow: SlowDisk) -> None:
    disk, told = Disk(log_there), list[object]()
    for _ in range(3):
        disk.sync(told.append)
    slow.go_on.set()
    await disk.close()
    assert told == [None, None, None]
    assert slow.began == 2


async def test_who_cannot_be_told_keeps_it_from_nobody_else(
    log_there: Path, slow: SlowDisk
) -> None:
    disk, told, said = Disk(log_there), list[object](), list[object]()
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: said.append(context["exception"]))
    disk.sync(told.append)
    disk.sync(lambda _: told.remove("nothing"))
    disk.sync(told.append)
    slow.go_on.set()
    await disk.close()
    assert told == [None, None]
    assert [type(each) for each in said] == [ValueError]


async def test_a_log_that_sqlite_has_removed_is_on_the_disk(tmp_path: Path) -> None:
    disk, told = Disk(tmp_path / "opentact.db"), list[object]()
    disk.sync(told.append)
    await disk.close()
    assert told == [None]


async def test_a_log_that_cannot_be_opened_is_said(tmp_path: Path) -> None:
    disk, told = Disk(tmp_path / ("x" * 300)), list[object]()
    disk.sync(told.append)
    await disk.close()
    assert [type(each) for each in told] == [OSError]


async def test_a_write_waits_for_the_disk_and_nobody_is_told_before(
    sqlite: Database, slow: SlowDisk
) -> None:
    told: list[str] = []
    writing = asyncio.create_task(one_more(sqlite, told))
    await comes_to(sqlite, 1)
    assert (writing.done(), told) == (False, [])
    slow.go_on.set()
    await writing
    assert told == ["stored"]


async def test_others_write_while_the_disk_takes_its_time(sqlite: Database, slow: SlowDisk) -> None:
    told: list[str] = []
    writing = [asyncio.create_task(one_more(sqlite, told)) for _ in range(5)]
    await comes_to(sqlite, 5)
    assert told == []
    slow.go_on.set()
    await asyncio.gather(*writing)
    assert len(told) == 5
    assert slow.began <= 5


async def test_who_is_cancelled_meanwhile_knows_that_it_is_stored(
    sqlite: Database, slow: SlowDisk
) -> None:
    told: list[str] = []
    writing = asyncio.create_task(one_more(sqlite, told))
    await comes_to(sqlite, 1)
    writing.cancel()
    slow.go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert told == ["stored"]


async def test_a_disk_that_fails_is_said_and_nobody_is_told(
    sqlite: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    with monkeypatch.context() as patch:
        slow_disk(patch, OSError(EIO, "Input/output error")).go_on.set()
        with pytest.raises(DatabaseUnusable, match="Input/output error"):
            await one_more(sqlite, told)
    assert told == []
    await one_more(sqlite, told)
    assert told == ["stored"]


async def test_a_call_waits_for_a_slow_disk_no_longer_than_its_patience(
    sqlite: Database, slow: SlowDisk
) -> None:
    told: list[str] = []

    async def work(session: AsyncSession) -> str:
        await adds(session)
        on_commit(session, lambda: told.append("stored"))
        return "written"

    journal = Journal(sqlite, linger=0, patience=0.0)
    assert await journal.do(work) == "written"
    assert (await count(sqlite), told) == (1, [])
    slow.go_on.set()
    await journal.close()
    assert told == ["stored"]


async def test_without_patience_it_waits(sqlite: Database, slow: SlowDisk) -> None:
    journal = Journal(sqlite, linger=0)
    piece = journal.later(adds)
    await comes_to(sqlite, 1)
    assert not piece.done()
    slow.go_on.set()
    await piece
    await journal.close()
