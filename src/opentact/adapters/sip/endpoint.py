"""A UDP socket with a SIP user agent behind it: the only awaits the stack ever sees.

The socket is read by `add_reader` in small batches instead of by a DatagramProtocol, which
costs several times as much per datagram; one timer of the loop serves all machines.
"""

import asyncio
import re
import secrets
import socket
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import TYPE_CHECKING

from opentact.adapters.sip.legs import ExtraHeaders, IncomingLeg, IncomingRequest, OutgoingLeg
from opentact.adapters.sip.snapshots import snapshot_of
from opentact.voice.sip.agent import Agent
from opentact.voice.sip.dialog import MAX_HOPS
from opentact.voice.sip.effects import (
    Asked,
    Dropped,
    Effect,
    Failed,
    Incoming,
    Replied,
    Reply,
    Told,
    Transmit,
)
from opentact.voice.sip.machine import Address
from opentact.voice.sip.message import header_lines
from opentact.voice.sip.outgoing import Invitation
from opentact.voice.sip.outside import Question
from opentact.voice.sip.routing import Identity

if TYPE_CHECKING:
    from opentact.voice.sip.digest import Credentials

# How many datagrams are read before other work of the loop gets its turn.
BATCH = 64
# Room for a burst of some thousand requests while the loop is busy with something else.
RECEIVE_BUFFER = 4 * 1024 * 1024

_CALL_ID = re.compile(rb"^(?:call-id|i)[ \t]*:[ \t]*([^\r\n]*)", re.IGNORECASE | re.MULTILINE)

OnMessage = Callable[[str, bytes, Address, str], None]
"""Called with "in" or "out", the bytes, the other side's address, and the Call-ID."""

OnRequest = Callable[[IncomingRequest], None]
"""Called once per REGISTER, at once; what it raises is answered 500."""


@dataclass(slots=True)
class Counters:
    """Datagrams since the endpoint was opened; `dropped` is by reason."""

    received: int = 0
    sent: int = 0
    repeated: int = 0
    not_sent: int = 0
    dropped: Counter[str] = field(default_factory=Counter)


