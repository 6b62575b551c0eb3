"""All transactions of a user agent: which message belongs to which, and when each wakes.

RFC 3261 sections 17.1.3, 17.2.3 and 8.2.2.2. Finding one is a dictionary lookup, waking one a
heap operation; nothing here walks over all of them.
"""

from collections.abc import Callable, Iterator
from typing import Protocol

from opentact.voice.sip.alarms import Alarms
from opentact.voice.sip.client_transactions import ClientEffect, ClientTransaction
from opentact.voice.sip.machine import Address, GaveUp, Machine, Send, State
from opentact.voice.sip.message import Request, Response
from opentact.voice.sip.server_transactions import (
    ServerEffect,
    ServerInvite,
    ServerOther,
    ServerTransaction,
)

Key = tuple[object, ...]


class Asker(Protocol):
    """Who sent a request, and wants to know what came of it."""

    def responded(self, response: Response, now: float) -> None:
        """Take a response; each reaches us once, a 2xx to INVITE as often as it arrives."""

    def timed_out(self, method: str, now: float) -> None:
        """Take it that nobody answered the request of this method."""


Transmitter = Callable[[bytes, Address, bool], None]
"""Called with the bytes, where to, and whether they went out before."""


class Transactions:
    def __init__(self, transmit: Transmitter) -> None:
        self._transmit = transmit
        self._servers: dict[Key, ServerTransaction] = {}
        self._clients: dict[Key, tuple[ClientTransaction, Asker]] = {}
        self._keys: dict[Machine, Key] = {}
        self._heard: dict[Key, ServerTransaction] = {}
        self._heard_keys: dict[Machine, Key] = {}
        # Those over connections, by where these lead.
        self._by_peer: dict[Address, set[ClientTransaction]] = {}
        self._alarms: Alarms[Machine] = Alarms()

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[Machine]:
        return iter(self._keys)

    @property
    def wake_at(self) -> float | None:
        return self._alarms.next

    @property
    def unacknowledged(self) -> bool:
        """Tell whether a refusal of ours still waits for its ACK. Walks over all of them."""
        return any(
            isinstance(tx, ServerInvite) and tx.state is State.COMPLETED for tx in self._keys
        )

    def server(self, request: Request, method: str) -> ServerTransaction | None:
        """Find the transaction a request belongs to, as if its method were this one."""
        return self._servers.get(_server_key(request, method))

    def is_merged(self, request: Request) -> bool:
        """Tell whether this request also came another way (RFC 3261 8.2.2.2)."""
        return _heard_key(request) in self._heard

    def serve(self, request: Request, peer: Address) -> ServerTransaction:
        """Open a transaction for a request; its responses go to this address."""
        method = request.method
        tx = ServerInvite(peer) if method == "INVITE" else ServerOther(method, peer)
        key = _server_key(request, method)
        self._servers[key] = tx
        self._keys[tx] = key
        if request.recipient.tag is None:
            heard = _heard_key(request)
            self._heard[heard] = tx
            self._heard_keys[tx] = heard
        return tx

    def respond(self, tx: ServerTransaction, status: int, data: bytes, now: float) -> None:
        self._settle(tx, tx.respond(status, data, now))

    def repeated(self, tx: ServerTransaction, now: float) -> None:
        self._settle(tx, tx.repeated(now))

    def acked(self, tx: ServerTransaction, now: float) -> None:
        self._settle(tx, tx.acked(now))

    def ask(self, tx: ClientTransaction, branch: str, asker: Asker, now: float) -> None:
        """Send a request and follow it to its end."""
        key = (branch, tx.method)
        self._clients[key] = (tx, asker)
        self._keys[tx] = key
        if tx.peer.is_reliable:
            self._by_peer.setdefault(_place(tx.peer), set()).add(tx)
        self._carry_out(tx, asker, tx.start(now), now)

    def responded(self, response: Response, now: float) -> bool:
        """Hand a response to its transaction; False when it has none (RFC 3261 17.1.3)."""
        found = self._clients.get((response.branch, response.cseq.method))
        if found is None:
            return False
        tx, asker = found
        self._carry_out(tx, asker, tx.received(response, now), now)
        return True

    def unreachable(self, request: Request, why: str, now: float) -> None:
        """End the transaction of a request that could not be sent, as if by a 503.

        RFC 3261 8.1.3.1. What waits for nothing (an ACK) is let go.
        """
        found = self._clients.get((request.via.branch, request.method))
        if found is None:
            return
        tx, asker = found
        tx.state = State.TERMINATED
        self._forget(tx)
        asker.responded(_unavailable(request, why), now)

    def cut_off(self, peer: Address) -> list[bytes]:
        """Send again, once, what a broken connection to the peer may have kept from it.

        Only what nothing was heard of: who has answered provisionally will send the rest by a
        connection of its own (RFC 3261 18.2.2). Returns what was cut off before.
        """
        again: list[bytes] = []
        for tx in list(self._by_peer.get(_place(peer), ())):
            if tx.state not in (State.CALLING, State.TRYING):
                continue
            if tx.cut_off:
                again.append(tx.data)
            else:
                tx.cut_off = True
                self._transmit(tx.data, tx.peer, True)  # noqa: FBT003 - it is a repeat
        return again

    def changed(self, tx: Machine) -> None:
        """Note new timers or the end of a transaction; for whoever changes one directly."""
        if tx.state is State.TERMINATED:
            self._forget(tx)
        else:
            self._alarms.set(tx, tx.wake_at)

    def abandon(self, tx: Machine) -> None:
        """Forget a transaction before its time: a repeat of its request is a new one."""
        self._forget(tx)

    def woken(self, now: float) -> None:
        while (tx := self._alarms.take(now)) is not None:
            if isinstance(tx, ServerTransaction):
                self._settle(tx, tx.woken(now))
            elif isinstance(tx, ClientTransaction):
                asker = self._clients[self._keys[tx]][1]
                self._carry_out(tx, asker, tx.woken(now), now)

    def _settle(self, tx: ServerTransaction, effects: list[ServerEffect]) -> None:
        for effect in effects:
            if isinstance(effect, Send):
                self._transmit(effect.data, tx.peer, effect.repeat)
        self.changed(tx)

    def _carry_out(
        self, tx: ClientTransaction, asker: Asker, effects: list[ClientEffect], now: float
    ) -> None:
        # Before the asker is told: what it does next must find the transaction as it is now.
        self.changed(tx)
        for effect in effects:
            if isinstance(effect, Send):
                self._transmit(effect.data, tx.peer, effect.repeat)
            elif isinstance(effect, GaveUp):
                asker.timed_out(tx.method, now)
            else:
                asker.responded(effect, now)

    def _forget(self, tx: Machine) -> None:
        self._alarms.set(tx, None)
        key = self._keys.pop(tx, None)
        if key is None:
            return
        if isinstance(tx, ServerTransaction):
            # A newer one may have taken the place.
            if self._servers.get(key) is tx:
                del self._servers[key]
            heard = self._heard_keys.pop(tx, None)
            if heard is not None and self._heard.get(heard) is tx:
                del self._heard[heard]
        else:
            del self._clients[key]
            if isinstance(tx, ClientTransaction) and tx.peer.is_reliable:
                self._leave(tx)

    def _leave(self, tx: ClientTransaction) -> None:
        place = _place(tx.peer)
        there = self._by_peer[place]
        there.discard(tx)
        if not there:
            del self._by_peer[place]


def _place(peer: Address) -> Address:
    """Say where a connection leads, whichever it is."""
    return peer._replace(flow=0)


def _unavailable(request: Request, why: str) -> Response:
    said = why.replace('"', "'")
    headers = {name: request.headers[name] for name in ("via", "from", "to", "call-id", "cseq")}
    reason = f'SIP;cause=503;text="{said}"'
    return Response(503, "Service Unavailable", {**headers, "reason": [reason]})


def _server_key(request: Request, method: str) -> Key:
    via = request.via
    if via.branch:
        return via.branch, via.host.lower(), via.port, method
    # RFC 3261 17.2.3, for requests of RFC 2543. The tag of To is left out: an ACK has ours,
    # the INVITE had none, and the number tells a re-INVITE apart.
    sender, number = request.sender.tag, request.cseq.number
    return request.headers["via"][0], request.uri, request.call_id, sender, number, method


def _heard_key(request: Request) -> Key:
    return request.call_id, request.sender.tag, request.cseq.number, request.method
