"""One SIP call as the call layer sees it: verbs to call, events to await.

Verbs return at once and do nothing when they come too late; what really happened arrives in
`events`. After the end of a leg (see `ENDS`), or after our own `hangup` or `reject`, nothing
follows.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from opentact.voice.sip.call import Call
from opentact.voice.sip.effects import ENDS, InfoReceived, LegEvent, Progressed
from opentact.voice.sip.headers import NameAddr
from opentact.voice.sip.identities import asserted, preferred, privacy
from opentact.voice.sip.incoming import IncomingCall
from opentact.voice.sip.machine import Address
from opentact.voice.sip.message import Request, header_lines
from opentact.voice.sip.outgoing import OutgoingCall
from opentact.voice.sip.outside import ReceivedRequest

ExtraHeaders = Mapping[str, str] | Iterable[tuple[str, str]]

# A peer may send INFO and 18x as fast as it likes; a slow reader must not pay for it in memory.
MAX_WAITING = 100


class Driver(Protocol):
    """What a leg needs of its endpoint."""

    def now(self) -> float:
        """Tell the time of the machines, in seconds."""

    def flush(self) -> None:
        """Carry out what a verb has left to be done."""

    def count_dropped(self, reason: str) -> None:
        """Count something that was not acted upon."""


class Leg:
    """What incoming and outgoing legs have in common."""

    def __init__(self, call: Call, driver: Driver) -> None:
        self.call_id = call.call_id
        self.transport = call.peer.transport
        self.events: asyncio.Queue[LegEvent] = asyncio.Queue()
        self._call = call
        self._driver = driver
        self._heard: Callable[[LegEvent], None] | None = None
        call.listener = self._hear

    def hangup(self, *, reason: str | None = None) -> None:
        """End the call whatever its state; `reason` is the text of a Reason header."""
        extra = _reason(reason)
        self._do(lambda now: self._call.hangup(now, extra))
        self._part()

    def reanswer(self, sdp: bytes) -> None:
        """Accept the re-INVITE told as `Reoffered`."""
        self._do(lambda now: self._call.reanswer(sdp, now))

    def refuse_reoffer(self, status: int = 488) -> None:
        """Refuse the re-INVITE told as `Reoffered`; the call goes on as it was."""
        self._do(lambda now: self._call.refuse_reoffer(status, now))

    def reoffer(self, sdp: bytes | None) -> None:
        """Propose new media with a re-INVITE; `Reanswered` or `ReofferRefused` tells the end.

        It waits for what is under way. None asks the peer for an offer: what `Reanswered`
        brings is then to be answered with `acknowledge`.
        """
        self._do(lambda now: self._call.reoffer(sdp, now))

    def update(self, sdp: bytes | None = None) -> None:
        """Do the same with UPDATE (RFC 3311), which works before the answer too.

        Without `sdp` it only refreshes the session.
        """
        self._do(lambda now: self._call.update(sdp, now))

    @property
    def takes_info(self) -> bool | None:
        """Whether the peer takes INFO; None if it never said (RFC 3261 20.5)."""
        return self._call.takes_info

    def inform(self, content_type: str, body: bytes) -> None:
        """Send an INFO; what the peer answers changes nothing."""
        self._do(lambda now: self._call.inform(content_type, body, now))

    def acknowledge(self, sdp: bytes) -> None:
        """Answer, in the ACK, the offer that came with the answer to our INVITE without one."""
        self._do(lambda now: self._call.acknowledge(sdp, now))

    def listen(self, heard: Callable[[LegEvent], None]) -> None:
        """Have events told at once instead of in `events`, those that wait there first."""
        self._heard = heard
        while self._heard is heard and not self.events.empty():
            heard(self.events.get_nowait())

    def _hear(self, event: LegEvent) -> None:
        if self._heard is not None:
            self._heard(event)
        elif isinstance(event, InfoReceived | Progressed) and self.events.qsize() >= MAX_WAITING:
            self._driver.count_dropped("event nobody took")
        else:
            self.events.put_nowait(event)
        if isinstance(event, ENDS):
            self._part()

    def _part(self) -> None:
        """Let go of the call, which tells no more: a ring of the two would outlive both."""
        self._call.listener = None
        self._heard = None

    def _do(self, verb: Callable[[float], None]) -> None:
        verb(self._driver.now())
        self._driver.flush()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._call!r} waiting={self.events.qsize()}>"


class IncomingLeg(Leg):
    """A received INVITE with its dialog; 100 Trying is sent once it has been announced."""

    def __init__(self, call: IncomingCall, driver: Driver) -> None:
        super().__init__(call, driver)
        self._incoming = call
        self.request: Request = call.request
        self.request_uri: str = call.request.uri
        self.caller = call.caller
        self.caller_name = call.caller_name
        self.called = call.called
        self.source: Address = call.source
        self.offer = call.offer
        self.hops_left = call.hops_left

    @property
    def asserted(self) -> tuple[NameAddr, ...]:
        """P-Asserted-Identity: a claim, to be believed only of a peer that is trusted."""
        return asserted(self.request)

    @property
    def preferred(self) -> tuple[NameAddr, ...]:
        """P-Preferred-Identity: who the caller would like to be."""
        return preferred(self.request)

    @property
    def privacy(self) -> frozenset[str]:
        """What the caller wants kept private: "id", "user", "none" ... (RFC 3323)."""
        return privacy(self.request)

    def trying(self) -> None:
        """Say that the INVITE has arrived, if nothing else was said yet."""
        self._do(self._incoming.trying)

    def ring(
        self, sdp: bytes | None = None, status: int = 180, *, headers: ExtraHeaders = ()
    ) -> None:
        """Answer 180 Ringing, or 183 with early media."""
        extra = header_lines(headers)
        self._do(lambda now: self._incoming.ring(now, sdp, status, extra))

    def answer(self, sdp: bytes, *, headers: ExtraHeaders = ()) -> None:
        """Answer 200, repeated until its ACK; `sdp` is our offer if the INVITE had none."""
        extra = header_lines(headers)
        self._do(lambda now: self._incoming.answer(sdp, now, extra))

    def reject(
        self,
        status: int,
        phrase: str | None = None,
        *,
        reason: str | None = None,
        headers: ExtraHeaders = (),
    ) -> None:
        """Refuse with a final status. Raises ValueError for a header that breaks its line.

        401 or 407 given at once, before 100 Trying, leaves nothing to remember: so a flood of
        strangers is challenged for free.
        """
        extra = [*_reason(reason), *header_lines(headers)]
        self._do(lambda now: self._incoming.reject(status, now, phrase, extra))


class OutgoingLeg(Leg):
    """An INVITE that we sent. It acknowledges its answer by itself."""

    def __init__(self, call: OutgoingCall, driver: Driver) -> None:
        super().__init__(call, driver)
        self.destination: Address = call.peer
        self._outgoing = call

    @property
    def alive(self) -> bool:
        """Whether the far end has said anything yet, be it 100 Trying."""
        return self._outgoing.alive

    def cancel(self, *, reason: str | None = None) -> None:
        """Give up; an answer that crosses the CANCEL is acknowledged and hung up."""
        self.hangup(reason=reason)


def _reason(reason: str | None) -> list[tuple[str, str]]:
    if reason is None:
        return []
    if "\r" in reason or "\n" in reason:
        raise ValueError("a Reason header may not hold a line break")
    return [("reason", reason)]


class IncomingRequest:
    """A request outside of any dialog, to be answered once: REGISTER."""

    def __init__(self, asked: ReceivedRequest, driver: Driver) -> None:
        self.request: Request = asked.request
        self.source: Address = asked.source
        self._asked = asked
        self._driver = driver

    def respond(
        self,
        status: int,
        phrase: str | None = None,
        headers: ExtraHeaders = (),
        body: bytes = b"",
    ) -> None:
        """Answer for good. Raises ValueError for a header that breaks its line."""
        self._asked.respond(status, self._driver.now(), phrase, header_lines(headers), body)
        self._driver.flush()
