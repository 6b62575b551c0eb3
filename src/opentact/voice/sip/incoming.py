"""A call that comes to us: the INVITE from its 100 Trying to its final answer.

RFC 3261 sections 8.2, 9.2 and 13.3. A verb that comes too late, because the caller gave up in
the meantime, does nothing: the events say what happened.
"""

from contextlib import suppress

from opentact.voice.sip.call import Call, check_final
from opentact.voice.sip.core import ALLOW, SDP, Core, chance, sdp_of
from opentact.voice.sip.dialog import Dialog
from opentact.voice.sip.effects import Cancelled, EarlyAnswered, HungUp, LegEvent, NoAck
from opentact.voice.sip.headers import MAX_CSEQ, MAX_HOPS, Via, parse_hops, user_of
from opentact.voice.sip.invite_usage import Lines, Phase
from opentact.voice.sip.lexical import readable
from opentact.voice.sip.machine import Address
from opentact.voice.sip.message import Request, reply
from opentact.voice.sip.reliable import Progress, Reliable
from opentact.voice.sip.server_transactions import ServerTransaction
from opentact.voice.sip.uri import scheme_of

# RFC 3261 20.22 does not say what an absent one means; RFC 2543 had none.
_HOPS_UNSAID = 70
_CHALLENGES = (401, 407)


