"""Two legs that talk: the caller's, and the one of whoever answers (back-to-back user agent).

Told of things by callbacks, without a task of its own: a bridge that passes its media by costs
little more than its messages. The first cause decided is the cause; each leg's record is closed
once, and what the call holds (credit, media, legs that ring) is given back once.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import structlog

from . import causes
from .bridge_media import BridgeMedia, Side
from .call_book import CallBook
from .call_events import CallCard
from .causes import Cause, cause_of_status
from .cdr import Cdr
from .dialling import CalledLeg, CallingLeg, DialFurther, Fork, Stage
from .endings import told
from .hunt import Hunt, Outcome, Told
from .media import MediaEvent, MediaGone, MediaStats, RtpTimeout
from .media_exchange import MediaExchange
from .sdp.faults import SdpRefused
from .sip.effects import (
    Answered,
    Cancelled,
    Expired,
    Failed,
    HungUp,
    LegEvent,
    NoAck,
    Progressed,
)

log = structlog.get_logger(__name__)
NO_ANSWER_S = 180.0
"""Timer C of RFC 3261 16.6: what rings longer is given up by any proxy on its way as well."""

_HUNG_UP = {"caller": causes.CALLER_HUNG_UP, "callee": causes.CALLEE_HUNG_UP}


class Ticket(Protocol):
    """What a call that was let through holds: channels, credit (voice/rules/tickets.py)."""

    def answered(self, end: Callable[[Cause], None]) -> None:
        """Count from now; `end` is told when the money is used up."""

    def close(self) -> None:
        """Give back what is held. Twice is once."""


@dataclass(frozen=True, slots=True)
class BridgeDesk:
    """What every bridge of the node shares. `told(fork, status)` hears of each INVITE's end."""

    book: CallBook
    dial: DialFurther
    told: Told
    spawn: Callable[[Any], None]
    no_answer_s: float = NO_ANSWER_S

    def dial_for(self, card: CallCard, fork: Fork, sdp: bytes, *, hops: int) -> CalledLeg:
        """Dial for this call, whose timeline is to show it."""
        leg = self.dial(fork, sdp, hops=hops)
        self.book.dialled(card, leg.call_id)
        return leg


