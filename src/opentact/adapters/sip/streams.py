"""All connections of an endpoint: those others opened to us, and those we opened to them.

Counted per source and in all from the moment they exist; found by their flow, or by where they
lead; ended when their time is over. What waits for a connection under way is bounded, and told
as not sent when there will be none.
"""

import asyncio
import socket
import ssl
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

import structlog

from opentact.adapters.sip.alarm_clock import AlarmClock
from opentact.adapters.sip.connection import Connection
from opentact.adapters.sip.tls import explain, fault_of
from opentact.adapters.sip.web_connection import WebConnection
from opentact.voice.sip.alarms import Alarms
from opentact.voice.sip.machine import Address

log = structlog.get_logger()

# A browser or a phone behind each; idle and by TCP, one takes 2.3 kB (seen), the kernel apart.
MAX_CONNECTIONS = 10_000
# An office behind one address has hundreds of phones, a proxy in front of us a few connections.
MAX_PER_SOURCE = 1_000
# RFC 3263 wants the next address tried, not the caller's patience: a SYN is repeated after 1
# and 3 s.
CONNECT_SECONDS = 4.0
# For a peer that can also be reached by UDP: firewalls and NATs drop what they do not know.
HURRIED_SECONDS = 1.0
HANDSHAKE_SECONDS = 10.0
# Messages that may wait for one connection under way.
MAX_WAITING = 256
# Failures kept to be shown.
REMEMBERED = 20

Unsent = Callable[[str], None]
"""Called with why, when there is no connection for a message after all."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A connection that could not be made, or was ended by us for a reason."""

    peer: Address
    why: str
    at: float


@dataclass(slots=True)
class Hooks:
    """Whom connections tell. All are called at once, on the loop."""

    hear: Callable[[bytes, Address], None]
    pause: Callable[[], None]
    closed: Callable[[Address], None]
    failed: Callable[[Address], None]