class SipEndpoint:
    """Made by `open`. `local` is where the socket is bound."""

    def __init__(
        self,
        sock: socket.socket,
        agent: Agent,
        on_call: Callable[[IncomingLeg], None],
        on_message: OnMessage | None,
        on_request: OnRequest | None,
    ) -> None:
        self.local = Address(*sock.getsockname()[:2])
        self.counters = Counters()
        self._sock = sock
        self._agent = agent
        self._on_call = on_call
        self._on_message = on_message
        self._on_request = on_request
        self._loop = asyncio.get_running_loop()
        self._buffer = memoryview(bytearray(65536))
        self._timer: asyncio.TimerHandle | None = None
        self._rings_at = 0.0
        self._closing = False
        self._empty = asyncio.Event()
        self._loop.add_reader(sock.fileno(), self._readable)

    @classmethod
    async def open(
        cls,
        host: str,
        port: int,
        *,
        on_call: Callable[[IncomingLeg], None],
        user_agent: str = "opentact",
        advertised: str | None = None,
        on_message: OnMessage | None = None,
        on_request: OnRequest | None = None,
    ) -> "SipEndpoint":
        """Bind and listen; port 0 takes any free one. OSError passes up when it is taken.

        `advertised` is the host that Via and Contact name, when it is not the one bound.
        `on_call` is called once per new INVITE, at once; what it raises refuses the call.
        Without `on_request`, REGISTER is refused.
        """
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
        family, _, _, _, address = found[0]
        sock = socket.socket(family, socket.SOCK_DGRAM)
        try:
            sock.settimeout(0.0)  # never block
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
            sock.bind(address)
        except OSError:
            sock.close()
            raise
        bound_host, bound_port = sock.getsockname()[:2]
        identity = Identity(advertised or own_host(bound_host, family), bound_port, user_agent)
        serves = frozenset() if on_request is None else frozenset({"REGISTER"})
        agent = Agent(identity, lambda: secrets.token_hex(8), serves=serves)
        return cls(sock, agent, on_call, on_message, on_request)

    def call(
        self,
        target: str,
        *,
        to: str,
        caller: str,
        sdp: bytes,
        destination: Address | None = None,
        headers: ExtraHeaders = (),
        hops: int = MAX_HOPS,
        credentials: "Credentials | None" = None,
        identity: str | None = None,
        privacy: tuple[str, ...] = (),
    ) -> OutgoingLeg:
        """Send an INVITE. Raises ValueError when it cannot be written or leads nowhere.

        `destination` is needed when the host of `target` is a name. `hops` is Max-Forwards:
        one less than `IncomingLeg.hops_left` when a call is passed on. `credentials`,
        `identity` and `privacy` are those of `Invitation`.
        """
        if self._closing:
            raise ValueError("the SIP endpoint is closing")
        extra = tuple(header_lines(headers))
        invitation = Invitation(
            target, to, caller, sdp, destination, extra, hops, credentials, identity, privacy
        )
        leg = OutgoingLeg(self._agent.invite(invitation, self.now()), self)
        self.flush()
        return leg

    def ask(
        self,
        method: str,
        target: str,
        *,
        to: str,
        caller: str,
        destination: Address | None = None,
        headers: ExtraHeaders = (),
        body: bytes = b"",
        credentials: "Credentials | None" = None,
        call_id: str | None = None,
        number: int = 1,
    ) -> Awaitable[Reply]:
        """Send a request outside of any dialog (OPTIONS, REGISTER); 408 when nobody answers.

        Challenges are answered with `credentials`. `call_id` and `number` (CSeq) continue a
        series; a challenge takes one more number. Raises ValueError as `call` does.
        """
        if self._closing:
            raise ValueError("the SIP endpoint is closing")
        extra = tuple(header_lines(headers))
        question = Question(
            method, target, to, caller, destination, extra, body, credentials, call_id, number
        )
        sent = self._agent.ask(question, self.now())
        answered: asyncio.Future[Reply] = self._loop.create_future()
        sent.listener = lambda reply: None if answered.done() else answered.set_result(reply)
        self.flush()
        return answered

    async def close(self, grace: float = 2.0) -> None:
        """End all calls politely, wait up to `grace` seconds for their ends, and close.

        Every leg that lives is told `Failed` at once, as its end is not its user's doing.
        """
        if self._closing:
            return
        self._closing = True
        for call in list(self._agent.core.calls.values()):
            told = call.is_over
            call.hangup(self.now())
            if call.listener is not None and not told:
                call.listener(Failed("the SIP endpoint is closing"))
        self.flush()
        if not self._is_quiet():
            try:
                async with asyncio.timeout(grace):
                    await self._empty.wait()
            except TimeoutError:
                pass
        self._loop.remove_reader(self._sock.fileno())
        if self._timer is not None:
            self._timer.cancel()
        self._sock.close()

    def snapshot(self) -> dict[str, list[dict[str, object]]]:
        """Say what every transaction and every call is doing."""
        return snapshot_of(self._agent, self.now())

    def now(self) -> float:
        return self._loop.time()

    def flush(self) -> None:
        """Carry out what verbs have left to be done."""
        self._carry_out(self._agent.effects())
        self._rearm()

    def count_dropped(self, reason: str) -> None:
        self.counters.dropped[reason] += 1

    def _readable(self) -> None:
        for _ in range(BATCH):
            try:
                size, source = self._sock.recvfrom_into(self._buffer)
            except (BlockingIOError, InterruptedError):
                break
            except OSError:
                continue  # an ICMP error for something sent before; its transaction times out
            self._arrived(bytes(self._buffer[:size]), Address(source[0], source[1]))
        self._rearm()

    def _arrived(self, data: bytes, source: Address) -> None:
        self.counters.received += 1
        if self._on_message is not None:
            self._on_message("in", data, source, _call_id(data))
        try:
            effects = self._agent.datagram(data, source, self.now())
        except Exception as fault:  # noqa: BLE001 - no datagram may stop the endpoint
            self.count_dropped("fault of ours")
            context = {"message": f"SIP datagram from {source} not handled", "exception": fault}
            self._loop.call_exception_handler(context)
            return
        self._carry_out(effects)

    def _carry_out(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case Transmit():
                    self._send(effect)
                case Told(call, event):
                    if call.listener is not None:
                        call.listener(event)
                case Incoming(call):
                    self._announce(IncomingLeg(call, self))
                case Asked(asked):
                    self._hand_up(IncomingRequest(asked, self))
                case Replied(sent, reply):
                    if sent.listener is not None:
                        sent.listener(reply)
                case Dropped(reason):
                    self.count_dropped(reason)

    def _announce(self, leg: IncomingLeg) -> None:
        if self._closing:
            leg.reject(503)
            return
        try:
            self._on_call(leg)
        except Exception as fault:  # noqa: BLE001 - one call's handler may not stop the others
            context = {"message": f"call {leg.call_id} refused", "exception": fault}
            self._loop.call_exception_handler(context)
            leg.reject(500)
        leg.trying()

    def _hand_up(self, request: IncomingRequest) -> None:
        if self._closing or self._on_request is None:
            request.respond(503)
            return
        try:
            self._on_request(request)
        except Exception as fault:  # noqa: BLE001 - one request may not stop the others
            context = {"message": f"{request.request!r} refused", "exception": fault}
            self._loop.call_exception_handler(context)
            request.respond(500)

    def _send(self, effect: Transmit) -> None:
        try:
            self._sock.sendto(effect.data, effect.peer[:2])
        except OSError:
            # A full buffer or no route is to UDP what a lost datagram is: it is sent again.
            self.counters.not_sent += 1
            return
        self.counters.sent += 1
        self.counters.repeated += effect.repeat
        if self._on_message is not None:
            self._on_message("out", effect.data, effect.peer, _call_id(effect.data))

    def _rearm(self) -> None:
        if self._closing and self._is_quiet():
            self._empty.set()
        wake_at = self._agent.wake_at
        if wake_at is None or self._sock.fileno() < 0:
            return
        if self._timer is not None:
            # One that rings too early is cheaper than one set anew for every datagram.
            if self._rings_at <= wake_at:
                return
            self._timer.cancel()
        # Not asked of the handle: uvloop's has no `when` for a time that has come already.
        self._rings_at = wake_at
        self._timer = self._loop.call_at(wake_at, self._woken)

    def _is_quiet(self) -> bool:
        core = self._agent.core
        return not core.calls and not core.transactions.unacknowledged

    def _woken(self) -> None:
        self._timer = None
        self._carry_out(self._agent.woken(self.now()))
        self._rearm()

    def __repr__(self) -> str:
        host, port = self.local[:2]
        return f"<SipEndpoint {host}:{port} calls={len(self._agent.core.calls)}>"


def _call_id(data: bytes) -> str:
    found = _CALL_ID.search(data)
    return found[1].decode("utf-8", "replace") if found else ""


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
