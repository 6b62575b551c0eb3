"""A listening socket that knows how many it lets in.

Connections are accepted by hand, not by `create_server`: so they are counted from the moment
they exist, and one that never finishes its TLS handshake counts like any other.
"""

import asyncio
import errno
import socket
from collections.abc import Callable

from opentact.voice.sip.machine import Address

# Accepted in one go before other work of the loop gets its turn.
BATCH = 64
# Pause after the system ran out of descriptors: some connection ends meanwhile.
BREATH_SECONDS = 0.5
_NO_ROOM = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)

Welcome = Callable[[str, socket.socket, str, int], None]
"""Called with the transport, an accepted socket, and the host and port it comes from."""


class Listener:
    """Listens by one transport. `welcome` is called per connection."""

    def __init__(self, transport: str, sock: socket.socket, welcome: Welcome) -> None:
        host, port = sock.getsockname()[:2]
        self.local = Address(host, port, transport)
        self.family = sock.family
        self._sock = sock
        self._welcome = welcome
        self._loop = asyncio.get_running_loop()
        self._breath: asyncio.TimerHandle | None = None
        self._loop.add_reader(sock.fileno(), self._readable)

    def close(self) -> None:
        if self._breath is not None:
            self._breath.cancel()
        self._loop.remove_reader(self._sock.fileno())
        self._sock.close()

    def _readable(self) -> None:
        for _ in range(BATCH):
            try:
                accepted, source = self._sock.accept()
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:
                if error.errno in _NO_ROOM:
                    self._loop.remove_reader(self._sock.fileno())
                    self._breath = self._loop.call_later(BREATH_SECONDS, self._resume)
                    return
                continue  # it was gone before we took it
            accepted.settimeout(0.0)
            self._welcome(self.local.transport, accepted, source[0], source[1])

    def _resume(self) -> None:
        self._loop.add_reader(self._sock.fileno(), self._readable)
