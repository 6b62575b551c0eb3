"""A call that comes to us: the INVITE from its 100 Trying to its final answer.

RFC 3261 sections 8.2, 9.2 and 13.3. A verb that comes too late, because the caller gave up in
the meantime, does nothing: the events say what happened.
"""

from opentact.voice.sip.call import Call, Phase, check_final
from opentact.voice.sip.core import SDP, Core, sdp_of
from opentact.voice.sip.dialog import Dialog
from opentact.voice.sip.effects import Cancelled, HungUp, LegEvent
from opentact.voice.sip.headers import MAX_HOPS, parse_hops, user_of
from opentact.voice.sip.lexical import readable
from opentact.voice.sip.machine import Address
from opentact.voice.sip.message import Request, reply
from opentact.voice.sip.server_transactions import ServerTransaction

# RFC 3261 20.22 does not say what an absent one means; RFC 2543 had none.
_HOPS_UNSAID = 70


class IncomingCall(Call):
    direction = "incoming"

    def __init__(
        self, core: Core, request: Request, tx: ServerTransaction, source: Address, now: float
    ) -> None:
        """Send 100 Trying. Raises ValueError when no dialog can be made of the request."""
        tag = core.token()
        dialog = Dialog.of_callee(request, tag, source)
        super().__init__(core, request.call_id, tag)
        self.dialog = dialog
        self.request = request
        self.source = source
        self.offer = sdp_of(request)
        self._tx = tx
        core.ringing[tx] = self
        timestamp = request.first("timestamp")  # RFC 3261 8.2.6.1
        extra = [("timestamp", timestamp)] if timestamp else []
        core.transactions.respond(tx, 100, reply(request, 100, extra=extra), now)

    @property
    def peer(self) -> Address:
        return self.dialog.peer if self.dialog else self.source

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

    def ring(self, now: float, sdp: bytes | None = None, status: int = 180) -> None:
        """Say that it rings, or (183 with SDP) that there is something to hear already."""
        if not 101 <= status <= 199:  # noqa: PLR2004 - RFC 3261 7.2; 100 is ours to send
            raise ValueError(f"{status} is no progress")
        if self.phase is Phase.STARTING:
            extra = [
                *self._record_routes(),
                ("contact", self.core.identity.contact),
                *([("content-type", SDP)] if sdp else []),
            ]
            self.respond(self.request, self._tx, status, now, extra=extra, body=sdp or b"")

    def answer(self, sdp: bytes, now: float) -> None:
        """Accept the call: our answer, or our offer if the INVITE had none."""
        if self.phase is Phase.STARTING:
            self.core.ringing.pop(self._tx, None)
            self.phase = Phase.CONFIRMING
            self._accept(self.request, self._tx, sdp, now, again=False)

    def reject(
        self,
        status: int,
        now: float,
        phrase: str | None = None,
        extra: list[tuple[str, str]] | None = None,
    ) -> None:
        """Refuse the call with a status of 300 or more. `extra` are headers."""
        check_final(status)
        if self.phase is Phase.STARTING:
            headers = [*(extra or []), ("server", self.core.identity.product)]
            self.respond(self.request, self._tx, status, now, phrase=phrase, extra=headers)
            self._over = True
            self.leave()

    def hangup(self, now: float, extra: list[tuple[str, str]] | None = None) -> None:
        self.reject(480, now, extra=extra)
        super().hangup(now, extra)

    def cancelled(self, cancel: Request, cancel_tx: ServerTransaction, now: float) -> None:
        """Take the CANCEL of this call (RFC 3261 9.2)."""
        self.respond(cancel, cancel_tx, 200, now)
        self._left(Cancelled(cancel.first("reason")), now)

    def leave(self) -> None:
        self.core.ringing.pop(self._tx, None)
        super().leave()

    def _left(self, event: LegEvent, now: float) -> None:
        if self.phase is Phase.STARTING:
            # By CANCEL, or by a BYE in the early dialog (RFC 3261 15.1.2).
            self.respond(self.request, self._tx, 487, now)
            event = event if isinstance(event, Cancelled | HungUp) else Cancelled()
        super()._left(event, now)

    def _glare_while_starting(self) -> int:
        return 500  # RFC 3261 14.2: the first INVITE is still unanswered

    def _record_routes(self) -> list[tuple[str, str]]:
        return [("record-route", route) for route in self.request.headers.get("record-route", ())]
