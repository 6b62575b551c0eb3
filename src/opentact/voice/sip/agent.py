"""A SIP user agent without a network: datagrams and time in, effects out.

Theory of operation: the driver hands in each datagram with its source and the time, and calls
`woken` at `wake_at`. Both give back what is to be done, in order. Verbs of calls (answer,
hangup, ...) leave their effects in the outbox; `effects` empties it. Requests that cannot be
served are refused without keeping anything (RFC 3261 8.2.7), so garbage costs no memory; what
does cost memory, transactions and calls, is counted against limits and refused with 503.
"""

from collections.abc import Callable

from opentact.voice.sip.call import Call, Phase
from opentact.voice.sip.core import SDP, Core
from opentact.voice.sip.effects import Asked, Dropped, Effect, Incoming
from opentact.voice.sip.incoming import IncomingCall
from opentact.voice.sip.inspection import check_response, find_flaw, find_refusal
from opentact.voice.sip.machine import Address, State
from opentact.voice.sip.message import Request, Response
from opentact.voice.sip.outgoing import Invitation, OutgoingCall
from opentact.voice.sip.outside import Question, ReceivedRequest, SentRequest
from opentact.voice.sip.parser import Malformed, parse
from opentact.voice.sip.routing import Identity, reply_address
from opentact.voice.sip.server_transactions import ServerTransaction
from opentact.voice.sip.session_timer import too_brief

# 32 s of 200 calls/s leave 13,000 transactions behind; some kB each.
MAX_TRANSACTIONS = 100_000
# An embedded node talks to some thousands at once; the rest is an attack or a fault.
MAX_CALLS = 20_000
# Seconds until a caller that met a limit may try again: about what a burst lasts.
RETRY_AFTER = "5"
# What is counted, and what is told, when somebody else speaks in a call.
FROM_ELSEWHERE = "from elsewhere"
NOT_WITH_YOU = "Forbidden: this call is with another address"


