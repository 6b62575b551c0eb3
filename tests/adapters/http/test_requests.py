"""What is asked, what is not, and where redirects may lead."""

import json

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from adapters.http.webserver import echo, web_server
from opentact.adapters.http.faults import (
    FetchFault,
    FetchRedirects,
    FetchRefused,
)
from opentact.adapters.http.fetcher import Fetcher
from opentact.adapters.http.requests import Asked, write_request


class TestRefusing:
    @pytest.mark.parametrize(
        "url",
        [
            "http://10.0.0.1/",
            "http://169.254.169.254/latest/meta-data/",
            "http://[::ffff:10.0.0.1]/",
            "http://[fe80::1%25eth0]/",
            "http://2130706433/",
            "http://0x7f.0.0.1/",
            "http://0177.0.0.1/",
            "http://127.1/",
            "http://127.0.0.1./",
            "http://\u2460\u24ea.0.0.1/",  # circled digits: 10.0.0.1
            "http://%31%32%37.0.0.1/",
            "file:///etc/passwd",
            "gopher://127.0.0.1/",
            "//127.0.0.1/",
            "127.0.0.1",
            "http:///x",
            "http://127.0.0.1:0/",
            "http://127.0.0.1:99999/",
            "http://a b/",
            "http://[::1/",
            "",
            "http://127.0.0.1/" + "a" * 9000,
        ],
    )
    async def test_what_it_does_not_ask(self, fetcher: Fetcher, url: str) -> None:
        with pytest.raises(FetchRefused):
            await fetcher.fetch("GET", url)

    @pytest.mark.parametrize(
        "header",
        [("Host", "x"), ("Content-Length", "3"), ("X", "a\r\nY: b"), ("a b", "c"), ("X", "\u20ac")],
    )
    async def test_headers_that_could_lie(self, fetcher: Fetcher, header: tuple[str, str]) -> None:
        with pytest.raises(FetchRefused, match="header"):
            await fetcher.fetch("GET", "http://127.0.0.1/", headers=[header])

    async def test_a_header_given_takes_the_place_of_ours(self, fetcher: Fetcher) -> None:
        async with web_server(echo) as port:
            answer = await fetcher.fetch(
                "POST",
                f"http://127.0.0.1:{port}/",
                headers=[("content-type", "text/plain"), ("user-agent", "me")],
                json=1,
            )
        headers = json.loads(answer.body)["headers"]
        assert (headers["content-type"], headers["user-agent"]) == ("text/plain", "me")

    async def test_methods_it_does_not_use(self, fetcher: Fetcher) -> None:
        with pytest.raises(FetchRefused, match="CONNECT"):
            await fetcher.fetch("CONNECT", "http://127.0.0.1/")


class TestRedirects:
    async def test_three_are_followed_and_no_more(self, fetcher: Fetcher) -> None:
        async def down(request: web.Request) -> web.Response:
            left = int(request.path[1:])
            if not left:
                return web.Response(text="there")
            return web.Response(status=302, headers={"Location": f"/{left - 1}"})

        async with web_server(down) as port:
            answer = await fetcher.fetch("GET", f"http://127.0.0.1:{port}/3")
            with pytest.raises(FetchRedirects, match="more than 3 times"):
                await fetcher.fetch("GET", f"http://127.0.0.1:{port}/4")

        assert (answer.body, answer.url) == (b"there", f"http://127.0.0.1:{port}/0")

    @pytest.mark.parametrize("location", ["http://10.0.0.1/", "http://127.0.0.2/", "file:///x"])
    async def test_each_hop_is_checked_anew(self, location: str) -> None:
        async def away(_: web.Request) -> web.Response:
            return web.Response(status=307, headers={"Location": location})

        fetcher = Fetcher(allow_networks=["127.0.0.1/32"])
        async with web_server(away) as port:
            with pytest.raises(FetchRefused):
                await fetcher.fetch("GET", f"http://127.0.0.1:{port}/")
        await fetcher.close()

    @pytest.mark.parametrize(
        ("status", "method"), [(301, "GET"), (302, "GET"), (303, "GET"), (307, "POST")]
    )
    async def test_a_post_goes_on_as_in_browsers(
        self, fetcher: Fetcher, status: int, method: str
    ) -> None:
        async def once(request: web.Request) -> web.StreamResponse:
            if request.path == "/there":
                return await echo(request)
            return web.Response(status=status, headers={"Location": "/there"})

        async with web_server(once) as port:
            answer = await fetcher.fetch("POST", f"http://127.0.0.1:{port}/", body=b"1=2")

        told = json.loads(answer.body)
        assert told["method"] == method
        assert told["body"] == ("1=2" if method == "POST" else "")

    async def test_secrets_stay_with_whom_they_were_for(self, fetcher: Fetcher) -> None:
        async with web_server(echo) as other:

            async def away(_: web.Request) -> web.Response:
                there = f"http://127.0.0.1:{other}/"
                return web.Response(status=307, headers={"Location": there})

            async with web_server(away) as port:
                answer = await fetcher.fetch(
                    "GET",
                    f"http://me:word@127.0.0.1:{port}/",
                    headers=[("Cookie", "a=b"), ("X-Tag", "in")],
                )

        headers = json.loads(answer.body)["headers"]
        assert headers["x-tag"] == "in"
        assert not {"authorization", "cookie"} & headers.keys()


class TestFromHttps:
    def test_there_is_no_way_down_to_http(self) -> None:
        with pytest.raises(FetchRedirects, match="from https to http"):
            asked("https://a.test/x").redirected(302, "http://a.test/x")

    @pytest.mark.parametrize(
        ("location", "url"),
        [
            ("/y?b=%2F", "https://a.test/y?b=%2F"),
            ("y", "https://a.test/deep/y"),
            ("//b.test/", "https://b.test/"),
            ("https://b.test:8443/#part", "https://b.test:8443/"),
        ],
    )
    def test_where_a_redirect_leads(self, location: str, url: str) -> None:
        assert str(asked("https://a.test/deep/x").redirected(307, location).url) == url

    @pytest.mark.parametrize("location", ["javascript:alert(1)", "http://["])
    def test_where_none_leads(self, location: str) -> None:
        with pytest.raises(FetchFault):
            asked("https://a.test/").redirected(302, location)


@given(st.text(max_size=80), st.text(max_size=80))
def test_any_text_is_a_request_or_a_refusal(url: str, location: str) -> None:
    for text in (url, f"http://{url}", f"http://a.test/{url}"):
        try:
            asked(text).redirected(302, location)
        except FetchFault:
            continue


def asked(url: str) -> Asked:
    return write_request("GET", url, params=(), headers=(), json=None, body=None, accept="*/*")
