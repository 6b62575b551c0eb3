"""SIP over UDP: one socket, read by `add_reader` in small batches.

A DatagramProtocol would cost several times as much per datagram.
"""

import asyncio
import socket
from collections.abc import Callable

from opentact.voice.sip.machine import Address

# How many datagrams are read before other work of the loop gets its turn.
BATCH = 64

Hear = Callable[[bytes, Address], None]


class Datagrams:
    """A bound UDP socket. `hear` is called per datagram, `pause` after each batch."""

    def __init__(self, sock: socket.socket, hear: Hear, pause: Callable[[], None]) -> None:
        self.local = Address(*sock.getsockname()[:2])
        self.family = sock.family
        self._sock = sock
        self._hear = hear
        self._pause = pause
        self._buffer = memoryview(bytearray(65536))
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(sock.fileno(), self._readable)

    def send(self, data: bytes, host: str, port: int) -> bool:
        """Send; False when the system would not. To UDP that is what a lost datagram is."""
        try:
            self._sock.sendto(data, (host, port))
        except OSError:
            return False
        return True

    def close(self) -> None:
        self._loop.remove_reader(self._sock.fileno())
        self._sock.close()

    def _readable(self) -> None:
        for _ in range(BATCH):
            try:
                size, source = self._sock.recvfrom_into(self._buffer)
            except (BlockingIOError, InterruptedError):
                break
            except OSError:
                continue  # an ICMP error for something sent before; its transaction times out
            self._hear(bytes(self._buffer[:size]), Address(source[0], source[1]))
        self._pause()
