"""A call that we make: from the INVITE to its answer, CANCEL included.

RFC 3261 sections 8.1, 9.1 and 13.2. Every 2xx is acknowledged, also a repeated one and one
from another fork, which is then hung up at once: one call has one other end.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from opentact.voice.sip.call import Call, Phase
from opentact.voice.sip.client_transactions import ClientInvite, ClientOther
from opentact.voice.sip.core import ALLOW, SDP, Core, sdp_of
from opentact.voice.sip.dialog import MAX_HOPS, Dialog
from opentact.voice.sip.effects import (
    Answered,
    Failed,
    HungUp,
    LegEvent,
    Progressed,
    Refused,
    TimedOut,
)
from opentact.voice.sip.headers import NameAddr
from opentact.voice.sip.lexical import Params
from opentact.voice.sip.machine import Address, State
from opentact.voice.sip.message import Response, encode
from opentact.voice.sip.routing import address_of
from opentact.voice.sip.uri import scheme_of

if TYPE_CHECKING:
    from opentact.voice.sip.digest import Credentials


@dataclass(frozen=True, slots=True)
class Invitation:
    """Whom to call, and as whom.

    `target` is the Request-URI, `to` and `caller` are URIs or addresses with a name; `sdp` is
    the offer. `destination` is where to send it; None reads it off the target, whose host
    must then be an address. `extra` are more headers, names in lower case. `credentials`
    answer 401 and 407. `identity` goes out as P-Asserted-Identity (RFC 3325: only to whom we
    trust), `privacy` are the values of Privacy (RFC 3323).
    """

    target: str
    to: str
    caller: str
    sdp: bytes
    destination: Address | None = None
    extra: tuple[tuple[str, str], ...] = ()
    hops: int = MAX_HOPS
    credentials: "Credentials | None" = None
    identity: str | None = None
    privacy: tuple[str, ...] = ()


# Headers that are the stack's to write.
_OURS = frozenset(
    ("via", "from", "to", "call-id", "cseq", "contact", "max-forwards", "content-length")
)


class OutgoingCall(Call):
    direction = "outgoing"

    def __init__(self, core: Core, invitation: Invitation, now: float) -> None:
        """Send the INVITE. Raises ValueError when it cannot be written, or leads nowhere."""
        self.invitation = invitation
        self._destination = _destination_of(invitation)
        call_id, local_tag = core.token(), core.token()
        self._from = _address(invitation.caller, (("tag", local_tag),))
        self._to = _address(invitation.to)
        super().__init__(core, call_id, local_tag)
        self._branch = core.branch()
        self._cancel: list[tuple[str, str]] | None = None
        self._progressed = False
        self._ack: bytes | None = None
        self._ack_peer = self._destination
        self._other_forks: set[str | None] = set()
        try:
            self._tx = self._invite()
        except ValueError:
            self.leave()
            raise
        core.transactions.ask(self._tx, self._branch, self, now)

    @property
    def peer(self) -> Address:
        return self.dialog.peer if self.dialog else self._destination

    @property
    def alive(self) -> bool:
        """Whether the far end has said anything, be it 100 Trying."""
        return self._progressed

    def hangup(self, now: float, extra: list[tuple[str, str]] | None = None) -> None:
        """Give up before an answer with CANCEL, end an answered call with BYE. Idempotent."""
        super().hangup(now, extra)
        if self.phase is Phase.STARTING and self._cancel is None:
            self._cancel = extra or []
            if self._progressed:
                self._send_cancel(now)

    def responded(self, response: Response, now: float) -> None:
        method = response.cseq.method
        if method == "BYE":
            super().responded(response, now)
        elif method == "INVITE":
            if response.status < 200:  # noqa: PLR2004 - RFC 3261 7.2
                self._provisional(response, now)
            elif response.status < 300:  # noqa: PLR2004 - RFC 3261 7.2
                self._accepted(response, now)
            elif self.phase is Phase.STARTING:
                self._tell(Refused(response.status, response.phrase, response.first("reason")))
                self._over = True
                self.leave()

    def timed_out(self, method: str, now: float) -> None:
        super().timed_out(method, now)
        if method == "INVITE" and self.phase is Phase.STARTING:
            self._tell(TimedOut())
            self._over = True
            self.leave()

    def _provisional(self, response: Response, now: float) -> None:
        first, self._progressed = not self._progressed, True
        if self._cancel is not None and first:
            # RFC 3261 9.1: a CANCEL waits for the first sign of life.
            self._send_cancel(now)
        elif response.status > 100:  # noqa: PLR2004 - 100 comes from the next hop only
            self._tell(Progressed(response.status, sdp_of(response)))

    def _accepted(self, response: Response, now: float) -> None:
        if self.dialog is not None or self.phase is not Phase.STARTING:
            self._accepted_again(response, now)
            return
        self.dialog = self._dialog_of(response)
        self._ack, self._ack_peer = self._write_ack(self.dialog, response)
        self.core.transmit(self._ack, self._ack_peer)
        self.phase = Phase.UP
        if self._cancel is not None:
            # The answer overtook our CANCEL.
            self._bye(self._cancel, now)
        else:
            self._tell(Answered(sdp_of(response)))

    def _accepted_again(self, response: Response, now: float) -> None:
        """Acknowledge a repeat of the 2xx, or the 2xx of another fork (RFC 3261 13.2.2.4)."""
        tag = response.recipient.tag
        if self.dialog is not None and self.dialog.remote_tag == tag and self._ack is not None:
            self.core.transmit(self._ack, self._ack_peer, repeat=True)
            return
        fork = self._dialog_of(response)
        self.core.transmit(*self._write_ack(fork, response))
        # Not more BYEs than a call can have honest forks.
        if tag not in self._other_forks and len(self._other_forks) < 16:  # noqa: PLR2004
            self._other_forks.add(tag)
            branch = self.core.branch()
            data, peer = fork.compose("BYE", branch=branch, identity=self.core.identity)
            self.core.transactions.ask(ClientOther("BYE", data, peer), branch, _Nobody(), now)

    def _dialog_of(self, response: Response) -> Dialog:
        return Dialog.of_caller(response, self._from, self.invitation.target, self._destination)

    def _write_ack(self, dialog: Dialog, response: Response) -> tuple[bytes, Address]:
        return dialog.compose(
            "ACK",
            branch=self.core.branch(),
            identity=self.core.identity,
            number=response.cseq.number,
        )

    def _left(self, event: LegEvent, now: float) -> None:
        if self.phase is Phase.STARTING:
            # A BYE that overtook its 200: the 2xx, when it comes, is still acknowledged.
            self._expect_end(now)
            self._tell(event if isinstance(event, HungUp) else Failed("the callee left"))
            self._over = True
            self.leave()
            return
        super()._left(event, now)

    def _glare_while_starting(self) -> int:
        return 491  # RFC 3261 14.2: our own INVITE is in progress

    def _lines(self, method: str) -> list[tuple[str, str]]:
        """Header lines that INVITE, its CANCEL and the ACK of a refusal have in common."""
        routes = [(name, value) for name, value in self.invitation.extra if name == "route"]
        return [
            ("via", self.core.identity.via(self._branch)),
            ("max-forwards", str(self.invitation.hops)),
            *routes,
            ("from", self._from),
            ("call-id", self.call_id),
            ("cseq", f"1 {method}"),
        ]

    def _invite(self) -> ClientInvite:
        wanted = self.invitation
        more = [pair for pair in wanted.extra if pair[0] not in (*_OURS, "route")]
        data = encode(
            f"INVITE {wanted.target} SIP/2.0",
            [
                *self._lines("INVITE"),
                ("to", self._to),
                ("contact", self.core.identity.contact),
                ("user-agent", self.core.identity.product),
                ("allow", ALLOW),
                *more,
                ("content-type", SDP),
            ],
            wanted.sdp,
        )
        return ClientInvite(
            data, self._destination, uri=wanted.target, ack_lines=self._lines("ACK")
        )

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


class _Nobody:
    """Who asks without waiting for the answer."""

    def responded(self, response: Response, now: float) -> None:
        """Let it pass."""

    def timed_out(self, method: str, now: float) -> None:
        """Let it pass."""


def _address(text: str, more: Params = ()) -> str:
    """Write an address with these parameters, and without a tag it may have brought."""
    address = NameAddr.parse(text)
    kept = tuple(pair for pair in address.params if pair[0] != "tag")
    return str(NameAddr(address.uri, address.display, kept + more))


def _destination_of(invitation: Invitation) -> Address:
    scheme_of(invitation.target)
    destination = invitation.destination or address_of(invitation.target)
    if destination is None:
        raise ValueError(f"no address to send to in {invitation.target!r}: name a destination")
    if invitation.hops < 1:
        raise ValueError("the call has used up its hops (Max-Forwards)")
    return destination
