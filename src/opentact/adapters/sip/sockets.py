"""The sockets of an endpoint: where it listens by which transport, and how it is bound."""

import asyncio
import socket
from dataclasses import dataclass, field
from ipaddress import ip_address

from opentact.adapters.sip.streams import MAX_CONNECTIONS, MAX_PER_SOURCE
from opentact.adapters.sip.tls import TlsFiles

# Room for a burst of some thousand requests while the loop is busy with something else.
RECEIVE_BUFFER = 4 * 1024 * 1024
BACKLOG = 1024

Place = tuple[str, int]
Sockets = dict[str, socket.socket]
"""Bound sockets by the name of their transport."""


@dataclass(frozen=True, slots=True)
class Listening:
    """Where to listen beside UDP, (host, port) each; None where not. Port 0 takes a free one.

    `dns` is the name server to ask (RFC 3263), the system's if None.
    """

    tcp: Place | None = None
    tls: Place | None = None
    ws: Place | None = None
    wss: Place | None = None
    files: TlsFiles = field(default_factory=TlsFiles)
    dns: Place | None = None
    max_connections: int = MAX_CONNECTIONS
    max_per_source: int = MAX_PER_SOURCE

    @property
    def places(self) -> dict[str, Place]:
        every = {"tcp": self.tcp, "tls": self.tls, "ws": self.ws, "wss": self.wss}
        return {name: place for name, place in every.items() if place is not None}


async def bind_all(udp: Place, listening: Listening) -> Sockets:
    """Bind all that is asked for, or nothing. OSError passes up when a port is taken."""
    sockets: Sockets = {}
    try:
        for name, place in {"udp": udp, **listening.places}.items():
            sockets[name] = await _bind(name, *place)
    except OSError:
        close_all(sockets)
        raise
    return sockets


def close_all(sockets: Sockets) -> None:
    for sock in sockets.values():
        sock.close()


async def _bind(transport: str, host: str, port: int) -> socket.socket:
    loop = asyncio.get_running_loop()
    kind = socket.SOCK_DGRAM if transport == "udp" else socket.SOCK_STREAM
    family, _, _, _, address = (await loop.getaddrinfo(host, port, type=kind))[0]
    sock = socket.socket(family, kind)
    try:
        sock.settimeout(0.0)  # never block
        if kind == socket.SOCK_DGRAM:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
            sock.bind(address)
        else:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind(address)
            sock.listen(BACKLOG)
    except OSError:
        sock.close()
        raise
    return sock


def own_host(host: str, family: socket.AddressFamily, towards: str | None = None) -> str:
    """Name an address of ours that others can answer to, when all of them are bound.

    `towards` is where those others are; by default somewhere beyond the default route.
    """
    if not ip_address(host).is_unspecified:
        return host
    beyond = "192.0.2.1" if family == socket.AF_INET else "2001:db8::1"
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            # Connecting a UDP socket sends nothing; it only asks the routing table.
            probe.connect((towards or beyond, 9))
        except OSError:
            return "127.0.0.1" if family == socket.AF_INET else "::1"
        own: str = probe.getsockname()[0]
        return own