class Streams:
    """`server_tls` is for TLS and WSS listeners, `client_tls` for connections to others."""

    def __init__(
        self,
        hooks: Hooks,
        refused: Counter[str],
        *,
        server_tls: ssl.SSLContext | None = None,
        client_tls: ssl.SSLContext | None = None,
        max_connections: int = MAX_CONNECTIONS,
        max_per_source: int = MAX_PER_SOURCE,
    ) -> None:
        self.failures: deque[Failure] = deque(maxlen=REMEMBERED)
        self._hooks = hooks
        self._refused = refused
        self._server_tls = server_tls
        self._client_tls = client_tls
        self._max_connections = max_connections
        self._max_per_source = max_per_source
        self._loop = asyncio.get_running_loop()
        self._numbers = count(1)
        self._by_flow: dict[int, Connection] = {}
        self._by_place: dict[Address, Connection] = {}
        self._waiting: dict[Address, list[tuple[bytes, Unsent]]] = {}
        self._sources: Counter[str] = Counter()
        self._total = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._alarms: Alarms[Connection] = Alarms()
        self._alarm = AlarmClock(self._woken)
        self._closing = False

    def __len__(self) -> int:
        return self._total

    @property
    def open(self) -> list[Connection]:
        return list(self._by_flow.values())

    def welcome(self, transport: str, sock: socket.socket, host: str, port: int) -> None:
        """Take an accepted socket, or close it when there are too many."""
        too_many = self._total >= self._max_connections
        if self._closing or too_many or self._sources[host] >= self._max_per_source:
            self._refuse("too many connections" if too_many else "too many of one source")
            sock.close()
            return
        self._enter(host)
        peer = Address(host, port, transport, next(self._numbers))
        self._do(self._greet(sock, peer))

    def send(self, data: bytes, peer: Address, unsent: Unsent, *, hurried: bool = False) -> bool:
        """Send by the peer's connection, or by one to where it is; False when neither can be.

        When that is only found out later, `unsent` is told; soon, when `hurried`.
        """
        connection = self._by_flow.get(peer.flow) or self._by_place.get(_place(peer))
        if connection is not None:
            return connection.send(data)
        if self._closing or peer.transport in ("ws", "wss"):
            return False  # a browser cannot be connected to
        seconds = HURRIED_SECONDS if hurried else CONNECT_SECONDS
        return self._queue(data, peer, unsent, seconds)

    def holds(self, peer: Address) -> bool:
        """Tell whether there is a connection to this peer, or soon may be."""
        place = _place(peer)
        return peer.flow in self._by_flow or place in self._by_place or place in self._waiting

    async def close(self) -> None:
        self._closing = True
        self._alarm.stop()
        for connection in self.open:
            connection.end("the endpoint is closing")
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.sleep(0)  # transports close in the next turn of the loop

    # What connections call

    def now(self) -> float:
        return self._loop.time()

    def heard(self, connection: Connection, message: bytes) -> None:
        self._hooks.hear(message, connection.peer)

    def paused(self) -> None:
        self._hooks.pause()

    def watch(self, connection: Connection) -> None:
        self._alarms.set(connection, connection.deadline)
        self._rearm()

    def lost(self, connection: Connection, why: str) -> None:
        peer = connection.peer
        self._alarms.set(connection, None)
        if self._by_flow.pop(peer.flow, None) is None:
            return
        if self._by_place.get(_place(peer)) is connection:
            del self._by_place[_place(peer)]
        self._leave(peer.host)
        if why not in ("closed by the peer", "idle", "the endpoint is closing"):
            self._refuse(why)
            self.failures.append(Failure(peer, why, self.now()))
        self._hooks.closed(peer)

    # What goes on inside

    async def _greet(self, sock: socket.socket, peer: Address) -> None:
        secure = peer.transport in ("tls", "wss")
        connection = self._make(peer)
        self._by_flow[peer.flow] = connection
        try:
            await self._loop.connect_accepted_socket(
                lambda: connection,
                sock,
                ssl=self._server_tls if secure else None,
                ssl_handshake_timeout=HANDSHAKE_SECONDS if secure else None,
            )
        except (OSError, ssl.SSLError) as error:
            sock.close()
            self.lost(connection, f"handshake: {fault_of(error)}")
        except asyncio.CancelledError:
            sock.close()
            raise

    def _make(self, peer: Address) -> Connection:
        web = peer.transport in ("ws", "wss")
        return WebConnection(self, peer) if web else Connection(self, peer)

    def _queue(self, data: bytes, peer: Address, unsent: Unsent, seconds: float) -> bool:
        place = _place(peer)
        waiting = self._waiting.get(place)
        if waiting is None:
            if self._total >= self._max_connections:
                return False
            waiting = self._waiting[place] = []
            self._do(self._connect(place, seconds))
        if len(waiting) >= MAX_WAITING:
            return False
        waiting.append((data, unsent))
        return True

    async def _connect(self, place: Address, seconds: float) -> None:
        named = place.name or place.host
        peer = place._replace(flow=next(self._numbers))
        connection = Connection(self, peer, ours=True)
        secure = place.transport == "tls"
        try:
            async with asyncio.timeout(seconds):
                await self._loop.create_connection(
                    lambda: connection,
                    place.host,
                    place.port,
                    ssl=self._client_tls if secure else None,
                    server_hostname=named if secure else None,
                )
        except (OSError, ssl.SSLError, TimeoutError) as error:
            self._failed(place, error)
            return
        self._enter(place.host)
        self._by_flow[peer.flow] = self._by_place[place] = connection
        if not connection.is_open:
            self.lost(connection, "closed by the peer")
        for data, unsent in self._waiting.pop(place, ()):
            if not connection.send(data):
                unsent(f"{place} closed the connection")
        self._hooks.pause()

    def _failed(self, place: Address, error: BaseException) -> None:
        why = explain(error, f"{place.name or place.host}:{place.port}")
        self._refuse(fault_of(error))
        self.failures.append(Failure(place, why, self.now()))
        self._hooks.failed(place)
        log.warning("sip_connection_failed", transport=place.transport, why=why)
        for _, unsent in self._waiting.pop(place, ()):
            unsent(why)
        self._hooks.pause()

    def _refuse(self, why: str) -> None:
        self._refused[why] += 1

    def _enter(self, host: str) -> None:
        self._total += 1
        self._sources[host] += 1

    def _leave(self, host: str) -> None:
        self._total -= 1
        self._sources[host] -= 1
        if self._sources[host] <= 0:
            del self._sources[host]

    def _do(self, work: "asyncio._CoroutineLike[None]") -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _rearm(self) -> None:
        if not self._closing:
            self._alarm.set(self._alarms.next)

    def _woken(self) -> None:
        while (connection := self._alarms.take(self.now())) is not None:
            if not connection.expire(self.now()):
                self._alarms.set(connection, connection.deadline)
        self._hooks.pause()
        self._rearm()


def _place(peer: Address) -> Address:
    """Say by which address a connection of ours is found."""
    return peer._replace(flow=0)
