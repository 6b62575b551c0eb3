"""What we propose within a call: re-INVITE and UPDATE, for new media or to refresh the session.

RFC 3261 section 14.1, RFC 3311, RFC 4028 section 7.4. One is under way at a time; what is asked
for in the meantime waits, and the last one asked for counts. Glare (491) is tried again after
a pause that differs on the two sides.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from opentact.voice.sip.client_transactions import ClientOther
from opentact.voice.sip.core import ALLOW, SDP, SUPPORTED, chance, sdp_of
from opentact.voice.sip.dialog import Dialog
from opentact.voice.sip.effects import Reanswered, ReofferRefused
from opentact.voice.sip.machine import Address
from opentact.voice.sip.message import Response

if TYPE_CHECKING:
    from opentact.voice.sip.invite_usage import InviteUsage

# After so many 491 in a row nobody is coming to terms with us.
MAX_GLARES = 8


@dataclass(slots=True)
class Proposal:
    """`sdp` is the offer; None asks for one (INVITE) or has none (UPDATE).

    `refresh`: our own doing, so nobody is told unless the call ends of it.
    """

    method: str
    sdp: bytes | None
    refresh: bool = False
    glares: int = 0
    number: int = 0
    dialog: Dialog | None = None

    @property
    def offers(self) -> bool:
        return self.method == "INVITE" or self.sdp is not None


class Proposals:
    """Those of one call, of whose transactions it takes the responses."""

    def __init__(self, call: "InviteUsage") -> None:
        self._call = call
        self._wanted: Proposal | None = None
        self._flying: Proposal | None = None
        self._retry_at: float | None = None
        self._ack: tuple[int, bytes, Address] | None = None
        self._unacked: tuple[Proposal, int] | None = None

    @property
    def wake_at(self) -> float | None:
        return self._retry_at

    @property
    def is_offering(self) -> bool:
        """Tell whether an offer of ours (or a request for one) is on its way."""
        flying = self._flying
        return self._unacked is not None or (flying is not None and flying.offers)

    def propose(self, method: str, sdp: bytes | None, now: float, *, refresh: bool = False) -> None:
        if refresh and (self._wanted or self._flying):
            return  # whatever is under way refreshes as well
        self._wanted = Proposal(method, sdp, refresh)
        self.go_on(now)

    def go_on(self, now: float) -> None:
        """Send what waits, if its moment has come."""
        wanted = self._wanted
        if wanted is None or self._flying or self._unacked or self._retry_at is not None:
            return
        dialog = self._call.dialog_for(wanted.method, offers=wanted.offers)
        if dialog is not None:
            self._wanted, self._flying = None, wanted
            self._send(wanted, dialog, now)

    def woken(self, now: float) -> None:
        if self._retry_at is not None and self._retry_at <= now:
            self._retry_at = None
            self.go_on(now)

    def drop(self) -> None:
        """Propose nothing any more: the call is over. What flies is still acknowledged."""
        self._wanted = self._retry_at = None

    def acknowledge(self, sdp: bytes, now: float) -> bool:
        """Send the ACK that an answer with an offer waits for; False when none does."""
        if self._unacked is None:
            return False
        (proposal, number), self._unacked = self._unacked, None
        if proposal.dialog is not None:
            self._call.local_sdp = sdp
            self._send_ack(proposal.dialog, number, sdp)
            self.go_on(now)
        return True

    def responded(self, response: Response, now: float) -> None:
        """Take a response to the re-INVITE or UPDATE."""
        flying, number = self._flying, response.cseq.number
        if response.status < 200:  # noqa: PLR2004 - RFC 3261 7.2
            return
        if flying is None or flying.number != number:
            if self._ack is not None and self._ack[0] == number and response.status < 300:  # noqa: PLR2004 - a 2xx once more
                self._call.core.transmit(*self._ack[1:], repeat=True)
            return
        self._flying = None
        if response.status < 300:  # noqa: PLR2004 - RFC 3261 7.2
            self._accepted(flying, response, now)
        else:
            self._refused(flying, response, now)
        self.go_on(now)
        self._call.rearm()

    def timed_out(self, method: str, now: float) -> None:
        self._flying = None
        self._call.lost(f"nobody answered our {method}", now)

    def _send(self, proposal: Proposal, dialog: Dialog, now: float) -> None:
        call, core = self._call, self._call.core
        branch = core.branch()
        extra = [
            ("contact", core.contact(secure=call.secure)),
            ("supported", ", ".join(SUPPORTED)),
            ("allow", ALLOW),
            *call.login_lines(proposal.method, dialog.request_uri),
            *call.timer_lines(),
            *([("content-type", SDP)] if proposal.sdp else []),
        ]
        body = proposal.sdp or b""
        proposal.dialog = dialog
        if proposal.method == "INVITE":
            tx, proposal.number = dialog.compose_invite(
                branch=branch, identity=core.identity, extra=extra, body=body
            )
            core.transactions.ask(tx, branch, self, now)
            return
        data, peer = dialog.compose(
            proposal.method, branch=branch, identity=core.identity, extra=extra, body=body
        )
        proposal.number = dialog.local_cseq
        core.transactions.ask(ClientOther(proposal.method, data, peer), branch, self, now)

    def _accepted(self, proposal: Proposal, response: Response, now: float) -> None:
        call, dialog, answer = self._call, proposal.dialog, sdp_of(response)
        if dialog is None:
            return
        dialog.retarget(response.contact)
        call.settle_timer(response, now)
        asked_for_offer = proposal.method == "INVITE" and proposal.sdp is None
        if asked_for_offer and answer is not None and not call.is_over:
            self._unacked = (proposal, response.cseq.number)
        elif proposal.method == "INVITE":
            self._send_ack(dialog, response.cseq.number, b"")
        if proposal.sdp is not None:
            call.local_sdp = proposal.sdp
        if not proposal.refresh:
            call.tell(Reanswered(answer))

    def _send_ack(self, dialog: Dialog, number: int, sdp: bytes) -> None:
        core = self._call.core
        data, peer = dialog.compose(
            "ACK",
            branch=core.branch(),
            identity=core.identity,
            number=number,
            extra=[("content-type", SDP)] if sdp else [],
            body=sdp,
        )
        self._ack = (number, data, peer)
        core.transmit(data, peer)

    def _refused(self, proposal: Proposal, response: Response, now: float) -> None:
        call, status = self._call, response.status
        if call.is_over:
            return
        if status == 491 and proposal.glares < MAX_GLARES:  # noqa: PLR2004 - RFC 3261 14.1
            proposal.glares += 1
            if self._wanted is None:
                self._wanted = proposal
            self._retry_at = now + _pause(call.core.token(), owner=call.owns_call_id)
        elif status in (401, 407) and call.answers_challenge(response):
            self._wanted = self._wanted or proposal
        elif status in (408, 481):
            call.lost(f"the peer answered {status} to our {proposal.method}", now)
        elif proposal.refresh:
            call.refresh_refused(proposal.method, status, now)
        else:
            call.tell(ReofferRefused(status))


def _pause(word: str, *, owner: bool) -> float:
    """RFC 3261 14.1: 2.1 to 4 s for who made the Call-ID, 0 to 2 s for the other one."""
    return 2.1 + chance(word, 191) / 100 if owner else chance(word, 201) / 100
