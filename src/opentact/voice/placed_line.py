"""The line of somebody whom the platform calls: a search for who answers, then a line like any.

To a conversation it looks like the leg of a caller (voice/line.py), except that it is the far
end that answers. What is offered is the same to everybody who rings; the first who answers is
whom we talk to.
"""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Protocol

from . import causes
from .bridge import BridgeDesk
from .call_events import CallCard
from .dialling import CalledLeg, Stage
from .hunt import Hunt, Outcome
from .line import Line
from .media import MediaLeg
from .sdp.faults import SdpRefused
from .sdp.offer_answer import accept, make_offer
from .sip.effects import Answered, HungUp, LegEvent, Progressed

HOPS = 70  # RFC 3261 8.1.1.6


class Waiting(Protocol):
    """Who wants to know how the search goes (voice/placed_call.py)."""

    card: CallCard

    def rings(self) -> None:
        """Somebody is alerted."""

    def answers(self, leg: CalledLeg, sdp: bytes | None) -> None:
        """Somebody answered, with this description."""

    def is_refused(self, outcome: Outcome) -> None:
        """Nobody answered."""


class PlacedLeg:
    """Our side of a call that we place. `offer` is None: nobody offers us anything."""

    def __init__(self, call_id: str) -> None:
        self.call_id = call_id
        self.offer: bytes | None = None
        self.events: asyncio.Queue[LegEvent] = asyncio.Queue()
        self._waiting: Waiting | None = None
        self._hunt: Hunt | None = None
        self._called: CalledLeg | None = None
        self._early: dict[str | None, bytes] = {}

    def search(
        self, stages: Sequence[Stage], sdp: bytes, desk: BridgeDesk, waiting: Waiting
    ) -> None:
        """Ring; `waiting` is told what comes of it, from within for what fails at once."""
        self._waiting = waiting
        dial = partial(desk.dial_for, waiting.card, hops=HOPS)
        self._hunt = Hunt(stages, self, dial, desk.told)
        self._hunt.start(sdp)

    def on_progress(self, leg: CalledLeg, event: Progressed) -> None:
        del leg
        if event.sdp is not None:
            self._early[event.fork] = event.sdp
        if self._waiting is not None:
            self._waiting.rings()

    def on_answer(self, leg: CalledLeg, event: Answered) -> None:
        self._called = leg
        leg.listen(self.events.put_nowait)
        # A reliable 18x may have brought the answer that the 200 leaves out (RFC 3262 section 5).
        early = next(iter(self._early.values())) if len(self._early) == 1 else None
        if self._waiting is not None:
            self._waiting.answers(leg, event.sdp or early)

    def on_nobody(self, outcome: Outcome) -> None:
        if self._waiting is not None:
            self._waiting.is_refused(outcome)

    def ring(self, sdp: bytes | None = None, status: int = 180) -> None:
        """Nobody called us who could be told."""

    def answer(self, sdp: bytes) -> None:
        """Nobody called us who could be answered."""

    def reject(self, status: int, phrase: str | None = None, *, reason: str | None = None) -> None:
        """Give up who rings."""
        del status, phrase
        if self._hunt is not None:
            self._hunt.give_up(reason)

    def hangup(self, *, reason: str | None = None) -> None:
        """Hang up, or give up who rings."""
        if self._called is not None:
            self._called.hangup(reason=reason)
        elif self._hunt is not None:
            self._hunt.give_up(reason)

    def reanswer(self, sdp: bytes) -> None:
        """Accept a re-INVITE."""
        if self._called is not None:
            self._called.reanswer(sdp)

    def refuse_reoffer(self, status: int = 488) -> None:
        """Refuse a re-INVITE; the call goes on as it was."""
        if self._called is not None:
            self._called.refuse_reoffer(status)

    @property
    def takes_info(self) -> bool | None:
        """Whether who answered takes INFO."""
        return self._called.takes_info if self._called is not None else None

    def inform(self, content_type: str, body: bytes) -> None:
        """Send an INFO within the call."""
        if self._called is not None:
            self._called.inform(content_type, body)


class PlacedLine(Line):
    """A placed leg with its audio."""

    def __init__(self, leg: PlacedLeg, media: MediaLeg) -> None:
        super().__init__(leg, media)
        self.placed = leg

    def propose(self) -> bytes:
        """Give what is offered to whoever rings."""
        self._sdp = make_offer(
            host=self.media.host, port=self.media.port, session_id=self._session_id
        )
        return self._sdp

    def joined(self, sdp: bytes | None) -> None:
        """Take the answer of who answered. Raises `SdpRefused`: then it is to be hung up."""
        self.answered = True
        if self._sdp is None:
            raise SdpRefused("answered before anything was offered")
        self._agreed = accept(self._sdp, sdp or b"")
        self._connect()

    def pick_up(self) -> None:
        """Do nothing: it is the far end that answers."""

    def _on_leg(self, event: LegEvent) -> None:
        if isinstance(event, HungUp):
            self.end(causes.CALLEE_HUNG_UP)
        else:
            super()._on_leg(event)