class Bridge:
    """One bridged call. `over` is its cause, once that is decided."""

    def __init__(
        self,
        leg: CallingLeg,
        caller: Cdr,
        callee: Cdr,
        media: BridgeMedia,
        tickets: Sequence[Ticket],
        desk: BridgeDesk,
        hops: int,
    ) -> None:
        """`hops` is how many servers the call may still pass (Max-Forwards)."""
        self.over: Cause | None = None
        self.caller = caller
        self.callee = callee
        self.on_closed: Callable[[], None] = lambda: None
        self._leg = leg
        self._media = media
        self._exchange = MediaExchange(leg, media)
        self._tickets = tickets
        self._desk = desk
        self._hops = hops
        self._hunt: Hunt | None = None
        self._called: CalledLeg | None = None
        self._answer: bytes | None = None
        self._answered = False
        self._rung: object = None
        self._stored: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    def start(self, stages: Sequence[Stage]) -> None:
        """Write both legs down, and ring."""
        self.caller.opens()
        self.callee.opens()
        self._stored = self._desk.book.hurry(self.caller.card, self.callee.card)
        self._leg.listen(partial(self._hear, self._on_caller))
        if self.over is not None:
            return
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._desk.no_answer_s, self.end, causes.NO_ANSWER)
        dial = partial(self._desk.dial_for, self.callee.card, hops=self._hops)
        self._hunt = Hunt(stages, self, dial, self._desk.told)
        self._hear(self._hunt.start, self._media.offer())

    def end(
        self,
        cause: Cause,
        note: str | None = None,
        *,
        reason: str | None = None,
        gone: Side | None = None,
    ) -> None:
        """End the call, once; `reason` is the header that the side which is `gone` gave."""
        if self.over is not None:
            return
        self.over = cause
        self._forget_timer()
        header = reason or cause.reason_header
        for end in (
            partial(self._end_caller, cause, header, gone),
            partial(self._end_callee, header, gone),
        ):
            try:
                end()
            except Exception:
                log.exception("bridge_end_failed", call=str(self.caller.card.call.uuid))
        self.caller.hangs_up(cause, note)
        self.callee.hangs_up(cause, note)
        closing = self._media.close()
        if closing is None:
            self._close(None)
        else:
            self._desk.spawn(self._close_later(closing))

    def on_media(self, side: Side, event: MediaEvent) -> None:
        """Take what a media leg tells."""
        del side
        if isinstance(event, RtpTimeout):
            self.end(causes.NO_RTP)
        elif isinstance(event, MediaGone):
            self.end(causes.MEDIA_GONE)

    # What the hunt finds.

    def on_progress(self, leg: CalledLeg, event: Progressed) -> None:
        del leg
        self.callee.rings()
        self.caller.rings()
        sdp = None
        if event.sdp is not None:
            try:
                sdp = self._media.answered(event.sdp)
            except SdpRefused:
                log.info("early_media_refused", call=str(self.caller.card.call.uuid))
        status = 183 if sdp else 180
        if self._rung != (status, event.sdp):
            self._rung = (status, event.sdp)
            self._leg.ring(sdp, status)

    def on_answer(self, leg: CalledLeg, event: Answered) -> None:
        self._called = leg
        leg.listen(partial(self._hear, self._on_callee))
        if self.over is not None:
            return
        self.callee.answers(sip_call_id=leg.call_id, source=str(leg.destination))
        try:
            self._answer = self._media.answered(event.sdp)
        except SdpRefused as refused:
            self.end(causes.MEDIA_REFUSED, f"{causes.MEDIA_REFUSED.words}: {refused}")
            return
        if self._answer is None:
            self.end(causes.MEDIA_REFUSED, "The callee answered without a session description")
            return
        self._forget_timer()
        # The row of a call is stored before its 200 goes out.
        if self._stored is None or self._stored.done():
            self._answer_caller()
        else:
            self._stored.add_done_callback(lambda _: self._hear(self._answer_caller))

    def on_nobody(self, outcome: Outcome) -> None:
        cause = cause_of_status(outcome.status, outcome.phrase)
        if outcome.status == causes.NO_REPLY.sip:
            cause = causes.NO_REPLY
        self.end(cause, reason=outcome.reason)

    def _answer_caller(self) -> None:
        if self.over is not None:
            return
        if self.caller.card.lost is not None or self.callee.card.lost is not None:
            self.end(causes.INTERNAL)
            return
        self._answered = True
        self._leg.answer(self._answer or b"")
        self.caller.rings()
        self.caller.answers()
        self.caller.joins()
        self.callee.joins()
        self._exchange.begins(self._called)
        for ticket in self._tickets:
            ticket.answered(self.end)

    # What the legs tell.

    def _hear(self, take: Callable[..., None], *what: object) -> None:
        """Let nothing that goes wrong with one call stop the others, nor leave it ringing."""
        try:
            take(*what)
        except Exception:
            log.exception("bridge_failed", call=str(self.caller.card.call.uuid), event_=str(what))
            self.end(causes.INTERNAL)

    def _on_caller(self, event: LegEvent) -> None:
        match event:
            case Cancelled(reason):
                self.end(causes.CALLER_CANCELLED, reason=reason, gone="caller")
            case NoAck():
                self.end(causes.NO_ACK, gone="caller")
            case _:
                self._on_either("caller", event)

    def _on_callee(self, event: LegEvent) -> None:
        self._on_either("callee", event)

    def _on_either(self, side: Side, event: LegEvent) -> None:
        match event:
            case HungUp(reason):
                self.end(_HUNG_UP[side], reason=reason, gone=side)
            case Expired(why):
                self.end(causes.PEER_GONE, f"{causes.PEER_GONE.words}: {why}", gone=side)
            case Failed():
                self.end(causes.SERVER_STOPPED, gone=side)
            case _:
                self._talk_of_media(side, event)

    def _talk_of_media(self, side: Side, event: LegEvent) -> None:
        try:
            self._exchange.hear(side, event)
        except SdpRefused as refused:
            self.end(causes.NO_COMMON_CODEC, f"{causes.NO_COMMON_CODEC.words}: {refused}")

    # How it ends.

    def _end_caller(self, cause: Cause, reason: str, gone: Side | None) -> None:
        if gone == "caller":
            return
        if self._answered:
            self._leg.hangup(reason=reason)
        else:
            self._leg.reject(_passed_on(cause.sip), reason=reason)

    def _end_callee(self, reason: str, gone: Side | None) -> None:
        if self._hunt is not None:
            self._hunt.give_up(reason)
            self._hunt = None  # a ring of the two would outlive both
        if self._called is not None and gone != "callee":
            self._called.hangup(reason=reason)

    def _close_tickets(self) -> None:
        for ticket in self._tickets:
            try:
                ticket.close()
            except Exception:
                log.exception("ticket_not_closed", call=str(self.callee.card.call.uuid))

    async def _close_later(self, closing: Any) -> None:
        self._close(await closing)

    def _close(self, stats: tuple[MediaStats, MediaStats] | None) -> None:
        self.callee.closes(told(stats[1]) if stats else None)
        self.caller.closes(told(stats[0]) if stats else None)
        # After the charges: a ticket whose call pays is closed by the commit of that.
        self._close_tickets()
        self.on_closed()

    def _forget_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _passed_on(status: int) -> int:
    """Map what a caller must not be told as it came: our credentials and routes are ours."""
    return 503 if status < 400 or status in {401, 407} else status  # noqa: PLR2004 - RFC 3261 21
