import asyncio
import errno
import socket

import pytest

from opentact.adapters.sip import listener
from opentact.adapters.sip.listener import Listener

HOST = "127.0.0.1"


class Guests:
    """Whoever was let in."""

    def __init__(self) -> None:
        self.sockets: list[socket.socket] = []
        self.came = asyncio.Event()

    def welcome(self, transport: str, sock: socket.socket, host: str, port: int) -> None:
        assert (transport, host) == ("tcp", HOST)
        assert sock.getpeername() == (host, port)
        self.sockets.append(sock)
        self.came.set()


class Tired(socket.socket):
    """A listening socket of a process that has run out of descriptors, once."""

    failures = 1

    def accept(self) -> tuple[socket.socket, tuple[str, int]]:
        if self.failures:
            self.failures -= 1
            raise OSError(errno.EMFILE, "Too many open files")
        accepted: tuple[socket.socket, tuple[str, int]] = super().accept()
        return accepted


@pytest.mark.parametrize("kind", [socket.socket, Tired])
async def test_whoever_knocks_is_let_in_and_a_lack_of_descriptors_is_survived(
    kind: type[socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener, "BREATH_SECONDS", 0.05)
    guests = Guests()
    sock = kind(socket.AF_INET, socket.SOCK_STREAM)
    sock.settimeout(0.0)
    sock.bind((HOST, 0))
    sock.listen()
    listening = Listener("tcp", sock, guests.welcome)
    _, writer = await asyncio.open_connection(*listening.local[:2])
    async with asyncio.timeout(5):
        await guests.came.wait()
    assert len(guests.sockets) == 1
    writer.close()
    guests.sockets[0].close()
    listening.close()
