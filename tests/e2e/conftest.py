"""A live server for the tests of the voice path, and its customer."""

from collections.abc import AsyncIterator, Iterator

import pytest

from support.live_server import Customer, Server, customer, running_server


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server on SQLite for all tests that do it no harm."""
    folder = tmp_path_factory.mktemp("live") / "data"
    with running_server(folder, park_seconds=3, rtp_timeout=10) as server:
        yield server


@pytest.fixture
async def alice(live: Server) -> AsyncIterator[Customer]:
    """The demo account on the live server, whose trunks do not outlive the test.

    Their targets are ports of this machine, which belong to other peers of other tests soon.
    """
    async with customer(live.http, live.token) as demo:
        yield demo
        for trunk in await demo.ask("GET", "/rest/sip/connection"):
            path = f"/rest/sip/connection/{trunk['uuid']}"
            leases = [each["uuid"] for each in await demo.ask("GET", f"{path}/tnlease")]
            await demo.ask("POST", f"{path}/tnlease", {"remove": leases})
            await demo.ask("DELETE", path)
