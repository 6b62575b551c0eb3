"""Paper twins of SIP legs: the INVITE that arrives, and those that we send.

They behave as the real ones do at the port and do nothing else (voice/testing.py has the media).
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from .sip.effects import (
    Acked,
    Answered,
    Cancelled,
    HungUp,
    LegEvent,
    NoAck,
    Progressed,
    Reanswered,
    Refused,
    Reoffered,
    ReofferRefused,
    TimedOut,
)
from .sip.machine import Address
from .sip.message import Request
from .sip.uri import SipUri

OFFER = (
    b"v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n"
    b"m=audio 4000 RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\n"
)
NEXT_DOOR = Address("127.0.0.1", 5060)
State = Literal["starting", "up", "over"]


class _Talking:
    """What either kind of leg sends once it is answered."""

    state: State
    sent: list[tuple[Any, ...]]

    def reoffer(self, sdp: bytes | None) -> None:
        """Send a re-INVITE."""
        if self.state == "up":
            self.sent.append(("reoffer", sdp))

    def acknowledge(self, sdp: bytes) -> None:
        """Send an answer in an ACK."""
        if self.state == "up":
            self.sent.append(("acknowledge", sdp))

    def inform(self, content_type: str, body: bytes) -> None:
        """Send an INFO."""
        if self.state == "up":
            self.sent.append(("info", content_type, body))


@dataclass(eq=False)
class PaperLeg(_Talking):
    """A received INVITE (adapters/sip): `sent` holds what went out, one tuple for each message.

    As with the real one, what comes too late sends nothing, and after its end it is silent.
    """

    caller: str = "+12025550199"
    called: str = "12025550100"
    offer: bytes | None = OFFER
    call_id: str = "paper"
    source: Address = NEXT_DOOR
    sent: list[tuple[Any, ...]] = field(default_factory=list)
    reason: str | None = None
    events: asyncio.Queue[LegEvent] = field(default_factory=asyncio.Queue)
    state: State = "starting"
    host: str = "192.0.2.2"
    caller_host: str = "192.0.2.9"
    headers: dict[str, list[str]] = field(default_factory=dict)
    hops_left: int = 70
    heard: Callable[[LegEvent], None] | None = None
    refused_with: list[tuple[str, str]] = field(default_factory=list)
    takes_info: bool | None = None

    @property
    def request_uri(self) -> str:
        """The Request-URI."""
        return str(SipUri(self.host, self.called))

    @property
    def request(self) -> Request:
        """The INVITE, with what routing looks at."""
        sender, uri = SipUri(self.caller_host, self.caller), self.request_uri
        usual = {"from": [f"<{sender}>"], "to": [f"<{uri}>"], "call-id": [self.call_id]}
        return Request("INVITE", uri, {**usual, **self.headers}, self.offer or b"")

    def listen(self, heard: Callable[[LegEvent], None]) -> None:
        """Have events told at once."""
        self.heard = heard
        while not self.events.empty():
            heard(self.events.get_nowait())

    def tell(self, event: LegEvent) -> None:
        """Let something happen to the leg."""
        if self.heard is not None:
            self.heard(event)
        else:
            self.events.put_nowait(event)

    @property
    def status(self) -> int | None:
        """The final answer that the caller got."""
        return next((each[0] for each in self.sent if each[0] in range(200, 700)), None)

    def ring(self, sdp: bytes | None = None, status: int = 180) -> None:
        """Send 180, or 183 with early media."""
        if self.state == "starting":
            self.sent.append((status, sdp) if sdp else (status,))

    def answer(self, sdp: bytes) -> None:
        """Send 200."""
        if self.state == "starting":
            self.state = "up"
            self.sent.append((200, sdp))

    def reject(
        self,
        status: int,
        phrase: str | None = None,
        *,
        reason: str | None = None,
        headers: Iterable[tuple[str, str]] = (),
    ) -> None:
        """Send a refusal; one that refuses nothing is a mistake of ours."""
        del phrase
        self.refused_with = [*headers]
        if not 300 <= status <= 699:  # noqa: PLR2004 - RFC 3261 7.2
            raise ValueError(f"{status} is not a refusal")
        if self.state == "starting":
            self._left(reason, status)

    def hangup(self, *, reason: str | None = None) -> None:
        """Send BYE, or 480 to a call that is not answered."""
        if self.state != "over":
            self._left(reason, "BYE" if self.state == "up" else 480)

    def reanswer(self, sdp: bytes) -> None:
        """Accept a re-INVITE."""
        self.sent.append(("reanswer", sdp))

    def refuse_reoffer(self, status: int = 488) -> None:
        """Refuse a re-INVITE."""
        self.sent.append(("refuse_reoffer", status))

    def cancels(self) -> None:
        """Let the caller give up, if there is still something to give up."""
        if self.state == "starting":
            self._hears(Cancelled(), 487)

    def hangs_up(self) -> None:
        """Let the caller hang up."""
        if self.state != "over":
            self._hears(HungUp(), 487 if self.state == "starting" else None)

    def acks(self, sdp: bytes | None = None, *, again: bool = False) -> None:
        """Let the caller acknowledge our answer."""
        self.tell(Acked(sdp, again))

    def never_acks(self) -> None:
        """Let our answer go unheard until it is given up."""
        if self.state == "up":
            self._hears(NoAck(), None)

    def reoffers(self, offer: bytes | None) -> None:
        """Let the caller send a re-INVITE."""
        if self.state == "up":
            self.tell(Reoffered(offer))

    def _hears(self, event: LegEvent, status: int | None) -> None:
        self.state = "over"
        if status is not None:
            self.sent.append((status,))
        self.tell(event)
        self.heard = None

    def _left(self, reason: str | None, what: int | str) -> None:
        self.state = "over"
        self.reason = reason
        self.sent.append((what,))
        self.heard = None


@dataclass(eq=False)
class PaperCallee(_Talking):
    """An INVITE that we sent. `sent` holds what went out after it."""

    target: str
    sdp: bytes
    how: dict[str, Any]
    call_id: str = "paper-out"
    alive: bool = False
    destination: Address = NEXT_DOOR
    sent: list[tuple[Any, ...]] = field(default_factory=list)
    reason: str | None = None
    heard: Callable[[LegEvent], None] | None = None
    state: State = "starting"
    takes_info: bool | None = None

    def listen(self, heard: Callable[[LegEvent], None]) -> None:
        """Have events told at once."""
        self.heard = heard

    def hangup(self, *, reason: str | None = None) -> None:
        """Send CANCEL, or BYE to a call that is answered."""
        if self.state != "over":
            self.sent.append(("BYE" if self.state == "up" else "CANCEL",))
            self.state, self.reason, self.heard = "over", reason, None

    def reanswer(self, sdp: bytes) -> None:
        """Accept a re-INVITE."""
        if self.state == "up":
            self.sent.append(("reanswer", sdp))

    def refuse_reoffer(self, status: int = 488) -> None:
        """Refuse a re-INVITE."""
        if self.state == "up":
            self.sent.append(("refuse_reoffer", status))

    def rings(self, status: int = 180, sdp: bytes | None = None) -> None:
        """Let the callee be alerted, or play something."""
        self._starting(Progressed(status, sdp))

    def answers(self, sdp: bytes | None = OFFER) -> None:
        """Let the callee answer."""
        if self.state == "starting":
            self._starting(Answered(sdp), then="up")

    def refuses(self, status: int, reason: str | None = None) -> None:
        """Let the callee refuse."""
        self._starting(Refused(status, "No", reason), then="over")

    def is_silent(self) -> None:
        """Let nobody reply, until it is given up."""
        if not self.alive:
            self._starting(TimedOut(), then="over")

    def hangs_up(self, reason: str | None = None) -> None:
        """Let the callee hang up."""
        if self.state == "up":
            self.state = "over"
            self._tell(HungUp(reason))
            self.heard = None

    def reoffers(self, sdp: bytes | None) -> None:
        """Let the callee send a re-INVITE."""
        self._up(Reoffered(sdp))

    def reanswers(self, sdp: bytes | None = OFFER) -> None:
        """Let the callee accept our re-INVITE."""
        self._up(Reanswered(sdp))

    def refuses_reoffer(self, status: int = 488) -> None:
        """Let the callee refuse our re-INVITE."""
        self._up(ReofferRefused(status))

    def acks(self, sdp: bytes) -> None:
        """Let the callee answer, in its ACK, what we had offered in a 200."""
        self._up(Acked(sdp, again=True))

    def _starting(self, event: LegEvent, then: State = "starting") -> None:
        if self.state == "starting":
            self.alive = not isinstance(event, TimedOut)
            self.state = then
            self._tell(event)

    def _up(self, event: LegEvent) -> None:
        if self.state == "up":
            self._tell(event)

    def _tell(self, event: LegEvent) -> None:
        if self.heard is not None:
            self.heard(event)


@dataclass
class PaperDialler:
    """Sends INVITEs of paper, kept in `legs`; one whose target is in `faults` cannot be sent."""

    legs: list[PaperCallee] = field(default_factory=list)
    faults: set[str] = field(default_factory=set)
    on_call: Callable[[PaperCallee], None] = lambda _: None

    def call(self, target: str, *, sdp: bytes, **how: Any) -> PaperCallee:
        """Send an INVITE."""
        if target in self.faults:
            raise ValueError("leads nowhere")
        leg = PaperCallee(target, sdp, how, call_id=f"paper-out-{len(self.legs)}")
        self.legs.append(leg)
        asyncio.get_running_loop().call_soon(self.on_call, leg)
        return leg
