"""The state of a call within its dialog, and how things are done in it: both sides' base.

RFC 5057 calls it the INVITE usage of a dialog. 2xx answers are repeated until their ACK, BYE
ends it, the session timer watches over it (RFC 3261 sections 13.3.1.4 and 15, RFC 4028). What
may happen when is decided in `call`.
"""

from collections.abc import Callable
from enum import Enum, auto
from typing import TYPE_CHECKING

from opentact.voice.sip.acceptances import Acceptance
from opentact.voice.sip.client_transactions import ClientOther
from opentact.voice.sip.core import SDP, Core, sdp_of
from opentact.voice.sip.dialog import Dialog
from opentact.voice.sip.effects import Expired, LegEvent, NoAck
from opentact.voice.sip.machine import Address
from opentact.voice.sip.message import Message, Request, Response, reply
from opentact.voice.sip.proposals import Proposals
from opentact.voice.sip.server_transactions import ServerTransaction
from opentact.voice.sip.session_timer import EXPIRED, SessionTimer, Terms, agree, settle

if TYPE_CHECKING:
    from opentact.voice.sip.logins import Login

Lines = list[tuple[str, str]]


class Phase(Enum):
    STARTING = auto()  # the INVITE has no final answer
    CONFIRMING = auto()  # we answered, the ACK is awaited
    UP = auto()
    ENDING = auto()  # our BYE is under way
    ENDED = auto()