class Agent:
    """`token` gives a new unguessable word each time (tags, branches, call ids).

    `serves` names methods outside of dialogs that are handed up as `Asked`. `kin` tells whether
    two addresses are one peer's, which only whoever knows the peers can tell.
    """

    def __init__(
        self,
        identity: Identity,
        token: Callable[[], str],
        *,
        max_calls: int = MAX_CALLS,
        max_transactions: int = MAX_TRANSACTIONS,
        serves: frozenset[str] = frozenset(),
        kin: Callable[[Address, Address], bool] = lambda _one, _other: False,
    ) -> None:
        self.core = Core(identity, token)
        self._max_calls = max_calls
        self._max_transactions = max_transactions
        self._serves = serves
        self._kin = kin

    @property
    def wake_at(self) -> float | None:
        """When `woken` wants to be called, if nothing happens before."""
        one, other = self.core.transactions.wake_at, self.core.alarms.next
        if one is None or other is None:
            return other if one is None else one
        return min(one, other)

    def datagram(self, data: bytes, source: Address, now: float) -> list[Effect]:
        """Take what arrived from `source`, (host, port)."""
        try:
            message = parse(data)
        except Malformed as wrong:
            self._malformed(data, wrong, source)
        else:
            if isinstance(message, Request):
                self._request(message, source, now)
            else:
                self._response(message, now)
        return self.core.take()

    def woken(self, now: float) -> list[Effect]:
        """Do what has become due."""
        self.core.transactions.woken(now)
        while (call := self.core.alarms.take(now)) is not None:
            call.woken(now)
        return self.core.take()

    def unreachable(self, data: bytes, why: str, now: float) -> None:
        """Take it that a message of ours could not be sent: to its sender, that is a 503."""
        message = parse(data)
        if isinstance(message, Request):
            self.core.transactions.unreachable(message, why, now)

    def cut_off(self, peer: Address, now: float) -> None:
        """Take it that the connection to this peer broke: what it may not have got goes again.

        RFC 3261 18.4 and 17.1.4. What was cut off twice is told as not sent.
        """
        for data in self.core.transactions.cut_off(peer):
            self.unreachable(data, "the connection broke twice", now)

    def effects(self) -> list[Effect]:
        """Take what verbs of calls have left to be done."""
        return self.core.take()

    def invite(self, invitation: Invitation, now: float) -> OutgoingCall:
        """Call somebody. Raises ValueError when the invitation cannot be sent."""
        call = OutgoingCall(self.core, invitation, now)
        call.began_at = now
        return call

    def ask(self, question: Question, now: float) -> SentRequest:
        """Send a request outside of any dialog. Raises ValueError when it cannot be sent."""
        return SentRequest(self.core, question, now)

    def _drop(self, reason: str) -> None:
        self.core.note(Dropped(reason))

    def _malformed(self, data: bytes, wrong: Malformed, source: Address) -> None:
        if not data.strip(b"\r\n\0 "):
            self._drop("keep-alive")
        elif wrong.request is None or wrong.request.method == "ACK":
            self._drop("malformed")
        else:
            self._note_source(wrong.request, source)
            # 505 has words of its own; 400 says what is wrong.
            phrase = f"Bad Request: {wrong}" if wrong.status == 400 else None  # noqa: PLR2004
            self.core.answer_at_once(wrong.request, source, wrong.status, phrase)

    def _note_source(self, request: Request, source: Address) -> bool:
        try:
            request.came_from(source.host, source.port)
        except ValueError:
            return False
        return True

    def _response(self, response: Response, now: float) -> None:
        try:
            check_response(response)
        except ValueError:
            self._drop("malformed")
            return
        if not self.core.transactions.responded(response, now):
            self._drop("stray response")

    def _request(self, request: Request, source: Address, now: float) -> None:
        readable = self._note_source(request, source)
        flaw = find_flaw(request) if readable else "Via cannot be read"
        if request.method == "ACK":
            if flaw:
                self._drop("malformed")
            else:
                self._ack(request, source, now)
        elif flaw and request.headers.get("via"):
            self.core.answer_at_once(request, source, 400, f"Bad Request: {flaw}")
        elif flaw:
            self._drop("malformed")
        else:
            tx = self.core.transactions.server(request, request.method)
            if tx is not None:
                self.core.transactions.repeated(tx, now)
            else:
                self._new_request(request, source, now)

    def _new_request(self, request: Request, source: Address, now: float) -> None:
        refusal = find_refusal(request, self._serves, source.transport)
        if refusal is not None:
            self.core.answer_at_once(request, source, refusal.status, refusal.phrase, refusal.extra)
        elif request.method == "CANCEL":
            self._cancel(request, source, now)
        elif request.recipient.tag is not None:
            self._within(request, source, now)
        else:
            self._outside(request, source, now)

    def _ack(self, request: Request, source: Address, now: float) -> None:
        tx = self.core.transactions.server(request, "INVITE")
        if tx is not None and tx.state in (State.COMPLETED, State.CONFIRMED):
            self.core.transactions.acked(tx, now)
            return
        call = self.core.calls.get((request.call_id, request.recipient.tag or ""))
        known = call is not None and call.is_with(request.sender.tag)
        if call is None or not known:
            self._drop("stray ACK")
        elif not self._is_peer(call, request, source):
            self._drop(FROM_ELSEWHERE)
        elif not call.acked(request, source, now):
            self._drop("stray ACK")

    def _cancel(self, request: Request, source: Address, now: float) -> None:
        invite = self.core.transactions.server(request, "INVITE")
        if invite is None:
            self.core.answer_at_once(request, source, 481)
            return
        call = self.core.ringing.get(invite)
        if call is None:
            # Answered for good already, so it has no effect (RFC 3261 9.2); or a re-INVITE,
            # which is withdrawn while its call goes on.
            self.core.answer_at_once(request, source, 200)
            within = self.core.calls.get((request.call_id, request.recipient.tag or ""))
            if within is not None:
                within.withdrawn(invite, now)
        else:
            call.cancelled(request, self._serve(request, source), now)

    def _within(self, request: Request, source: Address, now: float) -> None:
        call = self.core.calls.get((request.call_id, request.recipient.tag or ""))
        if call is None or not call.is_with(request.sender.tag) or call.phase is Phase.ENDED:
            self.core.answer_at_once(request, source, 481)
        elif not self._is_peer(call, request, source):
            self._drop(FROM_ELSEWHERE)
            self.core.answer_at_once(request, source, 403, NOT_WITH_YOU)
        elif self._crowded() and request.method != "BYE":
            self._turn_away(request, source)
        else:
            call.received(request, self._serve(request, source), source, now)

    def _is_peer(self, call: Call, request: Request, source: Address) -> bool:
        """Tell whether a request within a call comes from where its other side may be."""
        tag = request.sender.tag
        return call.may_be_asked_from(source, tag) or self._kin(call.peer, source)

    def _outside(self, request: Request, source: Address, now: float) -> None:
        if self.core.transactions.is_merged(request):
            self.core.answer_at_once(request, source, 482)
        elif request.method == "OPTIONS":
            more = [("accept", SDP), ("accept-encoding", "identity"), ("accept-language", "en")]
            capabilities = [*self.core.capabilities()[:-1], *more]
            self.core.answer_at_once(request, source, 200, extra=capabilities)
        elif request.method in self._serves:
            self._ask_above(request, source)
        elif request.method != "INVITE":
            self.core.answer_at_once(request, source, 481)
        elif self._crowded() or len(self.core.calls) >= self._max_calls:
            self._turn_away(request, source)
        elif too_brief(request, self.core.session):
            least = str(self.core.session.least)
            self.core.answer_at_once(request, source, 422, extra=[("min-se", least)])
        else:
            call = IncomingCall(self.core, request, self._serve(request, source), source)
            call.began_at = now
            self.core.note(Incoming(call))

    def _ask_above(self, request: Request, source: Address) -> None:
        if self._crowded():
            self._turn_away(request, source)
        else:
            tx = self._serve(request, source)
            self.core.note(Asked(ReceivedRequest(self.core, request, tx, source)))

    def _serve(self, request: Request, source: Address) -> ServerTransaction:
        return self.core.transactions.serve(request, reply_address(request.via, source))

    def _crowded(self) -> bool:
        return len(self.core.transactions) >= self._max_transactions

    def _turn_away(self, request: Request, source: Address) -> None:
        self.core.answer_at_once(request, source, 503, extra=[("retry-after", RETRY_AFTER)])
