"""What was committed is moved into the database file beside the commits."""

import asyncio
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from opentact.adapters.storage import checkpoints
from opentact.adapters.storage.checkpoints import Checkpoints

ROWS = 2_000


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "opentact.db"


@pytest.fixture
def writer(file: Path) -> Iterator[sqlite3.Connection]:
    opened = sqlite3.connect(file, isolation_level=None)
    opened.execute("PRAGMA journal_mode=WAL")
    opened.execute("PRAGMA wal_autocheckpoint=0")
    opened.execute("CREATE TABLE t (n INTEGER, words TEXT)")
    yield opened
    opened.close()


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints, "PAUSE_S", 0)


def write(writer: sqlite3.Connection) -> int:
    """Write rows, and tell how large the log is then."""
    writer.execute("BEGIN")
    writer.executemany("INSERT INTO t VALUES (?, ?)", ((n, "x" * 100) for n in range(ROWS)))
    writer.execute("COMMIT")
    [log] = Path(writer.execute("PRAGMA database_list").fetchone()[2]).parent.glob("*-wal")
    return log.stat().st_size


def rows_in(file: Path) -> int:
    """Count the rows that are in the database file itself."""
    alone = file.with_name("alone.db")
    alone.write_bytes(file.read_bytes())
    connection = sqlite3.connect(alone)
    try:
        return int(connection.execute("SELECT count(*) FROM t").fetchone()[0])
    except sqlite3.OperationalError:
        return 0  # not even the table
    finally:
        connection.close()


async def moved(checkpoints: Checkpoints) -> None:
    """Wait until it has nothing more to do."""
    async with asyncio.timeout(10):
        while checkpoints.is_at_work:  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0)


async def test_what_was_committed_is_moved_after_a_while(
    file: Path, writer: sqlite3.Connection
) -> None:
    keeper = Checkpoints(str(file), asyncio.Lock())
    write(writer)
    assert rows_in(file) == 0
    keeper.note()
    await moved(keeper)
    assert rows_in(file) == ROWS
    await keeper.close()


async def test_a_long_log_is_begun_anew(
    file: Path, writer: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "LONG", 10)
    keeper = Checkpoints(str(file), asyncio.Lock())
    sizes = []
    for _ in range(3):
        sizes.append(write(writer))
        keeper.note()
        await moved(keeper)
    assert sizes[2] < 1.2 * sizes[0]
    assert rows_in(file) == 3 * ROWS
    await keeper.close()


async def test_it_is_begun_anew_between_two_writers_only(
    file: Path, writer: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    move = Checkpoints._move

    async def noted(keeper: Checkpoints, mode: str) -> int:
        pages = await move(keeper, mode)
        done.append(mode)
        return pages

    monkeypatch.setattr(checkpoints, "LONG", 10)
    monkeypatch.setattr(Checkpoints, "_move", noted)
    lane = asyncio.Lock()
    keeper = Checkpoints(str(file), lane)
    write(writer)
    async with lane:
        keeper.note()
        async with asyncio.timeout(10):
            while not done:  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0)
        for _ in range(10):
            await asyncio.sleep(0)
        assert (done, keeper.is_at_work) == (["PASSIVE"], True)
    await moved(keeper)
    assert done == ["PASSIVE", "RESTART"]
    await keeper.close()


async def test_a_file_that_cannot_be_opened_is_logged(tmp_path: Path) -> None:
    keeper = Checkpoints(str(tmp_path / "nowhere" / "opentact.db"), asyncio.Lock())
    with capture_logs() as logs:
        keeper.note()
        await moved(keeper)
    assert [line["event"] for line in logs] == ["checkpoint_failed"]
    await keeper.close()


async def test_closing_before_its_time_moves_nothing(
    file: Path, writer: sqlite3.Connection
) -> None:
    keeper = Checkpoints(str(file), asyncio.Lock())
    write(writer)
    keeper.note()
    await keeper.close()
    assert not keeper.is_at_work
    assert rows_in(file) == 0
