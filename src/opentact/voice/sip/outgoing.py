"""A call that we make: from the INVITE to its answer, CANCEL included.

RFC 3261 sections 8.1, 9.1 and 13.2. Every 2xx is acknowledged, also a repeated one and one
from another fork, which is then hung up at once: one call has one other end.
"""

from opentact.voice.sip.call import Call
from opentact.voice.sip.client_transactions import ClientInvite, ClientOther
from opentact.voice.sip.core import ALLOW, SDP, SUPPORTED, Core, sdp_of
from opentact.voice.sip.dialog import Dialog
from opentact.voice.sip.effects import Answered, Failed, HungUp, LegEvent, Progressed, TimedOut
from opentact.voice.sip.forks import MAX_FORKS, Fork, Forks, is_next, is_reliable
from opentact.voice.sip.invitation import Invitation, address_line
from opentact.voice.sip.invite_usage import Lines, Phase
from opentact.voice.sip.machine import Address, State
from opentact.voice.sip.message import Response, encode
from opentact.voice.sip.refusals import read_refusal
from opentact.voice.sip.session_timer import read_min_se

__all__ = ["Invitation", "OutgoingCall"]


class OutgoingCall(Call):
    direction = "outgoing"
    owns_call_id = True

    def __init__(self, core: Core, invitation: Invitation, now: float) -> None:
        """Send the INVITE. Raises ValueError when it cannot be written, or leads nowhere."""
        self.invitation = invitation
        self._destination = invitation.find_destination()
        call_id, local_tag = core.token(), core.token()
        self._from = address_line(invitation.caller, (("tag", local_tag),))
        self._to = address_line(invitation.to)
        super().__init__(core, call_id, local_tag)
        self.local_sdp = invitation.sdp
        self._login = core.login(invitation.credentials)
        self._cancel: Lines | None = None
        self._ack: bytes | None = None
        self._ack_peer = self._destination
        self._forks = Forks()
        self._hung_up: set[str | None] = set()
        self._number = 0
        self._progressed = False
        self._session: tuple[int, int | None] = (core.session.seconds, None)
        try:
            self._invite(now)
        except ValueError:
            self.leave()
            raise

    @property
    def peer(self) -> Address:
        return self.dialog.peer if self.dialog else self._destination

    @property
    def alive(self) -> bool:
        """Whether the far end has said anything yet, be it 100 Trying or a challenge."""
        return self._progressed or self._number > 1

    def hangup(self, now: float, extra: Lines | None = None) -> None:
        """Give up before an answer with CANCEL, end an answered call with BYE. Idempotent."""
        if self._ack is None and self.phase is Phase.UP:
            self.acknowledge(b"", now)
        super().hangup(now, extra)
        if self.phase is Phase.STARTING and self._cancel is None:
            self._cancel = extra or []
            if self._progressed:
                self._send_cancel(now)

    def responded(self, response: Response, now: float) -> None:
        if response.cseq.method != "INVITE":
            super().responded(response, now)
        elif response.status < 200:  # noqa: PLR2004 - RFC 3261 7.2
            self._provisional(response, now)
        elif response.status < 300:  # noqa: PLR2004 - RFC 3261 7.2
            self._accepted(response, now)
        elif self.phase is Phase.STARTING and not self._tries_again(response, now):
            self.tell(read_refusal(response))
            self._over = True
            self.leave()

    def timed_out(self, method: str, now: float) -> None:
        super().timed_out(method, now)
        if method == "INVITE" and self.phase is Phase.STARTING:
            self.tell(TimedOut())
            self._over = True
            self.leave()

    def acknowledge(self, sdp: bytes, now: float) -> None:
        """Answer the offer that came with a 2xx, if our INVITE had none."""
        if self._ack is None and self.dialog is not None:
            self.local_sdp = sdp
            self._ack, self._ack_peer = self._write_ack(self.dialog, self._number, sdp)
            self.core.transmit(self._ack, self._ack_peer)
            self._go_on(now)
        else:
            super().acknowledge(sdp, now)

    def dialog_for(self, method: str, *, offers: bool) -> Dialog | None:
        if self.phase is Phase.STARTING and method == "UPDATE":
            fork = self._forks.latest
            settled = fork is not None and (fork.answered or not offers)
            return fork.dialog if fork is not None and settled else None
        return super().dialog_for(method, offers=offers) if self._ack is not None else None

    def _provisional(self, response: Response, now: float) -> None:
        first, self._progressed = not self._progressed, True
        if self._cancel is not None and first:
            # RFC 3261 9.1: a CANCEL waits for the first sign of life.
            self._send_cancel(now)
        elif response.status > 100:  # noqa: PLR2004 - 100 comes from the next hop only
            tag = response.recipient.tag
            if self._follow_fork(tag, response, now):
                self.tell(Progressed(response.status, sdp_of(response), tag))

    def _follow_fork(self, tag: str | None, response: Response, now: float) -> bool:
        """Note the early dialog, and acknowledge what wants it; False for what is a repeat."""
        fork = self._forks.find(tag)
        if fork is None and tag:
            self._note_allowed(response)
            fork = self._forks.take(tag, self._dialog_of(response))
        if fork is None or not is_reliable(response):
            return True
        if not is_next(fork, response):
            return False
        self._forks.latest = fork
        fork.answered = fork.answered or bool(response.body)
        rack = ("rack", f"{fork.heard} {response.cseq.number} INVITE")
        uri = fork.dialog.request_uri
        self.core.ask_and_forget(fork.dialog, "PRACK", [rack, *self.login_lines("PRACK", uri)], now)
        return True

    def _accepted(self, response: Response, now: float) -> None:
        if self.dialog is not None or self.phase is not Phase.STARTING:
            self._accepted_again(response, now)
            return
        fork = self._forks.find(response.recipient.tag)
        self.dialog = self._dialog_of(response, fork)
        self._forks.clear()
        self.phase = Phase.UP
        answer = sdp_of(response)
        self.settle_timer(response, now)
        if self.invitation.sdp or answer is None or self._cancel is not None:
            self._ack, self._ack_peer = self._write_ack(self.dialog, response.cseq.number)
            self.core.transmit(self._ack, self._ack_peer)
        if self._cancel is not None:
            # The answer overtook our CANCEL.
            self._bye(self._cancel, now)
        else:
            self.tell(Answered(answer, response.first("p-asserted-identity")))
            self._go_on(now)

    def _accepted_again(self, response: Response, now: float) -> None:
        """Acknowledge a repeat of the 2xx, or the 2xx of another fork (RFC 3261 13.2.2.4)."""
        tag = response.recipient.tag
        if self.dialog is not None and self.dialog.remote_tag == tag:
            if self._ack is not None:
                self.core.transmit(self._ack, self._ack_peer, repeat=True)
            return
        fork = self._dialog_of(response)
        self.core.transmit(*self._write_ack(fork, response.cseq.number))
        # Not more BYEs than a call can have honest forks.
        if tag not in self._hung_up and len(self._hung_up) < MAX_FORKS:
            self._hung_up.add(tag)
            self.core.ask_and_forget(fork, "BYE", self.login_lines("BYE", fork.request_uri), now)

    def _tries_again(self, response: Response, now: float) -> bool:
        """Send the INVITE anew, if all it lacked was a login or a longer session."""
        if self._cancel is not None:
            return False
        if response.status in (401, 407):
            if self._login is None or not self._login.take(response):
                return False
        elif not self._lengthen(response):
            return False
        self._forks.clear()
        self._invite(now)
        return True

    def _lengthen(self, response: Response) -> bool:
        """RFC 4028 section 7.3: a 422 says how long a session must be at least."""
        least = read_min_se(response) if response.status == 422 else None  # noqa: PLR2004 - RFC 4028
        if least is None or self._session[1] is not None:
            return False
        self._session = (max(least, self._session[0]), least)
        return True

    def _dialog_of(self, response: Response, fork: Fork | None = None) -> Dialog:
        dialog = Dialog.of_caller(response, self._from, self.invitation.target, self._destination)
        if fork is not None:
            dialog.local_cseq = max(dialog.local_cseq, fork.dialog.local_cseq)
            dialog.remote_cseq = fork.dialog.remote_cseq
        return dialog

    def _dialog_with(self, remote_tag: str | None) -> Dialog | None:
        fork = self._forks.find(remote_tag)
        return fork.dialog if fork is not None else self.dialog

    def _write_ack(self, dialog: Dialog, number: int, sdp: bytes = b"") -> tuple[bytes, Address]:
        content = [("content-type", SDP)] if sdp else []
        uri = dialog.request_uri
        return dialog.compose(
            "ACK",
            branch=self.core.branch(),
            identity=self.core.identity,
            number=number,
            extra=[*self.login_lines("ACK", uri), *content],
            body=sdp,
        )

    def _left(self, event: LegEvent, now: float) -> None:
        if self.phase is Phase.STARTING:
            # A BYE that overtook its 200: the 2xx, when it comes, is still acknowledged.
            self._expect_end(now)
            self.tell(event if isinstance(event, HungUp) else Failed("the callee left"))
            self._over = True
            self.leave()
            return
        super()._left(event, now)

    def _glare_while_starting(self) -> int | None:
        fork = self._forks.latest
        if len(self._forks) == 1 and fork is not None and fork.answered:
            return None  # our offer was answered in a reliable 18x
        return 491  # RFC 3261 14.2: our own INVITE is in progress

    def _lines(self, method: str) -> Lines:
        """Header lines that INVITE, its CANCEL and the ACK of a refusal have in common."""
        return [
            ("via", self.core.identity.via(self._branch)),
            ("max-forwards", str(self.invitation.hops)),
            *self.invitation.routes,
            ("from", self._from),
            ("call-id", self.call_id),
            ("cseq", f"{self._number} {method}"),
        ]

    def _invite(self, now: float) -> None:
        wanted = self.invitation
        self._number += 1
        self._branch = self.core.branch()
        self._progressed = False
        data = encode(
            f"INVITE {wanted.target} SIP/2.0",
            [
                *self._lines("INVITE"),
                ("to", self._to),
                ("contact", self.core.identity.contact),
                ("user-agent", self.core.identity.product),
                ("allow", ALLOW),
                ("supported", ", ".join(SUPPORTED)),
                *self.timer_lines(),
                *self.login_lines("INVITE", wanted.target),
                *wanted.lines(),
                *([("content-type", SDP)] if wanted.sdp else []),
            ],
            wanted.sdp,
        )
        self._tx = ClientInvite(
            data, self._destination, uri=wanted.target, ack_lines=self._lines("ACK")
        )
        self.core.transactions.ask(self._tx, self._branch, self, now)

    def timer_lines(self) -> Lines:
        seconds, least = self._session
        lines = [("session-expires", str(seconds))]
        return lines if least is None else [*lines, ("min-se", str(least))]

    def _send_cancel(self, now: float) -> None:
        if self._tx.state is not State.PROCEEDING:
            return
        data = encode(
            f"CANCEL {self.invitation.target} SIP/2.0",
            [*self._lines("CANCEL"), ("to", self._to), *(self._cancel or [])],
        )
        cancel = ClientOther("CANCEL", data, self._destination)
        self.core.transactions.ask(cancel, self._branch, self, now)
        self._expect_end(now)

    def _expect_end(self, now: float) -> None:
        self._tx.expect_end(now)
        self.core.transactions.changed(self._tx)
