"""What every test may ask for, and what holds for all of them.

No test leaves the machine. Tests below `tests/e2e` carry the marker `e2e`. A peer that is not
installed is named at the end of the run, so that a skipped promise is never a silent one.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support import network
from support.peers import MISSING
from support.postgres import PostgresServer, postgres_server

E2E = Path(__file__).parent / "e2e"

network.wall_off()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if E2E in item.path.parents:
            item.add_marker(pytest.mark.e2e)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
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


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'opentact.db'}"
    url: str = request.getfixturevalue("postgres_url")
    return url
