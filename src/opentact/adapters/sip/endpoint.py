"""Transports with a SIP user agent behind them: the only awaits the stack ever sees.

One timer of the loop serves all machines.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from opentact.adapters.sip.alarm_clock import AlarmClock
from opentact.adapters.sip.gates import Gate, OpenGate, tell_of_garbage
from opentact.adapters.sip.handlers import Handlers, OnClosed, OnRequest
from opentact.adapters.sip.legs import ExtraHeaders, IncomingLeg, IncomingRequest, OutgoingLeg
from opentact.adapters.sip.snapshots import connections_of, snapshot_of
from opentact.adapters.sip.sockets import Listening, Sockets, bind_all, close_all, own_host
from opentact.adapters.sip.traffic import OnMessage
from opentact.adapters.sip.transports import Ears, Transports
from opentact.kit.entropy import entropy
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


class SipEndpoint:
    """Made by `open`. `local` is where the UDP socket is bound, `ports` those of the others."""

    def __init__(
        self, sockets: Sockets, listening: Listening, handlers: Handlers, identity: Identity
    ) -> None:
        ears = Ears(
            self._arrived,
            self._rearm,
            self._lost,
            self._unreachable,
            handlers.message,
            handlers.gate,
        )
        self._transports = Transports(sockets, listening, ears, identity)
        self.local, self.ports = self._transports.datagrams.local, self._transports.ports
        self.locator = self._transports.locator
        self.counters = self._transports.counters
        serves = frozenset() if handlers.request is None else frozenset({"REGISTER"})
        self._agent = Agent(identity, entropy.text, serves=serves, kin=handlers.gate.are_one)
        self._handlers = handlers
        self._loop = asyncio.get_running_loop()
        self._alarm = AlarmClock(self._woken)
        self._closing = False
        self._closed = False
        self._empty = asyncio.Event()

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
        on_closed: OnClosed | None = None,
        listening: Listening | None = None,
        gate: Gate | None = None,
    ) -> "SipEndpoint":
        """Bind and listen; port 0 takes any free one. OSError passes up when it is taken.

        `host` and `port` are those of UDP, `listening` those of the other transports; raises
        ValueError with one sentence when its TLS files cannot be used. `advertised` is the
        host that Via and Contact name, when it is not the one bound. `on_call` is called once
        per new INVITE, at once; what it raises refuses the call. Without `on_request`,
        REGISTER is refused. `on_closed` is told the flow of each connection that ends. `gate`
        is asked before anything is read.
        """
        listening = listening or Listening()
        sockets = await bind_all((host, port), listening)
        udp = sockets["udp"]
        bound_host, bound_port = udp.getsockname()[:2]
        own = advertised or own_host(bound_host, udp.family)
        handlers = Handlers(
            on_call, on_request, on_message, on_closed or (lambda _: None), gate or OpenGate()
        )
        try:
            return cls(sockets, listening, handlers, Identity(own, bound_port, user_agent))
        except ValueError:
            close_all(sockets)
            raise

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
        self._closed = True
        self._alarm.stop()
        await self._transports.close()

    def expel(self) -> None:
        """Close the connections of those whom the gate has banned."""
        self._transports.expel()

    def snapshot(self) -> dict[str, list[dict[str, object]]]:
        """Say what every transaction, every call and every connection is doing."""
        connections = connections_of(self._transports.streams, self.now())
        return {**snapshot_of(self._agent, self.now()), "connections": connections}

    def now(self) -> float:
        return self._loop.time()

    def flush(self) -> None:
        """Carry out what verbs have left to be done."""
        self._carry_out(self._agent.effects())
        self._rearm()

    def count_dropped(self, reason: str) -> None:
        self.counters.dropped[reason] += 1

    def _arrived(self, data: bytes, source: Address) -> None:
        try:
            effects = self._agent.datagram(data, source, self.now())
        except Exception as fault:  # noqa: BLE001 - no message may stop the endpoint
            self.count_dropped("fault of ours")
            context = {"message": f"SIP message from {source} not handled", "exception": fault}
            self._loop.call_exception_handler(context)
            return
        tell_of_garbage(self._handlers.gate, effects, source)
        self._carry_out(effects)

    def _unreachable(self, data: bytes, why: str) -> None:
        self._agent.unreachable(data, why, self.now())
        self.flush()

    def _lost(self, peer: Address) -> None:
        self._handlers.closed(peer.flow)
        self._agent.cut_off(peer, self.now())
        self.flush()

    def _carry_out(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case Transmit():
                    self._transports.send(effect.data, effect.peer, repeat=effect.repeat)
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
            self._handlers.call(leg)
        except Exception as fault:  # noqa: BLE001 - one call's handler may not stop the others
            context = {"message": f"call {leg.call_id} refused", "exception": fault}
            self._loop.call_exception_handler(context)
            leg.reject(500)
        leg.trying()

    def _hand_up(self, request: IncomingRequest) -> None:
        if self._closing or self._handlers.request is None:
            request.respond(503)
            return
        try:
            self._handlers.request(request)
        except Exception as fault:  # noqa: BLE001 - one request may not stop the others
            context = {"message": f"{request.request!r} refused", "exception": fault}
            self._loop.call_exception_handler(context)
            request.respond(500)

    def _rearm(self) -> None:
        if self._closing and self._is_quiet():
            self._empty.set()
        if not self._closed:
            self._alarm.set(self._agent.wake_at)

    def _is_quiet(self) -> bool:
        core = self._agent.core
        return not core.calls and not core.transactions.unacknowledged

    def _woken(self) -> None:
        self._carry_out(self._agent.woken(self.now()))
        self._rearm()

    def __repr__(self) -> str:
        host, port = self.local[:2]
        return f"<SipEndpoint {host}:{port} calls={len(self._agent.core.calls)}>"
