"""The server that tests run: it starts, is found, and is cut off."""

from pathlib import Path

import pytest

from support.live_server import customer, running_server

pytestmark = pytest.mark.e2e


async def test_a_server_starts_and_sells_a_number(tmp_path: Path) -> None:
    with running_server(tmp_path / "data") as server:
        async with customer(server.http, server.token) as alice:
            number = await alice.number_with_flow("<Response><Hangup/></Response>")
        assert f"{number}"[4:7] == "555"


def test_a_server_that_was_killed_starts_again(tmp_path: Path) -> None:
    with running_server(tmp_path / "data") as server:
        before = server.pid
        server.kill()
        server.start()
        assert server.pid != before
