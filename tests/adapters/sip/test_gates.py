"""The gate at the sockets: who is not let in costs nothing, gets nothing, and loses connections."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from opentact.adapters.sip.endpoint import SipEndpoint
from opentact.adapters.sip.gates import tell_of_garbage
from opentact.adapters.sip.sockets import Listening
from opentact.voice.sip.agent import FROM_ELSEWHERE
from opentact.voice.sip.effects import Dropped
from opentact.voice.sip.machine import Address

LOOPBACK = "127.0.0.1"
PEER = Address("192.0.2.9", 5060)


class Doorman:
    """Lets in while `open`; remembers what it was told."""

    def __init__(self) -> None:
        self.open = True
        self.only = b""
        self.told: list[tuple[str, str]] = []

    def lets_in(self, data: bytes, source: Address) -> bool:
        del source
        return self.open and self.only in data

    def is_banned(self, host: str) -> bool:
        del host
        return not self.open

    def are_one(self, one: Address, other: Address) -> bool:
        del one, other
        return False

    def suspect(self, source: Address, what: str, detail: str) -> None:
        self.told.append((source.host, what + detail))


@pytest.fixture
def doorman() -> Doorman:
    return Doorman()


@pytest.fixture
async def endpoint(doorman: Doorman) -> AsyncIterator[SipEndpoint]:
    opened = await SipEndpoint.open(
        LOOPBACK,
        0,
        on_call=lambda leg: leg.reject(480),
        listening=Listening(tcp=(LOOPBACK, 0)),
        gate=doorman,
    )
    yield opened
    await opened.close()


async def replies(endpoint: SipEndpoint, *messages: bytes) -> list[bytes]:
    """Send over one connection, and read until OPTIONS is answered or the connection ends."""
    reader, writer = await asyncio.open_connection(LOOPBACK, endpoint.ports["tcp"])
    writer.write(b"".join(messages))
    answers = []
    async with asyncio.timeout(10):
        while head := await _head(reader):
            answers.append(head.split(b"\r\n")[0])
            if b"CSeq: 9 " in head:
                break
    writer.close()
    return answers


async def _head(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return b""


def options(number: int, *, to: str = "<sip:x@x>") -> bytes:
    return (
        "OPTIONS sip:x SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1;branch=z9hG4bKa"
        f"{number}\r\nFrom: <sip:me@there>;tag=1\r\nTo: {to}\r\nCall-ID: c{number}\r\n"
        f"CSeq: {number} OPTIONS\r\nContent-Length: 0\r\n\r\n"
    ).encode()


async def test_what_cannot_be_read_is_told_of_its_source(
    endpoint: SipEndpoint, doorman: Doorman
) -> None:
    answers = await replies(endpoint, options(1, to="<sip:"), options(9))
    assert [each[:11] for each in answers] == [b"SIP/2.0 400", b"SIP/2.0 200"]
    assert doorman.told == [(LOOPBACK, "malformedrefused with 400")]


def test_who_speaks_in_anothers_call_is_told_of(doorman: Doorman) -> None:
    tell_of_garbage(doorman, [Dropped(FROM_ELSEWHERE), Dropped("stray ACK")], PEER)
    assert doorman.told == [(PEER.host, "foreign_call")]


async def test_messages_that_are_not_let_in_are_dropped_unread(
    endpoint: SipEndpoint, doorman: Doorman
) -> None:
    doorman.only = b"CSeq: 9"
    assert len(await replies(endpoint, options(1, to="<sip:"), options(9))) == 1
    assert doorman.told == []
    assert endpoint.counters.dropped["not let in"] == 1


async def test_the_banned_cannot_connect(endpoint: SipEndpoint, doorman: Doorman) -> None:
    doorman.open = False
    assert await replies(endpoint, options(9)) == []
    assert endpoint.counters.refused["banned"] == 1


async def test_connections_of_the_banned_are_closed(
    endpoint: SipEndpoint, doorman: Doorman
) -> None:
    reader, writer = await asyncio.open_connection(LOOPBACK, endpoint.ports["tcp"])
    writer.write(options(1))
    assert await _head(reader)
    doorman.open = False
    endpoint.expel()
    async with asyncio.timeout(10):
        assert await _head(reader) == b""
    writer.close()
    [ended] = endpoint.snapshot()["connections"]
    assert ended["state"] == "failed"
