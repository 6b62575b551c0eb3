"""One server for all pages and examples that are run; each orders numbers of its own."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from support.live_server import Customer, Server, customer, running_server


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder a reader works in, with the data folder in it."""
    return tmp_path_factory.mktemp("checkout")


@pytest.fixture(scope="session")
def live(home: Path) -> Iterator[Server]:
    """The server a reader started."""
    with running_server(home / "data", park_seconds=3) as server:
        yield server


@pytest.fixture
async def alice(live: Server) -> AsyncIterator[Customer]:
    """The demo account on the live server."""
    async with customer(live.http, live.token) as demo:
        yield demo
