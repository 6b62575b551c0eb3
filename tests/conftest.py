"""What every test may ask for, and what holds for all of them.

No test leaves the machine. Tests below `tests/e2e` carry the marker `e2e`. A peer that is not
installed is named at the end of the run, so that a skipped promise is never a silent one.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from support import network
from support.databases import TEMPLATE, give_tables
from support.peers import MISSING
from support.postgres import PostgresServer, postgres_server

E2E = Path(__file__).parent / "e2e"
MOST_WORKERS = 8  # each has a PostgreSQL server and a platform of its own

network.wall_off()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if E2E in item.path.parents:
            item.add_marker(pytest.mark.e2e)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors, as end-to-end tests mostly wait."""
    return min((os.cpu_count() or 1) + 1, MOST_WORKERS)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    # What failed once and held the second time says why, or nobody ever learns it.
    for report in terminalreporter.stats.get("rerun", []):
        terminalreporter.section(f"run again: {report.nodeid}", yellow=True)
        terminalreporter.line(report.longreprtext)
    skipped = terminalreporter.stats.get("skipped", [])
    reasons = [report.longrepr[2] for report in skipped if isinstance(report.longrepr, tuple)]
    missing = [reason.partition(MISSING)[2] for reason in reasons if MISSING in reason]
    if missing:
        terminalreporter.section("NOT TESTED: peers are missing", red=True, bold=True)
    for reason in sorted(set(missing)):
        terminalreporter.line(f"{missing.count(reason):4} tests: {reason}")


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server for the whole run."""
    with postgres_server() as server:
        yield server


@pytest.fixture
def postgres_url(postgres: PostgresServer) -> Iterator[str]:
    """The URL of an empty PostgreSQL database."""
    with postgres.database() as url:
        yield url


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with every table, to be copied."""
    file = tmp_path_factory.mktemp("sqlite") / "template.db"
    give_tables(f"sqlite+aiosqlite:///{file}")
    return file


@pytest.fixture
def postgres_url_with_tables(postgres: PostgresServer) -> Iterator[str]:
    """The URL of a PostgreSQL database with every table."""
    with postgres.database(postgres.template(TEMPLATE, give_tables)) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database with every table, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        file = tmp_path / "opentact.db"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), file)
        return f"sqlite+aiosqlite:///{file}"
    url: str = request.getfixturevalue("postgres_url_with_tables")
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'empty.db'}"
    url: str = request.getfixturevalue("postgres_url")
    return url
