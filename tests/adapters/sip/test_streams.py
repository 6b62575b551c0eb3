import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from opentact.adapters.sip import streams
from opentact.adapters.sip.endpoint import SipEndpoint
from opentact.adapters.sip.sockets import Listening
from opentact.adapters.sip.tls import TlsFiles
from opentact.voice.sip.machine import Address
from support.certificates import Authority

HOST = "127.0.0.1"
SDP = b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\n"
OPTIONS = (
    b"OPTIONS sip:a@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bK1;rport\r\n"
    b"From: <sip:b@c>;tag=1\r\nTo: <sip:a@c>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\n"
    b"Content-Length: 0\r\n\r\n"
)


@asynccontextmanager
async def endpoint(**listening: object) -> AsyncIterator[tuple[SipEndpoint, list[int]]]:
    closed: list[int] = []
    opened = await SipEndpoint.open(
        HOST,
        0,
        on_call=lambda leg: leg.reject(480),
        on_closed=closed.append,
        listening=Listening(**{"tcp": (HOST, 0), **listening}),  # type: ignore[arg-type]
    )
    try:
        yield opened, closed
    finally:
        await opened.close(grace=0.2)


async def until(true: Callable[[], bool]) -> None:
    """Let the loop turn until something has come about."""
    async with asyncio.timeout(8):
        while not true():
            reader, writer = await asyncio.open_connection(*_beat.sockets[0].getsockname()[:2])
            await reader.read()
            writer.close()


class _Beat:
    """A server that closes at once: waiting for it lets the loop turn without a sleep."""

    sockets: tuple[socket.socket, ...]


_beat = _Beat()


@pytest.fixture(autouse=True)
async def beat() -> AsyncIterator[None]:
    server = await asyncio.start_server(lambda _, writer: writer.close(), HOST, 0)
    _beat.sockets = server.sockets
    yield
    server.close()


def connections(sip: SipEndpoint) -> int:
    return sum(row["state"] == "open" for row in sip.snapshot()["connections"])


async def test_a_request_is_answered_on_its_connection() -> None:
    async with endpoint() as (sip, closed):
        reader, writer = await asyncio.open_connection(HOST, sip.ports["tcp"])
        writer.write(OPTIONS * 3)
        answers = await reader.readuntil(b"\r\n\r\n")
        assert answers.startswith(b"SIP/2.0 200 OK\r\n")
        ((row,), flow) = (sip.snapshot()["connections"], 1)
        assert (row["flow"], row["direction"], row["received"], row["sent"]) == (
            flow,
            "incoming",
            3,
            3,
        )
        writer.close()
        await until(lambda: closed == [flow])
        assert sip.snapshot()["connections"] == []


@pytest.mark.parametrize(
    ("said", "answer", "why"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", b"", "not SIP"),
        (bytes(range(256)) * 8, b"", "not SIP"),
        (b"X" * 40_000, b"", "headers too long"),
        (
            OPTIONS.replace(b"Length: 0", b"Length: 70000"),
            b"SIP/2.0 400 Bad Request: Content-Length says 70000",
            "message too long",
        ),
    ],
    ids=["http", "garbage", "endless", "oversized"],
)
async def test_a_stream_that_is_no_good_is_closed(said: bytes, answer: bytes, why: str) -> None:
    async with endpoint() as (sip, _):
        reader, writer = await asyncio.open_connection(HOST, sip.ports["tcp"])
        writer.write(said)
        async with asyncio.timeout(8):
            try:
                heard = await reader.read()
            except ConnectionError:
                heard = b""  # what it said was not all read before we closed
        assert heard.startswith(answer)
        assert sip.counters.refused == {why: 1}
        writer.close()


async def test_half_a_message_and_goodbye_leaves_nothing() -> None:
    async with endpoint() as (sip, closed):
        for length in range(1, len(OPTIONS), 23):
            _, writer = await asyncio.open_connection(HOST, sip.ports["tcp"])
            writer.write(OPTIONS[:length])
            writer.close()
        await until(lambda: len(closed) == len(range(1, len(OPTIONS), 23)))
        assert sip.snapshot() == {"transactions": [], "dialogs": [], "connections": []}


async def test_thousands_of_connections_are_held_to_their_limits() -> None:
    async with AsyncExitStack() as stack:
        sip, _ = await stack.enter_async_context(endpoint(max_connections=300, max_per_source=200))
        loop = asyncio.get_running_loop()
        for number in range(2000):
            sock = stack.enter_context(socket.socket())
            sock.settimeout(0.0)
            sock.bind((f"127.0.0.{1 + number % 2}", 0))
            await loop.sock_connect(sock, (HOST, sip.ports["tcp"]))
        await until(lambda: sip.counters.refused.total() == 1700)
        assert connections(sip) == 300
        assert set(sip.counters.refused) == {"too many connections"}
        # Who was there first is served all the same, and who speaks UDP does not notice.
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
            phone.settimeout(0.0)
            phone.bind((HOST, 0))
            await loop.sock_sendto(phone, OPTIONS, sip.local[:2])
            async with asyncio.timeout(5):
                assert (await loop.sock_recv(phone, 2000)).startswith(b"SIP/2.0 200")