class InviteUsage:
    """`dialog` is None until the peer's side of it is known.

    `local_sdp` is what we last told the peer of our media; `owns_call_id`: we began the call;
    `takes_info`: the peer takes INFO, None if its Allow never said (RFC 3261 20.5).
    """

    direction = "?"
    owns_call_id = False
    secure = False  # begun by a sips: URI
    began_at = 0.0  # in seconds of whoever drives the agent

    def __init__(self, core: Core, call_id: str, local_tag: str) -> None:
        self.core = core
        self.call_id = call_id
        self.local_tag = local_tag
        self.dialog: Dialog | None = None
        self.phase = Phase.STARTING
        self.local_sdp = b""
        self._acceptances: dict[int, Acceptance] = {}
        self._reoffer: tuple[Request, ServerTransaction] | None = None
        self._bye_after_ack: Lines | None = None
        self._over = False
        self._peer_updates = False
        self.takes_info: bool | None = None
        self._proposals: Proposals | None = None
        self._timer: SessionTimer | None = None
        self._login: Login | None = None
        # Whoever follows this call; the machine itself never looks at it.
        self.listener: Callable[[LegEvent], None] | None = None

    @property
    def peer(self) -> Address:
        """Where the other side was last heard from, or is expected."""
        raise NotImplementedError

    @property
    def wake_at(self) -> float | None:
        """When `woken` wants to be called, if nothing happens before."""
        at = self._timer.wake_at if self._timer is not None else None
        if self._acceptances:
            first = min(one.wake_at for one in self._acceptances.values())
            at = first if at is None else min(at, first)
        if self._proposals is not None and (retry := self._proposals.wake_at) is not None:
            at = retry if at is None else min(at, retry)
        return at

    @property
    def is_over(self) -> bool:
        """Tell whether either side has ended it; its user hears nothing more then."""
        return self._over

    def tell(self, event: LegEvent) -> None:
        """Tell the user, who hears nothing more once the call is over."""
        if not self._over:
            self.core.tell(self, event)

    def respond(
        self,
        request: Request,
        tx: ServerTransaction,
        status: int,
        now: float,
        *,
        phrase: str | None = None,
        extra: Lines | None = None,
        body: bytes = b"",
    ) -> bytes:
        """Answer a request of the peer; gives the bytes that went out."""
        data = reply(
            request, status, phrase=phrase, tag=self.local_tag, extra=extra or [], body=body
        )
        self.core.transactions.respond(tx, status, data, now)
        return data

    def dialog_for(self, method: str, *, offers: bool) -> Dialog | None:
        """Give the dialog in which we may propose something now; None when we may not."""
        del method
        held = self._reoffer is not None or any(one.offered for one in self._acceptances.values())
        return self.dialog if self.phase is Phase.UP and not (offers and held) else None

    def lost(self, why: str, now: float) -> None:
        """Take it that the peer is no longer there."""
        if self._over or self.phase not in (Phase.CONFIRMING, Phase.UP):
            return
        self.tell(Expired(why))
        self._bye([EXPIRED], now)

    def login_lines(self, method: str, uri: str) -> Lines:
        return self._login.lines(method, uri) if self._login is not None else []

    def answers_challenge(self, response: Response) -> bool:
        """Tell whether a challenge within the call may be answered: a realm we logged in to."""
        login = self._login
        return login is not None and login.knows(response) and login.take(response)

    def timer_lines(self) -> Lines:
        """Headers of a request of ours that sets the timer anew."""
        return [("session-expires", str(self.core.session.seconds))]

    def settle_timer(self, answer: Response, now: float) -> None:
        """Take the terms of a 2xx to a request of ours."""
        self._note_allowed(answer)
        self._timer = SessionTimer.start(settle(answer, self.core.session), now)
        self.rearm()

    def refresh_refused(self, method: str, status: int, now: float) -> None:
        """Try again by other means, or later; without success the session runs out."""
        if self._timer is None:
            return
        if method == "UPDATE" and status in (405, 501):
            self._peer_updates = False
            self._timer.refresh_at = now
        else:
            self._timer.again(now)
        self.rearm()

    def _note_allowed(self, message: Message) -> None:
        if (allowed := message.headers.get("allow")) is not None:
            self._peer_updates = any("UPDATE" in value for value in allowed)
            self.takes_info = any("INFO" in value for value in allowed)

    def _watch_session(self, timer: SessionTimer, now: float) -> None:
        if timer.take_refresh(now):
            by_update = self._peer_updates or not self.local_sdp
            self._propose(
                "UPDATE" if by_update else "INVITE",
                None if by_update else self.local_sdp,
                now,
                refresh=True,
            )
        elif timer.expires_at <= now:
            self.lost("the session timer ran out", now)

    def _propose(
        self, method: str, sdp: bytes | None, now: float, *, refresh: bool = False
    ) -> None:
        if self._over:
            return
        if self._proposals is None:
            self._proposals = Proposals(self)
        self._proposals.propose(method, sdp, now, refresh=refresh)

    def _go_on(self, now: float) -> None:
        """Propose what may have waited for something that ended now."""
        if self._proposals is not None:
            self._proposals.go_on(now)
        self.rearm()

    def _accept(
        self,
        request: Request,
        tx: ServerTransaction,
        sdp: bytes,
        now: float,
        *,
        again: bool,
        more: Lines | None = None,
    ) -> None:
        """Send a 2xx to INVITE and repeat it until its ACK."""
        terms, session = agree(request, self.core.session)
        extra = [("record-route", route) for route in request.headers.get("record-route", ())]
        extra += [*self.core.capabilities(secure=self.secure), *session, *(more or [])]
        extra += [("content-type", SDP)] if sdp else []
        data = self.respond(request, tx, 200, now, extra=extra, body=sdp)
        self._accepted_theirs(request, terms, sdp, now)
        offered = bool(sdp) and sdp_of(request) is None
        self._acceptances[request.cseq.number] = Acceptance.start(
            data, tx.peer, now, offered=offered, again=again
        )
        self.rearm()

    def _consent(
        self, request: Request, tx: ServerTransaction, now: float, sdp: bytes = b""
    ) -> None:
        """Send a 2xx to UPDATE, which needs no ACK."""
        terms, session = agree(request, self.core.session)
        extra = [("contact", self.core.contact(secure=self.secure)), *session]
        extra += [("content-type", SDP)] if sdp else []
        self.respond(request, tx, 200, now, extra=extra, body=sdp)
        self._accepted_theirs(request, terms, sdp, now)
        self.rearm()

    def _accepted_theirs(self, request: Request, terms: Terms, sdp: bytes, now: float) -> None:
        self.local_sdp = sdp or self.local_sdp
        self._note_allowed(request)
        self._timer = SessionTimer.start(terms, now)
        dialog = self._dialog_with(request.sender.tag)
        if dialog is not None:
            dialog.retarget(request.contact)

    def _dialog_with(self, remote_tag: str | None) -> Dialog | None:
        del remote_tag
        return self.dialog

    def _bye(self, extra: Lines, now: float) -> None:
        if self.dialog is None:
            return
        branch = self.core.branch()
        login = self.login_lines("BYE", self.dialog.request_uri)
        data, peer = self.dialog.compose(
            "BYE", branch=branch, identity=self.core.identity, extra=[*login, *extra]
        )
        self._over = True
        self._drop_pending(now)
        self.phase = Phase.ENDING
        self.core.transactions.ask(ClientOther("BYE", data, peer), branch, self, now)

    def responded(self, response: Response, now: float) -> None:
        """Take the answer to our BYE: whatever it is, the call is over (RFC 3261 15.1.1)."""
        if response.status < 200 or response.cseq.method != "BYE":  # noqa: PLR2004 - final
            return
        if self.phase is Phase.ENDING and self.answers_challenge(response):
            self._bye([], now)
        else:
            self.leave()

    def timed_out(self, method: str, now: float) -> None:
        """Take it that nobody answered our BYE."""
        del now
        if method == "BYE":
            self.leave()

    def woken(self, now: float) -> None:
        """Repeat what lacks its ACK or give up on it; refresh the session or end it."""
        for one in list(self._acceptances.values()):
            if one.give_up_at <= now:
                self.tell(NoAck())
                self._bye(self._bye_after_ack or [], now)
                return
            for _ in range(one.repeats(now)):
                self.core.transmit(one.data, one.peer, repeat=True)
        if self._proposals is not None:
            self._proposals.woken(now)
        if self._timer is not None:
            self._watch_session(self._timer, now)
        self.rearm()

    def _drop_pending(self, now: float) -> None:
        """RFC 3261 15.1.2: what is pending when a call ends is answered 487."""
        if self._reoffer is not None:
            (request, tx), self._reoffer = self._reoffer, None
            self.respond(request, tx, 487, now)
        if self._proposals is not None:
            self._proposals.drop()
        self._acceptances.clear()
        self._timer = None
        self.core.alarms.set(self, None)

    def leave(self) -> None:
        """Forget the call; its transactions end by themselves."""
        self.phase = Phase.ENDED
        self._timer = None
        self.core.alarms.set(self, None)
        self.core.calls.pop((self.call_id, self.local_tag), None)

    def rearm(self) -> None:
        """Set the alarm to what is due next."""
        if self.phase is not Phase.ENDED:
            self.core.alarms.set(self, self.wake_at)

    def __repr__(self) -> str:
        host, port = self.peer[:2]
        return f"<{type(self).__name__} {self.call_id} {host}:{port} {self.phase.name}>"
