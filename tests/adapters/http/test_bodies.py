"""Answers that are too much, too late, or broken."""

import asyncio
import gzip
import socket
import zlib

import pytest
from aiohttp import web

from adapters.http.webserver import raw_server, silent_server, web_server
from opentact.adapters.http.bodies import _decoder_for
from opentact.adapters.http.faults import (
    FetchTimeout,
    FetchTooLarge,
    FetchUnreachable,
)
from opentact.adapters.http.fetcher import Fetcher

MEGABYTE = 1024 * 1024


class TestLimits:
    async def test_a_server_that_never_speaks(self, fetcher: Fetcher) -> None:
        async with silent_server() as port:
            with pytest.raises(FetchTimeout, match=r"no complete answer within 0.1 s"):
                await fetcher.fetch("GET", f"http://127.0.0.1:{port}/", timeout=0.1)

    async def test_a_server_that_stops_in_the_middle(self, fetcher: Fetcher) -> None:
        async def stall(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse()
            await response.prepare(request)
            await response.write(b"<Resp")
            await asyncio.Event().wait()
            return response

        async with web_server(stall) as port:
            with pytest.raises(FetchTimeout):
                await fetcher.fetch("GET", f"http://127.0.0.1:{port}/", timeout=0.1)

    async def test_ten_megabytes_are_not_read(self, fetcher: Fetcher) -> None:
        async def big(_: web.Request) -> web.Response:
            return web.Response(body=bytes(10 * MEGABYTE))

        async with web_server(big) as port:
            with pytest.raises(FetchTooLarge, match="larger than 1,048,576 bytes"):
                await fetcher.fetch("GET", f"http://127.0.0.1:{port}/")

    async def test_a_body_without_end_is_cut(self, fetcher: Fetcher) -> None:
        written = 0

        async def endless(request: web.Request) -> web.StreamResponse:
            nonlocal written
            response = web.StreamResponse()
            await response.prepare(request)
            while True:
                await response.write(bytes(MEGABYTE // 16))
                written += MEGABYTE // 16

        async with web_server(endless) as port:
            with pytest.raises(FetchTooLarge):
                await fetcher.fetch("GET", f"http://127.0.0.1:{port}/", max_bytes=MEGABYTE)

        # What the sockets' buffers take is beyond us; a hundred would mean that we read on.
        assert written < 20 * MEGABYTE

    @pytest.mark.parametrize("size", [MEGABYTE, MEGABYTE + 1])
    async def test_the_limit_is_exact(self, fetcher: Fetcher, size: int) -> None:
        async def just(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse(headers={"Content-Encoding": "gzip"})
            await response.prepare(request)
            await response.write(gzip.compress(bytes(size)))
            return response

        async with web_server(just) as port:
            asking = fetcher.fetch("GET", f"http://127.0.0.1:{port}/", max_bytes=MEGABYTE)
            if size == MEGABYTE:
                assert len((await asking).body) == size
                return
            with pytest.raises(FetchTooLarge):
                await asking

    @pytest.mark.parametrize("encoding", ["gzip", "deflate"])
    async def test_a_bomb_does_not_go_off(self, fetcher: Fetcher, encoding: str) -> None:
        packed = (gzip if encoding == "gzip" else zlib).compress(bytes(50 * MEGABYTE))

        async def bomb(_: web.Request) -> web.Response:
            return web.Response(body=packed, headers={"Content-Encoding": encoding})

        assert len(packed) < MEGABYTE
        async with web_server(bomb) as port:
            with pytest.raises(FetchTooLarge):
                await fetcher.fetch("GET", f"http://127.0.0.1:{port}/")

    def test_a_bomb_is_never_larger_in_memory_than_there_is_room(self) -> None:
        packed = gzip.compress(bytes(50 * MEGABYTE))
        assert len(_decoder_for("gzip").feed(packed, room=1000)) == 1001

    async def test_compressed_answers_are_read(self, fetcher: Fetcher) -> None:
        async def small(request: web.Request) -> web.Response:
            assert request.headers["Accept-Encoding"] == "gzip, deflate"
            body = gzip.compress(b"<Response/>")
            return web.Response(body=body, headers={"Content-Encoding": "gzip"})

        async with web_server(small) as port:
            assert (await fetcher.fetch("GET", f"http://127.0.0.1:{port}/")).body == b"<Response/>"


class TestBrokenAnswers:
    @pytest.mark.parametrize(
        ("answer", "words"),
        [
            (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n<Resp", "cut off"),
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n<Res", "cut off"),
            (b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\n\r\nxx", "did not ask for: 'br'"),
            (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\nxx", "compressed badly"),
            (
                b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n"
                + gzip.compress(b"x" * 99, mtime=0)[:-9],
                "cut off",
            ),
            (b"SSH-2.0-OpenSSH_9.2\r\n", "connection broke"),
            (b"", "connection broke"),
            (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n", "connection broke"),
        ],
    )
    async def test_are_told_apart(self, fetcher: Fetcher, answer: bytes, words: str) -> None:
        async with raw_server(answer) as port:
            with pytest.raises(FetchUnreachable, match=words):
                await fetcher.fetch("GET", f"http://127.0.0.1:{port}/")

    async def test_nobody_listens(self, fetcher: Fetcher) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        with pytest.raises(FetchUnreachable, match="refused"):
            await fetcher.fetch("GET", f"http://127.0.0.1:{port}/")