async def test_one_source_cannot_take_all_connections() -> None:
    async with AsyncExitStack() as stack:
        sip, closed = await stack.enter_async_context(endpoint(max_per_source=5))
        writers = [(await asyncio.open_connection(HOST, sip.ports["tcp"]))[1] for _ in range(8)]
        await until(lambda: sip.counters.refused["too many of one source"] == 3)
        for writer in writers:
            writer.close()
        await until(lambda: len(closed) == 5)
        reader, writer = await asyncio.open_connection(HOST, sip.ports["tcp"])
        writer.write(OPTIONS)
        assert (await reader.readline()).startswith(b"SIP/2.0 200")
        writer.close()


async def test_a_tls_handshake_that_never_ends_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "HANDSHAKE_SECONDS", 0.3)
    certificate, key = Authority(tmp_path).issue(HOST)
    files = TlsFiles(certificate, key)
    async with endpoint(tls=(HOST, 0), files=files, max_per_source=2) as (sip, _):
        idle = [await asyncio.open_connection(HOST, sip.ports["tls"]) for _ in range(3)]
        # They count while they hesitate.
        await until(lambda: sip.counters.refused["too many of one source"] == 1)
        async with asyncio.timeout(8):
            for reader, _ in idle:
                await reader.read()
        assert len(sip.snapshot()["connections"]) == 2
        assert all(row["state"] == "failed" for row in sip.snapshot()["connections"])
        for _, writer in idle:
            writer.close()


async def test_plain_text_where_tls_is_spoken_is_refused(tmp_path: Path) -> None:
    certificate, key = Authority(tmp_path).issue(HOST)
    async with endpoint(tls=(HOST, 0), files=TlsFiles(certificate, key)) as (sip, _):
        reader, writer = await asyncio.open_connection(HOST, sip.ports["tls"])
        writer.write(OPTIONS)
        async with asyncio.timeout(5):
            await reader.read()
        writer.close()
        await until(lambda: sip.counters.refused.total() == 1)
        assert next(iter(sip.counters.refused)).startswith("handshake: TLS: ")


async def test_the_oldest_tls_that_is_spoken_is_1_2(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    certificate, key = authority.issue(HOST)
    trust = ssl.create_default_context(cafile=authority.ca)
    trust.maximum_version = ssl.TLSVersion.TLSv1_2
    async with endpoint(tls=(HOST, 0), files=TlsFiles(certificate, key)) as (sip, _):
        reader, writer = await asyncio.open_connection(HOST, sip.ports["tls"], ssl=trust)
        writer.write(OPTIONS.replace(b"/TCP", b"/TLS"))
        assert (await reader.readline()).startswith(b"SIP/2.0 200")
        writer.close()


async def test_what_waits_for_a_connection_is_bounded() -> None:
    with socket.socket() as full:
        full.bind((HOST, 0))
        async with endpoint() as (sip, _):
            there = Address(HOST, full.getsockname()[1], "tcp")
            asked = [
                sip.ask("OPTIONS", "sip:a@b", to="sip:a@b", caller="sip:c@d", destination=there)
                for _ in range(streams.MAX_WAITING + 10)
            ]
            replies = await asyncio.gather(*asked)
            assert {reply.status for reply in replies} == {503}
            assert sip.counters.refused == {"refused": 1}
            assert sip.snapshot()["transactions"] == []


async def test_a_browser_that_is_gone_is_not_connected_to() -> None:
    async with endpoint() as (sip, _):
        gone = Address("192.0.2.1", 40000, "ws", 77)
        reply = await sip.ask(
            "OPTIONS", "sip:a@b", to="sip:a@b", caller="sip:c@d", destination=gone
        )
        assert reply.status == 503


@asynccontextmanager
async def forgetful(answers_from: int) -> AsyncIterator[tuple[int, list[bytes]]]:
    """Run a server that drops connections on the first request, until it answers."""
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        if len(heard) >= answers_from:
            lines = heard[-1].split(b"\r\n")
            kept = [each for each in lines if each[:3] in (b"Via", b"Fro", b"To:", b"Cal", b"CSe")]
            writer.write(b"\r\n".join([b"SIP/2.0 200 OK", *kept, b"Content-Length: 0", b"", b""]))
            await writer.drain()
            await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, HOST, 0)
    try:
        yield server.sockets[0].getsockname()[1], heard
    finally:
        server.close()


@pytest.mark.parametrize(("answers_from", "status", "times"), [(2, 200, 2), (99, 503, 2)])
async def test_a_request_whose_connection_breaks_goes_again_and_then_fails_at_once(
    answers_from: int, status: int, times: int
) -> None:
    async with endpoint() as (sip, _), forgetful(answers_from) as (port, heard):
        target = f"sip:{HOST}:{port};transport=tcp"
        async with asyncio.timeout(5):
            reply = await sip.ask("OPTIONS", target, to=f"<{target}>", caller="<sip:a@b>")
        assert reply.status == status
        assert len(heard) == times
        assert len(set(heard)) == 1
