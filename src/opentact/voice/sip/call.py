"""A call, from either side: what may happen within its dialog once there is one.

Re-INVITEs, UPDATE, INFO and BYE of the peer, and what our user wants (RFC 3261 sections 14 and
15; RFC 6337 for offers that cross; RFC 3311). How a call comes about is told in `incoming` and
`outgoing`, what we propose within it in `proposals`, the rest in `invite_usage`.
"""

from opentact.voice.sip.acceptances import MAX_ACCEPTANCES
from opentact.voice.sip.core import Core, pause_of, sdp_of
from opentact.voice.sip.effects import Acked, HungUp, InfoReceived, LegEvent, Reoffered
from opentact.voice.sip.invite_usage import InviteUsage, Lines, Phase
from opentact.voice.sip.machine import Address
from opentact.voice.sip.message import Request, reply
from opentact.voice.sip.server_transactions import ServerTransaction
from opentact.voice.sip.session_timer import too_brief

__all__ = ["Call", "Phase", "check_final"]


def check_final(status: int) -> None:
    """Raise ValueError when a status does not refuse."""
    if not 300 <= status <= 699:  # noqa: PLR2004 - RFC 3261 7.2
        raise ValueError(f"{status} is not a refusal")


class Call(InviteUsage):
    """One INVITE usage of a dialog."""

    def __init__(self, core: Core, call_id: str, local_tag: str) -> None:
        super().__init__(core, call_id, local_tag)
        core.calls[call_id, local_tag] = self

    def is_with(self, remote_tag: str | None) -> bool:
        return self.dialog is None or self.dialog.remote_tag == remote_tag

    def may_be_asked_from(self, source: Address, tag: str | None) -> bool:
        """Tell whether a request of the side with this tag may come from there."""
        dialog = self._dialog_with(tag)
        return dialog is None or dialog.may_come_from(source)

    # What the peer does.

    def received(
        self, request: Request, tx: ServerTransaction, source: Address, now: float
    ) -> None:
        """Take a request within the dialog, other than ACK and CANCEL."""
        dialog = self._dialog_with(request.sender.tag)
        if dialog is not None and not dialog.heard(request, source):
            self.respond(request, tx, 500, now, phrase="CSeq Out of Order")
        elif request.method == "INVITE":
            self._reinvited(request, tx, now)
        elif request.method == "UPDATE":
            self._updated(request, tx, now)
        elif request.method == "PRACK":
            self._pracked(request, tx, now)
        elif request.method == "BYE":
            self.respond(request, tx, 200, now)
            self._left(HungUp(request.first("reason")), now)
        elif request.method == "OPTIONS":
            self.respond(request, tx, 200, now, extra=self.core.capabilities(secure=self.secure))
        else:
            self.respond(request, tx, 200, now)
            self.tell(InfoReceived(request.first("content-type") or "", request.body))

    def acked(self, request: Request, source: Address, now: float) -> bool:
        """Take the ACK of a 2xx; False when none is awaited (a repeat, or a stray)."""
        acceptance = self._acceptances.pop(request.cseq.number, None)
        if acceptance is None:
            return False
        if self.dialog is not None:
            self.dialog.peer = source
        if self.phase is Phase.CONFIRMING:
            self.phase = Phase.UP
        if self._bye_after_ack is not None:
            self._bye(self._bye_after_ack, now)
        else:
            self.tell(Acked(sdp_of(request) if acceptance.offered else None, acceptance.again))
            self._go_on(now)
        return True

    def withdrawn(self, tx: ServerTransaction, now: float) -> None:
        """Take the CANCEL of a re-INVITE; too late once it is answered."""
        if self._reoffer is not None and self._reoffer[1] is tx:
            self.refuse_reoffer(487, now)

    def _reinvited(self, request: Request, tx: ServerTransaction, now: float) -> None:
        if self._turned_down(request, tx, self._find_glare(), now):
            return
        self._reoffer = (request, tx)
        self.core.transactions.respond(tx, 100, reply(request, 100), now)
        self.tell(Reoffered(sdp_of(request)))

    def _updated(self, request: Request, tx: ServerTransaction, now: float) -> None:
        offer = sdp_of(request)
        refusal = 481 if self._over else self._find_offer_glare() if offer else None
        if self._turned_down(request, tx, refusal, now):
            return
        if offer is None:
            self._consent(request, tx, now)
        else:
            self._reoffer = (request, tx)
            self.tell(Reoffered(offer))

    def _pracked(self, request: Request, tx: ServerTransaction, now: float) -> None:
        self.respond(request, tx, 481, now)  # RFC 3262 section 3: there is nothing it matches

    def _turned_down(
        self, request: Request, tx: ServerTransaction, status: int | None, now: float
    ) -> bool:
        """Refuse what comes at the wrong moment, or wants too brief a session."""
        extra: Lines = []
        if status is None and too_brief(request, self.core.session):
            status, extra = 422, [("min-se", str(self.core.session.least))]
        if status is None:
            return False
        extra += [("retry-after", pause_of(request))] if status == 500 else []  # noqa: PLR2004 - RFC 3261 14.2
        self.respond(request, tx, status, now, extra=extra)
        return True

    def _find_glare(self) -> int | None:
        """Status for a re-INVITE that comes at the wrong moment (RFC 3261 14.2, RFC 6337 3)."""
        if self.phase in (Phase.ENDING, Phase.ENDED) or self._over:
            return 481
        if self.phase is Phase.STARTING:
            return self._glare_while_starting()
        if len(self._acceptances) >= MAX_ACCEPTANCES:
            return 500
        return self._find_offer_glare()

    def _find_offer_glare(self) -> int | None:
        """Status for an offer while another one waits for its answer (RFC 3311 section 5.2)."""
        if self._reoffer is not None:
            return 500
        if self._proposals is not None and self._proposals.is_offering:
            return 491
        if any(one.offered for one in self._acceptances.values()):
            return 491  # our offer waits for the answer in the ACK
        return self._glare_while_starting() if self.phase is Phase.STARTING else None

    def _glare_while_starting(self) -> int | None:
        raise NotImplementedError

    # What our user does.

    def reanswer(self, sdp: bytes, now: float) -> None:
        """Accept the re-INVITE or UPDATE; with an offer of ours if it had none."""
        if self._reoffer is None:
            return
        (request, tx), self._reoffer = self._reoffer, None
        if request.method == "INVITE":
            self._accept(request, tx, sdp, now, again=True)
        else:
            self._consent(request, tx, now, sdp)
        self._go_on(now)

    def refuse_reoffer(self, status: int, now: float) -> None:
        """Refuse the re-INVITE or UPDATE; the call goes on as it was (RFC 3261 14.2)."""
        check_final(status)
        if self._reoffer is not None:
            (request, tx), self._reoffer = self._reoffer, None
            self.respond(request, tx, status, now)
            self._go_on(now)

    def reoffer(self, sdp: bytes | None, now: float) -> None:
        """Propose media with a re-INVITE, as soon as that may be; None asks for an offer."""
        self._propose("INVITE", sdp or None, now)

    def update(self, sdp: bytes | None, now: float) -> None:
        """Propose media, or nothing but that the session goes on, with UPDATE."""
        self._propose("UPDATE", sdp, now)

    def inform(self, content_type: str, body: bytes, now: float) -> None:
        """Send an INFO, of an older use that needs no agreement (RFC 6086 section 9).

        Whatever the peer answers, the call goes on as it was.
        """
        dialog = self.dialog_for("INFO", offers=False)
        if dialog is not None and not self._over:
            login = self.login_lines("INFO", dialog.request_uri)
            lines = [*login, ("content-type", content_type)]
            self.core.ask_and_forget(dialog, "INFO", lines, now, body=body)

    def acknowledge(self, sdp: bytes, now: float) -> None:
        """Answer the offer that came with a 2xx."""
        if self._proposals is not None:
            self._proposals.acknowledge(sdp, now)

    def hangup(self, now: float, extra: Lines | None = None) -> None:
        """End the call, whatever its state; `extra` are headers of the BYE. Idempotent."""
        self._over = True
        if self.phase is Phase.CONFIRMING and self._bye_after_ack is None:
            # RFC 3261 15: no BYE before the ACK has come, or will come no more.
            self._bye_after_ack = extra or []
        elif self.phase is Phase.UP:
            self._bye(extra or [], now)

    def _left(self, event: LegEvent, now: float) -> None:
        """Take it that the peer ended the call."""
        self.tell(event)
        self._over = True
        self._drop_pending(now)
        if self.phase is not Phase.ENDING:  # then our own BYE is still to be answered
            self.leave()
