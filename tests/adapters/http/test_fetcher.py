"""The guarded fetcher against real servers: asking, redirects, names, TLS."""

import json
import ssl

import pytest
from aiohttp import web

from adapters.http.certificates import Authority
from adapters.http.names import Names
from adapters.http.webserver import echo, web_server
from opentact import __version__
from opentact.adapters.http.faults import (
    FetchStatus,
    FetchUnreachable,
)
from opentact.adapters.http.fetcher import Fetcher


class TestAsking:
    async def test_an_answer_tells_what_it_is(self, fetcher: Fetcher) -> None:
        async def page(_: web.Request) -> web.Response:
            return web.Response(body=b"<html>", headers={"Content-Type": "Text/HTML; charset=x"})

        async with web_server(page) as port:
            url = f"http://127.0.0.1:{port}/flow"
            answer = await fetcher.fetch("get", url)

        assert (answer.status, answer.content_type, answer.body) == (200, "text/html", b"<html>")
        assert answer.url == url
        assert answer.ms > 0

    async def test_params_join_the_query_that_is_there(self, fetcher: Fetcher) -> None:
        async with web_server(echo) as port:
            answer = await fetcher.fetch(
                "GET",
                f"http://127.0.0.1:{port}/?k=a%2Fb&sig=x%3D%3D#here",
                params=[("dtmf", "1#"), ("from", "+1 201")],
            )

        assert json.loads(answer.body)["query"] == "k=a%2Fb&sig=x%3D%3D&dtmf=1%23&from=%2B1+201"

    async def test_json_is_posted_as_json(self, fetcher: Fetcher) -> None:
        async with web_server(echo) as port:
            answer = await fetcher.fetch("POST", f"http://127.0.0.1:{port}/", json={"é": 1})

        told = json.loads(answer.body)
        assert told["method"] == "POST"
        assert told["headers"]["content-type"] == "application/json"
        assert json.loads(told["body"]) == {"é": 1}

    async def test_it_says_who_asks(self, fetcher: Fetcher) -> None:
        async with web_server(echo) as port:
            answer = await fetcher.fetch(
                "GET", f"http://127.0.0.1:{port}/", headers=[("X-Tag", "in")], accept="text/xml"
            )

        headers = json.loads(answer.body)["headers"]
        assert headers["user-agent"] == f"opentact/{__version__}"
        assert (headers["x-tag"], headers["accept"]) == ("in", "text/xml")

    async def test_it_keeps_no_cookies(self) -> None:
        fetcher = Fetcher(resolver=Names(shop_test=[["127.0.0.1"], ["127.0.0.1"]]))
        async with web_server(echo) as port:
            first = await fetcher.fetch("GET", f"http://shop.test:{port}/")
            second = await fetcher.fetch("GET", f"http://shop.test:{port}/")
        await fetcher.close()

        assert first.headers["set-cookie"] == "spy=1"
        assert "cookie" not in json.loads(second.body)["headers"]

    async def test_the_environment_names_no_proxy(
        self, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, "http://127.0.0.1:1")
        async with web_server(echo) as port:
            assert (await fetcher.fetch("GET", f"http://127.0.0.1:{port}/")).status == 200

    async def test_an_unchanged_answer_is_one_when_it_was_asked_for(self, fetcher: Fetcher) -> None:
        async def unchanged(_: web.Request) -> web.Response:
            return web.Response(status=304)

        async with web_server(unchanged) as port:
            url = f"http://127.0.0.1:{port}/"
            answer = await fetcher.fetch("GET", url, headers=[("If-None-Match", '"1"')])
            with pytest.raises(FetchStatus):
                await fetcher.fetch("GET", url)

        assert (answer.status, answer.body) == (304, b"")

    @pytest.mark.parametrize("status", [204, 400, 404, 500, 503])
    async def test_only_success_is_an_answer(self, fetcher: Fetcher, status: int) -> None:
        async def answers(_: web.Request) -> web.Response:
            return web.Response(status=status)

        async with web_server(answers) as port:
            url = f"http://127.0.0.1:{port}/secret"
            if status == 204:
                assert (await fetcher.fetch("GET", url)).body == b""
                return
            with pytest.raises(FetchStatus, match=f"/secret answered {status}$") as caught:
                await fetcher.fetch("GET", f"{url}?token=1")

        assert caught.value.http_status == status


class TestTls:
    async def test_the_certificate_must_be_for_the_name(self) -> None:
        authority = Authority()
        names = Names(good_test=[["127.0.0.1"]], other_test=[["127.0.0.1"]])
        fetcher = Fetcher(resolver=names, tls=authority.trusting())
        async with web_server(echo, tls=authority.serving("good.test")) as port:
            assert (await fetcher.fetch("GET", f"https://good.test:{port}/")).status == 200
            with pytest.raises(FetchUnreachable, match="certificate is not valid"):
                await fetcher.fetch("GET", f"https://other.test:{port}/")
        await fetcher.close()

    async def test_a_stranger_signs_nothing(self) -> None:
        names = Names(good_test=[["127.0.0.1"]])
        fetcher = Fetcher(resolver=names, tls=ssl.create_default_context())
        async with web_server(echo, tls=Authority().serving("good.test")) as port:
            with pytest.raises(FetchUnreachable, match="certificate is not valid"):
                await fetcher.fetch("GET", f"https://good.test:{port}/")
        await fetcher.close()
