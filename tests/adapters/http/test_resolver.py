"""Names that lead inside, change their mind, or are never told."""

import json
import threading

import pytest

from adapters.http.names import SILENCE, Names
from adapters.http.webserver import echo, web_server
from opentact.adapters.http.faults import (
    FetchRefused,
    FetchTimeout,
    FetchUnreachable,
)
from opentact.adapters.http.fetcher import Fetcher


class TestNames:
    async def test_a_private_name_is_never_connected_to(self) -> None:
        fetcher = Fetcher(resolver=Names(inside_test=[["10.1.2.3"]]))
        with pytest.raises(FetchRefused, match=r"inside.test \(10.1.2.3\) is not a public"):
            await fetcher.fetch("GET", "http://inside.test/")
        await fetcher.close()

    async def test_one_private_address_spoils_the_name(self) -> None:
        fetcher = Fetcher(resolver=Names(half_test=[["127.0.0.1", "192.168.0.1"]]))
        with pytest.raises(FetchRefused, match=r"192.168.0.1"):
            await fetcher.fetch("GET", "http://half.test/")
        await fetcher.close()

    async def test_a_name_that_changes_its_mind_is_asked_once(self) -> None:
        # The second answer is what a rebinding attacker hopes for at connect time.
        names = Names(rebind_test=[["127.0.0.1"], ["10.0.0.1"]])
        fetcher = Fetcher(resolver=names)
        async with web_server(echo) as port:
            answer = await fetcher.fetch("GET", f"http://rebind.test:{port}/")
        await fetcher.close()

        assert json.loads(answer.body)["headers"]["host"] == f"rebind.test:{port}"
        assert names.asked == ["rebind.test"]

    async def test_a_name_server_that_never_answers(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("opentact.adapters.http.fetcher.CONNECT_TIMEOUT", 0.05)
        fetcher = Fetcher(resolver=Names())
        with pytest.raises(FetchTimeout, match=r"no connection within 0.05 s"):
            await fetcher.fetch("GET", f"http://{SILENCE}/")
        await fetcher.close()

    async def test_localhost_is_resolved_by_the_system(self, fetcher: Fetcher) -> None:
        async with web_server(echo) as port:
            assert (await fetcher.fetch("GET", f"http://localhost:{port}/")).status == 200
        strict = Fetcher(allow_networks=())
        with pytest.raises(FetchRefused, match=r"localhost \((::1|127.0.0.1)\) is not a public"):
            await strict.fetch("GET", f"http://localhost:{port}/")
        await strict.close()

    async def test_closing_leaves_no_thread_behind(self) -> None:
        fetcher = Fetcher()
        async with web_server(echo) as port:
            await fetcher.fetch("GET", f"http://localhost:{port}/")
        mine = [thread for thread in threading.enumerate() if thread.name.startswith("names")]
        await fetcher.close()
        for thread in mine:
            thread.join(timeout=5)
        assert mine
        assert not [thread for thread in mine if thread.is_alive()]

    async def test_a_name_that_is_none(self) -> None:
        fetcher = Fetcher(resolver=Names())
        with pytest.raises(FetchUnreachable, match="no such host"):
            await fetcher.fetch("GET", "http://nowhere.test/")
        await fetcher.close()