class IncomingCall(Call):
    direction = "incoming"

    def __init__(
        self, core: Core, request: Request, tx: ServerTransaction, source: Address
    ) -> None:
        """Begin. Raises ValueError when no dialog can be made of the request."""
        tag = core.token()
        dialog = Dialog.of_callee(request, tag, source)
        super().__init__(core, request.call_id, tag)
        self.dialog = dialog
        self.request = request
        self.source = source
        self.offer = sdp_of(request)
        self.secure = scheme_of(request.uri) == "sips"
        self._tx = tx
        core.ringing[tx] = self
        self._tried = False
        self._answer: tuple[bytes, Lines] | None = None
        self._reliable: Reliable | None = None
        self._note_allowed(request)
        if "require" in request.headers and "100rel" in request.each("require"):
            self._reliable = Reliable(1 + chance(core.token(), MAX_CSEQ - 1))

    def trying(self, now: float) -> None:
        """Say that the INVITE has arrived, unless it is answered already.

        What is refused with a challenge before that leaves nothing behind.
        """
        if self.phase is Phase.STARTING and not self._tried:
            self._tried = True
            timestamp = self.request.first("timestamp")  # RFC 3261 8.2.6.1
            extra = [("timestamp", timestamp)] if timestamp else []
            data = reply(self.request, 100, extra=extra)
            self.core.transactions.respond(self._tx, 100, data, now)

    @property
    def peer(self) -> Address:
        return self.dialog.peer if self.dialog else self.source

    def may_be_asked_from(self, source: Address, tag: str | None) -> bool:
        """As for any call; and from whom the INVITE passed on its way to us.

        What is behind a proxy that stays not in the path speaks for itself from the ACK on.
        """
        known = super().may_be_asked_from(source, tag)
        return known or (not self.source.flow and source.host in self._passed())

    def _passed(self) -> set[str]:
        hosts: set[str] = set()
        for text in self.request.each("via")[1:]:
            with suppress(ValueError):
                via = Via.parse(text)
                hosts.add(via.param("received") or via.host.strip("[]"))
        return hosts

    @property
    def caller(self) -> str:
        """User part of From, fit to be shown."""
        return self.request.sender.user

    @property
    def caller_name(self) -> str | None:
        display = self.request.sender.display
        return readable(display) if display else None

    @property
    def called(self) -> str:
        """User part of the Request-URI, fit to be shown."""
        return user_of(self.request.uri)

    @property
    def hops_left(self) -> int:
        """Max-Forwards as it came; whoever passes the call on passes on one less.

        0 means that it must not be passed on (483), not that it must not be answered
        (RFC 4475 3.3.11).
        """
        hops = self.request.first("max-forwards")
        return _HOPS_UNSAID if hops is None else min(parse_hops(hops), MAX_HOPS)

    def ring(
        self, now: float, sdp: bytes | None = None, status: int = 180, extra: Lines | None = None
    ) -> None:
        """Say that it rings, or (183 with SDP) that there is something to hear already.

        To a caller that requires 100rel it is sent until it has arrived (RFC 3262).
        """
        if not 101 <= status <= 199:  # noqa: PLR2004 - RFC 3261 7.2; 100 is ours to send
            raise ValueError(f"{status} is no progress")
        if self.phase is not Phase.STARTING or self._answer is not None:
            return
        self.local_sdp = sdp or self.local_sdp
        progress = Progress(status, sdp, extra or [])
        if self._reliable is None:
            self._send_progress(progress, now)
        elif not self._reliable.hold(progress):
            self._send_reliably(self._reliable, progress, now)

    def answer(self, sdp: bytes, now: float, extra: Lines | None = None) -> None:
        """Accept the call: our answer, or our offer if the INVITE had none."""
        if self.phase is not Phase.STARTING or self._answer is not None:
            return
        if self._reliable is not None and self._reliable.flying is not None:
            # RFC 3262 section 3: not before what an 18x carries has arrived.
            self._answer = (sdp, extra or [])
            return
        self.core.ringing.pop(self._tx, None)
        self.phase = Phase.CONFIRMING
        self._accept(self.request, self._tx, sdp, now, again=False, more=extra)

    def reject(
        self,
        status: int,
        now: float,
        phrase: str | None = None,
        extra: Lines | None = None,
    ) -> None:
        """Refuse the call with a status of 300 or more. `extra` are headers."""
        check_final(status)
        if self.phase is Phase.STARTING:
            headers = [*(extra or []), ("server", self.core.identity.product)]
            self.respond(self.request, self._tx, status, now, phrase=phrase, extra=headers)
            if status in _CHALLENGES and not self._tried:
                # The ACK will find nothing and be dropped; a repeat is challenged anew.
                self.core.transactions.abandon(self._tx)
            self._over = True
            self.leave()

    def hangup(self, now: float, extra: Lines | None = None) -> None:
        self.reject(480, now, extra=extra)
        super().hangup(now, extra)

    def cancelled(self, cancel: Request, cancel_tx: ServerTransaction, now: float) -> None:
        """Take the CANCEL of this call (RFC 3261 9.2)."""
        self.respond(cancel, cancel_tx, 200, now)
        self._left(Cancelled(cancel.first("reason")), now)

    def leave(self) -> None:
        self.core.ringing.pop(self._tx, None)
        if self._reliable is not None:
            self._reliable.drop()
        super().leave()

    @property
    def wake_at(self) -> float | None:
        """As for any call, and for an 18x that lacks its PRACK."""
        at, other = super().wake_at, self._reliable.wake_at if self._reliable else None
        if at is None or other is None:
            return other if at is None else at
        return min(at, other)

    def woken(self, now: float) -> None:
        """Repeat an 18x that lacks its PRACK too, or give up on it."""
        reliable = self._reliable
        if reliable is not None and reliable.flying is not None:
            if reliable.give_up_at <= now:
                self.tell(NoAck())
                self.reject(504, now)  # RFC 3262 section 3: a 5xx
                return
            for data in reliable.repeats(now):
                self.core.transmit(data, self._tx.peer, repeat=True)
        super().woken(now)

    def dialog_for(self, method: str, *, offers: bool) -> Dialog | None:
        if self.phase is Phase.STARTING and method == "UPDATE":
            early = self._reliable is not None and self._reliable.confirmed
            return self.dialog if early else None
        return super().dialog_for(method, offers=offers)

    def _pracked(self, request: Request, tx: ServerTransaction, now: float) -> None:
        reliable = self._reliable
        arrived = reliable.acknowledged(request, self.request) if reliable else None
        if reliable is None or arrived is None:
            super()._pracked(request, tx, now)
            return
        sdp = sdp_of(request)
        if sdp is not None and self.offer is not None:
            # A second offer, after the one of the INVITE was answered in the 18x.
            self._updated(request, tx, now)
        else:
            self.respond(request, tx, 200, now)
            if sdp is not None and arrived.sdp is not None:
                self.tell(EarlyAnswered(sdp))
        self._continue(reliable, now)

    def _continue(self, reliable: Reliable, now: float) -> None:
        """Send what waited for the PRACK."""
        progress = reliable.next()
        if progress is not None:
            self._send_reliably(reliable, progress, now)
        elif self._answer is not None:
            (sdp, extra), self._answer = self._answer, None
            self.answer(sdp, now, extra)
        self._go_on(now)

    def _send_progress(self, progress: Progress, now: float, more: Lines | None = None) -> bytes:
        extra = [
            *self._record_routes(),
            ("contact", self.core.contact(secure=self.secure)),
            *(more or []),
            *progress.more,
            *([("content-type", SDP)] if progress.sdp else []),
        ]
        self._tried = True
        body = progress.sdp or b""
        return self.respond(self.request, self._tx, progress.status, now, extra=extra, body=body)

    def _send_reliably(self, reliable: Reliable, progress: Progress, now: float) -> None:
        more = [("require", "100rel"), ("rseq", str(reliable.number)), ("allow", ALLOW)]
        data = self._send_progress(progress, now, more)
        reliable.sent(progress, data, now)
        self.rearm()

    def _left(self, event: LegEvent, now: float) -> None:
        if self.phase is Phase.STARTING:
            # By CANCEL, or by a BYE in the early dialog (RFC 3261 15.1.2).
            self.respond(self.request, self._tx, 487, now)
            event = event if isinstance(event, Cancelled | HungUp) else Cancelled()
        super()._left(event, now)

    def _glare_while_starting(self) -> int | None:
        if self._reliable is not None and self._reliable.confirmed and self.offer is not None:
            return None  # its offer was answered in a reliable 18x (RFC 3311 section 5.2)
        return 500  # RFC 3261 14.2: the first INVITE is still unanswered

    def _record_routes(self) -> Lines:
        return [("record-route", route) for route in self.request.headers.get("record-route", ())]
