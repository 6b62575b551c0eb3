"""A call that the platform places: rings, and runs its flow for whoever answers.

From the answer on it is a conversation like any other: it takes posted flows, is hung up, has
limits, and is closed once (voice/conversation.py).
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from opentact.billing.rating import Rate
from opentact.kit.faults import Conflict

from . import causes
from .apps import SipControlApp
from .bridge import BridgeDesk
from .call_events import CallCard
from .callflow.document import FlowDocument
from .calls import CallState
from .causes import cause_of_status
from .conversation import Conversation, Desk
from .dialling import CalledLeg, Stage
from .hunt import Outcome
from .placed_line import PlacedLine
from .sdp.faults import SdpRefused
from .tape import TapeKind


class CallTakesNoFlow(Conflict):
    """This call verifies a number: it can be hung up, but given no other instructions."""

    code = "call_takes_no_flow"


@dataclass(frozen=True, slots=True)
class Placement:
    """What is to be done: whom to ring for `ring_s` seconds, and what to run then.

    `app` holds the flow's source and the call's limits; `static` is the flow itself. A call is
    ended after `max_s` seconds, if that is given. A `sealed` one takes no other flow, and is
    connected with nobody. With a `tape` it is recorded from its answer to its end.
    """

    card: CallCard
    app: SipControlApp
    static: bytes | None
    rate: Rate
    stages: Sequence[Stage]
    ring_s: float
    max_s: int | None = None
    sealed: bool = False
    tape: TapeKind | None = None

    @property
    def uuid(self) -> UUID:
        """The call's."""
        return self.card.call.uuid


class PlacedCall(Conversation):
    """A placed call at work. Its record is stored before `run`, its end when `ended` is done."""

    def __init__(
        self, placement: Placement, line: PlacedLine, desk: Desk, dialling: BridgeDesk
    ) -> None:
        it = placement
        super().__init__(it.card, it.app, it.static, it.rate, line, desk)
        self._placement = placement
        self._placed_line = line
        self._dialling = dialling
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._is_up: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def sealed(self) -> bool:
        """Whether it takes no instructions but to hang up."""
        return self._placement.sealed

    def replace(self, flow: FlowDocument) -> None:
        """Run this flow instead, unless the call is sealed or over."""
        if self.sealed:
            raise CallTakesNoFlow
        super().replace(flow)

    def line_is_over(self) -> None:
        """Stop what runs, and wait for nobody any more."""
        super().line_is_over()
        self._go_on()

    async def run(self) -> None:
        """Live through the call; what it holds is given back when its end is stored."""
        try:
            await super().run()
        finally:
            if self.card.ticket is not None:
                self.card.ticket.close()
            if not self.ended.done():
                self.ended.set_result(None)

    # What the search finds.

    def rings(self) -> None:
        if self.card.call.state is CallState.INIT and self.line.over is None:
            now = self._desk.clock.now()
            self._desk.book.changed(self.card, state=CallState.RINGING, ring_on=now)
            self._desk.book.entered(self.card, CallState.RINGING)

    def answers(self, leg: CalledLeg, sdp: bytes | None) -> None:
        if self.line.over is not None:
            return
        self.rings()
        now, book = self._desk.clock.now(), self._desk.book
        source = f"{leg.destination[0]}:{leg.destination[1]}"
        book.changed(self.card, sip_call_id=leg.call_id[:255], source=source)
        book.changed(self.card, state=CallState.LIVE, answer_on=now, alive_on=now)
        book.entered(self.card, CallState.LIVE)
        self._forget_timers()
        try:
            self._placed_line.joined(sdp)
        except SdpRefused:
            self.line.end(causes.MEDIA_REFUSED)
            return
        self._set_limits()
        if self._placement.tape is not None:
            self.recorder.record_all(self._placement.tape)
        self._go_on()

    def is_refused(self, outcome: Outcome) -> None:
        silent = outcome.status == causes.NO_REPLY.sip
        found = cause_of_status(outcome.status, outcome.phrase)
        self.line.end(causes.NO_REPLY if silent else found)

    async def _converse(self) -> None:
        if self.line.over is not None:  # before there was anybody who could be told
            self._go_on()
        else:
            self._end_after(self._placement.ring_s, causes.NO_ANSWER)
            self._placed_line.placed.search(
                self._placement.stages, self._placed_line.propose(), self._dialling, self
            )
        await self._is_up
        # A flow that was posted while it rang takes the place of the one it was placed with.
        flow = self._take()
        if flow is None and self.line.over is None:
            flow = await self._first_flow()
        await self._go_through(flow)

    def _set_limits(self) -> None:
        super()._set_limits()
        if self._placement.max_s is not None:
            self._end_after(self._placement.max_s, causes.MAX_LENGTH)

    def _go_on(self) -> None:
        if not self._is_up.done():
            self._is_up.set_result(None)
