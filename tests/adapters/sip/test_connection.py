import asyncio
from typing import cast

import pytest

from opentact.adapters.sip.connection import (
    FIRST_MESSAGE_SECONDS,
    IDLE_SECONDS,
    MAX_UNSENT,
    Connection,
)
from opentact.voice.sip.framing import MESSAGE_SECONDS
from opentact.voice.sip.machine import Address

PEER = Address("192.0.2.9", 40000, "tcp", 7)
OPTIONS = b"OPTIONS sip:a SIP/2.0\r\nContent-Length: 0\r\n\r\n"


class Wire:
    """A transport of paper."""

    def __init__(self) -> None:
        self.written = b""
        self.unsent = 0
        self.state = "open"

    def write(self, data: bytes) -> None:
        self.written += data

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def close(self) -> None:
        self.state = "closed"

    def abort(self) -> None:
        self.state = "aborted"


class Keeper:
    """An owner with a clock to set."""

    def __init__(self) -> None:
        self.time = 100.0
        self.messages: list[bytes] = []
        self.ends: list[str] = []
        self.watched = 0

    def now(self) -> float:
        return self.time

    def heard(self, connection: Connection, message: bytes) -> None:
        del connection
        self.messages.append(message)

    def watch(self, connection: Connection) -> None:
        del connection
        self.watched += 1

    def lost(self, connection: Connection, why: str) -> None:
        del connection
        self.ends.append(why)

    def paused(self) -> None:
        """Nothing to do."""


def connected(*, ours: bool = False) -> tuple[Connection, Keeper, Wire]:
    keeper, wire = Keeper(), Wire()
    connection = Connection(keeper, PEER, ours=ours)
    connection.connection_made(cast("asyncio.Transport", wire))
    return connection, keeper, wire


def test_messages_are_handed_over_whole() -> None:
    connection, keeper, _ = connected()
    connection.data_received(OPTIONS + OPTIONS[:9])
    connection.data_received(OPTIONS[9:])
    assert keeper.messages == [OPTIONS, OPTIONS]
    assert connection.received == 2


def test_a_keep_alive_is_answered() -> None:
    connection, _, wire = connected()
    connection.data_received(b"\r\n\r\n\r\n\r\n")
    assert wire.written == b"\r\n\r\n"


def test_keep_alives_are_not_answered_without_end() -> None:
    connection, _, wire = connected()
    connection.data_received(b"\r\n\r\n" * 10_000)
    assert len(wire.written) <= 16


@pytest.mark.parametrize("said", [b"", b"\r\n\r\n"])
def test_who_connects_and_says_nothing_is_not_kept(said: bytes) -> None:
    connection, keeper, wire = connected()
    connection.data_received(said)
    assert connection.deadline == 100.0 + FIRST_MESSAGE_SECONDS
    assert not connection.expire(connection.deadline - 0.1)
    assert connection.expire(connection.deadline)
    assert (keeper.ends, wire.state) == (["said nothing"], "aborted")


def test_a_message_that_comes_byte_by_byte_is_not_waited_for() -> None:
    connection, keeper, _ = connected()
    connection.data_received(OPTIONS)
    for byte in OPTIONS[:9]:
        keeper.time += 1.0
        connection.data_received(bytes([byte]))
    assert connection.deadline == 101.0 + MESSAGE_SECONDS
    assert keeper.watched > 1
    assert connection.expire(101.0 + MESSAGE_SECONDS)
    assert keeper.ends == ["a message took too long"]


def test_silence_ends_a_connection_in_time_and_keep_alives_keep_it() -> None:
    connection, keeper, _ = connected()
    connection.data_received(OPTIONS)
    keeper.time = 200.0
    connection.data_received(b"\r\n\r\n")
    assert connection.deadline == 200.0 + IDLE_SECONDS
    assert connection.expire(200.0 + IDLE_SECONDS)
    assert keeper.ends == ["idle"]


def test_a_connection_of_ours_needs_not_speak_first() -> None:
    connection, _, _ = connected(ours=True)
    assert connection.deadline == 100.0 + IDLE_SECONDS


def test_who_does_not_read_is_dropped() -> None:
    connection, keeper, wire = connected()
    wire.unsent = MAX_UNSENT + 1
    assert not connection.send(b"x")
    assert (keeper.ends, wire.state) == (["does not read"], "aborted")


def test_another_protocol_is_shown_the_door_and_heard_no_more() -> None:
    connection, keeper, wire = connected()
    connection.data_received(b"GET / HTTP/1.1\r\n\r\n")
    connection.data_received(OPTIONS)
    assert (keeper.messages, keeper.ends, wire.state) == ([], ["not SIP"], "closed")


def test_the_end_is_told_once() -> None:
    connection, keeper, _ = connected()
    connection.connection_lost(None)
    connection.end("idle")
    assert keeper.ends == ["closed by the peer"]
    assert not connection.send(b"x")
