"""A call, from either side: what happens within its dialog once there is one.

Re-INVITEs, INFO and BYE of the peer, our BYE, and our 2xx, which are repeated here until
their ACK (RFC 3261 sections 13.3.1.4, 14 and 15; RFC 6337 for offers that cross). How a call
comes about is told in `incoming` and `outgoing`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from opentact.voice.sip.client_transactions import ClientOther
from opentact.voice.sip.core import SDP, Core, pause_of, sdp_of
from opentact.voice.sip.dialog import Dialog
from opentact.voice.sip.effects import Acked, HungUp, InfoReceived, LegEvent, NoAck, Reoffered
from opentact.voice.sip.machine import T1, T2, TIMEOUT, Address
from opentact.voice.sip.message import Request, Response, reply
from opentact.voice.sip.server_transactions import ServerTransaction

# One 2xx may still lack its ACK while a re-INVITE is answered (the ACK was lost); more is abuse.
MAX_ACCEPTANCES = 2


class Phase(Enum):
    STARTING = auto()  # the INVITE has no final answer
    CONFIRMING = auto()  # we answered, the ACK is awaited
    UP = auto()
    ENDING = auto()  # our BYE is under way
    ENDED = auto()


@dataclass(slots=True)
class Acceptance:
    """A 2xx of ours until its ACK: repeated after T1, 2*T1 ... T2, T2, given up after 64*T1."""

    data: bytes
    peer: Address
    offered: bool
    again: bool
    repeat_at: float
    give_up_at: float
    pause: float = T1

    @property
    def wake_at(self) -> float:
        return min(self.repeat_at, self.give_up_at)


def check_final(status: int) -> None:
    """Raise ValueError when a status does not refuse."""
    if not 300 <= status <= 699:  # noqa: PLR2004 - RFC 3261 7.2
        raise ValueError(f"{status} is not a refusal")


class Call:
    """One INVITE dialog usage. `dialog` is None until the peer's side of it is known."""

    direction = "?"

    def __init__(self, core: Core, call_id: str, local_tag: str) -> None:
        self.core = core
        self.call_id = call_id
        self.local_tag = local_tag
        self.dialog: Dialog | None = None
        self.phase = Phase.STARTING
        self._acceptances: dict[int, Acceptance] = {}
        self._reoffer: tuple[Request, ServerTransaction] | None = None
        self._bye_after_ack: list[tuple[str, str]] | None = None
        self._over = False
        # Whoever follows this call; the machine itself never looks at it.
        self.listener: Callable[[LegEvent], None] | None = None
        core.calls[call_id, local_tag] = self

    @property
    def peer(self) -> Address:
        """Where the other side was last heard from, or is expected."""
        raise NotImplementedError

    @property
    def wake_at(self) -> float | None:
        return min((one.wake_at for one in self._acceptances.values()), default=None)

    @property
    def is_over(self) -> bool:
        """Tell whether either side has ended it; its user hears nothing more then."""
        return self._over

    def is_with(self, remote_tag: str | None) -> bool:
        return self.dialog is None or self.dialog.remote_tag == remote_tag

    # What the peer does.

    def received(
        self, request: Request, tx: ServerTransaction, source: Address, now: float
    ) -> None:
        """Take a request within the dialog, other than ACK and CANCEL."""
        if self.dialog is not None and not self.dialog.heard(request, source):
            self.respond(request, tx, 500, now, phrase="CSeq Out of Order")
        elif request.method == "INVITE":
            self._reinvited(request, tx, now)
        elif request.method == "BYE":
            self.respond(request, tx, 200, now)
            self._left(HungUp(request.first("reason")), now)
        elif request.method == "OPTIONS":
            self.respond(request, tx, 200, now, extra=self.core.capabilities())
        else:
            self.respond(request, tx, 200, now)
            self._tell(InfoReceived(request.first("content-type") or "", request.body))

    def acked(self, request: Request, source: Address, now: float) -> bool:
        """Take the ACK of a 2xx; False when none is awaited (a repeat, or a stray)."""
        acceptance = self._acceptances.pop(request.cseq.number, None)
        if acceptance is None:
            return False
        self._rearm()
        if self.dialog is not None:
            self.dialog.peer = source
        if self.phase is Phase.CONFIRMING:
            self.phase = Phase.UP
        if self._bye_after_ack is not None:
            self._bye(self._bye_after_ack, now)
        else:
            self._tell(Acked(sdp_of(request) if acceptance.offered else None, acceptance.again))
        return True

    def _reinvited(self, request: Request, tx: ServerTransaction, now: float) -> None:
        refusal = self._find_glare()
        if refusal is not None:
            retry = [("retry-after", pause_of(request))] if refusal == 500 else []  # noqa: PLR2004 - RFC 3261 14.2
            self.respond(request, tx, refusal, now, extra=retry)
            return
        self._reoffer = (request, tx)
        self.core.transactions.respond(tx, 100, reply(request, 100), now)
        self._tell(Reoffered(sdp_of(request)))

    def withdrawn(self, tx: ServerTransaction, now: float) -> None:
        """Take the CANCEL of a re-INVITE; too late once it is answered."""
        if self._reoffer is not None and self._reoffer[1] is tx:
            self.refuse_reoffer(487, now)

    def _find_glare(self) -> int | None:
        """Status for a re-INVITE that comes at the wrong moment (RFC 3261 14.2, RFC 6337 3)."""
        if self.phase in (Phase.ENDING, Phase.ENDED) or self._over:
            return 481
        if self.phase is Phase.STARTING:
            return self._glare_while_starting()
        if self._reoffer is not None or len(self._acceptances) >= MAX_ACCEPTANCES:
            return 500
        if any(one.offered for one in self._acceptances.values()):
            return 491  # our offer waits for the answer in the ACK
        return None

    def _glare_while_starting(self) -> int:
        raise NotImplementedError

    # What our user does.

    def reanswer(self, sdp: bytes, now: float) -> None:
        """Accept the re-INVITE; with an offer of ours if it had none."""
        if self._reoffer is None or self.dialog is None:
            return
        (request, tx), self._reoffer = self._reoffer, None
        self.dialog.retarget(request.contact)
        self._accept(request, tx, sdp, now, again=True)

    def refuse_reoffer(self, status: int, now: float) -> None:
        """Refuse the re-INVITE; the call goes on as it was (RFC 3261 14.2)."""
        check_final(status)
        if self._reoffer is not None:
            (request, tx), self._reoffer = self._reoffer, None
            self.respond(request, tx, status, now)

    def hangup(self, now: float, extra: list[tuple[str, str]] | None = None) -> None:
        """End the call, whatever its state; `extra` are headers of the BYE. Idempotent."""
        self._over = True
        if self.phase is Phase.CONFIRMING and self._bye_after_ack is None:
            # RFC 3261 15: no BYE before the ACK has come, or will come no more.
            self._bye_after_ack = extra or []
        elif self.phase is Phase.UP:
            self._bye(extra or [], now)

    # How it is done.

    def respond(
        self,
        request: Request,
        tx: ServerTransaction,
        status: int,
        now: float,
        *,
        phrase: str | None = None,
        extra: list[tuple[str, str]] | None = None,
        body: bytes = b"",
    ) -> bytes:
        """Answer a request of the peer; gives the bytes that went out."""
        data = reply(
            request, status, phrase=phrase, tag=self.local_tag, extra=extra or [], body=body
        )
        self.core.transactions.respond(tx, status, data, now)
        return data

    def _accept(
        self, request: Request, tx: ServerTransaction, sdp: bytes, now: float, *, again: bool
    ) -> None:
        """Send a 2xx to INVITE and repeat it until its ACK."""
        extra = [("record-route", route) for route in request.headers.get("record-route", ())]
        extra += [*self.core.capabilities(), ("content-type", SDP)]
        data = self.respond(request, tx, 200, now, extra=extra, body=sdp)
        self._acceptances[request.cseq.number] = Acceptance(
            data, tx.peer, sdp_of(request) is None, again, now + T1, now + TIMEOUT
        )
        self._rearm()

    def _bye(self, extra: list[tuple[str, str]], now: float) -> None:
        if self.dialog is None:
            return
        branch = self.core.branch()
        data, peer = self.dialog.compose(
            "BYE", branch=branch, identity=self.core.identity, extra=extra
        )
        self._over = True
        self._drop_pending(now)
        self.phase = Phase.ENDING
        self.core.transactions.ask(ClientOther("BYE", data, peer), branch, self, now)

    def responded(self, response: Response, now: float) -> None:
        """Take the answer to our BYE: whatever it is, the call is over (RFC 3261 15.1.1)."""
        del now
        if response.status >= 200:  # noqa: PLR2004 - final
            self.leave()

    def timed_out(self, method: str, now: float) -> None:
        del now
        if method == "BYE":
            self.leave()

    def woken(self, now: float) -> None:
        """Repeat what lacks its ACK, or give up on it."""
        for one in list(self._acceptances.values()):
            if one.give_up_at <= now:
                self._tell(NoAck())
                self._bye(self._bye_after_ack or [], now)
                return
            while one.repeat_at <= now:
                self.core.transmit(one.data, one.peer, repeat=True)
                one.pause = min(one.pause * 2, T2)
                one.repeat_at += one.pause
        self._rearm()

    def _left(self, event: LegEvent, now: float) -> None:
        """Take it that the peer ended the call."""
        self._tell(event)
        self._over = True
        self._drop_pending(now)
        if self.phase is not Phase.ENDING:  # then our own BYE is still to be answered
            self.leave()

    def _drop_pending(self, now: float) -> None:
        """RFC 3261 15.1.2: what is pending when a call ends is answered 487."""
        self.refuse_reoffer(487, now)
        self._acceptances.clear()
        self._rearm()

    def leave(self) -> None:
        """Forget the call; its transactions end by themselves."""
        self.phase = Phase.ENDED
        self.core.alarms.set(self, None)
        self.core.calls.pop((self.call_id, self.local_tag), None)

    def _tell(self, event: LegEvent) -> None:
        if not self._over:
            self.core.tell(self, event)

    def _rearm(self) -> None:
        self.core.alarms.set(self, self.wake_at)

    def __repr__(self) -> str:
        host, port = self.peer[:2]
        return f"<{type(self).__name__} {self.call_id} {host}:{port} {self.phase.name}>"
