"""The transports of an endpoint as one: UDP, TCP, TLS, WebSocket; one `send` for all of them.

Which transport takes a message is said by its address. A request too large for a datagram
goes by TCP to the same place, and by UDP after all when nobody listens there (RFC 3261
18.1.1); who refused is remembered for a while.
"""

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass, field

from opentact.adapters.sip.datagrams import Datagrams
from opentact.adapters.sip.gates import Gate, OpenGate
from opentact.adapters.sip.listener import Listener
from opentact.adapters.sip.locator import Locator
from opentact.adapters.sip.sockets import Listening, Place, Sockets
from opentact.adapters.sip.streams import Hooks, Streams
from opentact.adapters.sip.tls import client_context, server_context
from opentact.adapters.sip.traffic import Counters, OnMessage, call_id_of
from opentact.voice.sip.machine import Address
from opentact.voice.sip.routing import Identity, carried_by

# RFC 3261 18.1.1: the largest request for a path whose MTU is not known.
LARGE = 1300
# How long a peer that refused TCP is not asked again, and how many such are remembered.
UDP_ONLY_SECONDS = 300.0
MAX_UDP_ONLY = 10_000


@dataclass(slots=True)
class Ears:
    """Whom the transports tell: what came, that a batch is over, what ended or failed.

    `unreachable` gets a message of ours that found no way, and why; `closed` the peer of a
    connection that has ended. Both in a turn of the loop of their own: whoever sent may be in
    the midst of something.
    """

    hear: Callable[[bytes, Address], None]
    pause: Callable[[], None]
    closed: Callable[[Address], None]
    unreachable: Callable[[bytes, str], None]
    on_message: OnMessage | None = None
    gate: Gate = field(default_factory=OpenGate)


class Transports:
    """`identity` is who we are; its port is that of UDP, `ports` has those of the others."""

    def __init__(
        self, sockets: Sockets, listening: Listening, ears: Ears, identity: Identity
    ) -> None:
        """Read from these sockets from now on. Raises ValueError when TLS files are no good."""
        secure = listening.tls is not None or listening.wss is not None
        server_tls = server_context(listening.files) if secure else None
        client_tls = client_context(listening.files)
        self.identity = identity
        self.counters = Counters()
        self.streams = Streams(
            Hooks(self._hear, ears.pause, self._closed, self._failed),
            self.counters.refused,
            server_tls=server_tls,
            client_tls=client_tls,
            max_connections=listening.max_connections,
            max_per_source=listening.max_per_source,
        )
        self.datagrams = Datagrams(sockets["udp"], self._hear, ears.pause)
        self._ears = ears
        self._loop = asyncio.get_running_loop()
        self._udp_only: dict[Place, float] = {}
        self._listeners = [
            Listener(name, sock, self._welcome) for name, sock in sockets.items() if name != "udp"
        ]
        self.ports = {each.local.transport: each.local.port for each in self._listeners}
        families = (6,) if self.datagrams.family == socket.AF_INET6 else (4,)
        speaks = ("udp", "tcp", "tls")
        self.locator = Locator(speaks, families=families, server=listening.dns)

    def send(self, data: bytes, peer: Address, *, repeat: bool = False) -> None:
        """Send by whatever leads to the peer; what finds no way is told as unreachable."""
        if not peer.is_reliable:
            if len(data) <= LARGE or not self._send_large(data, peer, repeat=repeat):
                self._count(self.datagrams.send(data, *peer[:2]), data, peer, repeat=repeat)
            return
        carried = carried_by(data, self.identity, peer.transport, self.ports.get(peer.transport))

        def unsent(why: str) -> None:
            self._uncount()
            self._give_back(data, why)

        sent = self.streams.send(carried, peer, unsent)
        if not self._count(sent, carried, peer, repeat=repeat):
            self._give_back(data, "there is no connection")

    async def close(self) -> None:
        for listener in self._listeners:
            listener.close()
        await self.streams.close()
        self.datagrams.close()

    def expel(self) -> None:
        """Close the connections of those whom the gate has banned."""
        for connection in self.streams.open:
            if self._ears.gate.is_banned(connection.peer.host):
                connection.end("banned")

    def _welcome(self, transport: str, sock: socket.socket, host: str, port: int) -> None:
        if self._ears.gate.is_banned(host):
            self.counters.refused["banned"] += 1
            sock.close()
        else:
            self.streams.welcome(transport, sock, host, port)

    def _hear(self, data: bytes, source: Address) -> None:
        self.counters.received += 1
        if not self._ears.gate.lets_in(data, source):
            self.counters.dropped["not let in"] += 1
            return
        if self._ears.on_message is not None:
            self._ears.on_message("in", data, source, call_id_of(data))
        self._ears.hear(data, source)

    def _count(self, sent: bool, data: bytes, peer: Address, *, repeat: bool) -> bool:  # noqa: FBT001 - what the sending said
        if not sent:
            self.counters.not_sent += 1
            return False
        self.counters.sent += 1
        self.counters.repeated += repeat
        if self._ears.on_message is not None:
            self._ears.on_message("out", data, peer, call_id_of(data))
        return True

    def _send_large(self, data: bytes, peer: Address, *, repeat: bool) -> bool:
        """Send a large request by TCP; False when it has to go by UDP after all."""
        if "tcp" not in self.ports or data.startswith(b"SIP/2.0 "):
            return False  # a response goes the way its request came
        until = self._udp_only.get(peer[:2])
        if until is not None and self.streams.now() < until:
            return False
        by_tcp = peer._replace(transport="tcp")
        if repeat and self.streams.holds(by_tcp):
            return True  # what was given to TCP arrives, or is told as unsent
        carried = carried_by(data, self.identity, "tcp", self.ports["tcp"])

        def unsent(_: str) -> None:
            self._uncount()
            self._remember_udp_only(peer[:2])
            self._count(self.datagrams.send(data, *peer[:2]), data, peer, repeat=repeat)

        sent = self.streams.send(carried, by_tcp, unsent, hurried=True)
        return self._count(sent, carried, by_tcp, repeat=repeat)

    def _remember_udp_only(self, place: Place) -> None:
        if len(self._udp_only) >= MAX_UDP_ONLY:
            del self._udp_only[next(iter(self._udp_only))]
        self._udp_only[place] = self.streams.now() + UDP_ONLY_SECONDS

    def _closed(self, peer: Address) -> None:
        self._loop.call_soon(self._ears.closed, peer)

    def _give_back(self, data: bytes, why: str) -> None:
        self._loop.call_soon(self._ears.unreachable, data, why)

    def _failed(self, place: Address) -> None:
        self.locator.avoid(place)

    def _uncount(self) -> None:
        """Take back that a message went out: its connection came to nothing."""
        self.counters.sent -= 1
        self.counters.not_sent += 1
