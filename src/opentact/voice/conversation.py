"""One call from its acceptance to its end: rings, answers, runs its flows, and is closed once.

The line decides when and why the call is over; this decides what happens in between. The books
are kept by the call book, the verbs are done by the actor, the flows come from flow_source.
"""

import asyncio
from datetime import datetime
from functools import partial
from typing import Any
from weakref import proxy

import structlog

from opentact.billing.rating import Rate
from opentact.kit.clock import zone_of

from . import causes
from .actor import Actor
from .apps import SipControlApp
from .call_events import CallCard
from .callflow.call_steps import DoDial
from .callflow.document import FlowDocument
from .callflow.interpreter import start
from .callflow.stage import Budget, CallFacts
from .callflow.steps import Command, Done, End, Failed, Reply, Report, Why
from .calls import CallState
from .causes import Cause
from .conversation_desk import Desk, facts_of
from .dial_plan import Origin
from .endings import ending, entry, priced, told
from .flow_dial import DialDesk, FlowDial
from .flow_source import choose_flow
from .line import Line
from .live_calls import CallIsOver
from .partner import Partner
from .recorder import CallRecorder
from .sounding import Sounding
from .waiting import Over, first

__all__ = ["Conversation", "Desk"]
MOST_NOTES = 50  # each event carries them all
log = structlog.get_logger(__name__)


class Conversation:
    """A call at work."""

    def __init__(
        self,
        card: CallCard,
        app: SipControlApp,
        static: bytes | None,
        rate: Rate,
        line: Line,
        desk: Desk,
    ) -> None:
        self.card = card
        self.line = line
        self._app, self._static = app, static
        self._rate, self._desk = rate, desk
        # By a proxy, for the two would hold each other beyond the end of the call.
        me = proxy(self)
        others = partial(getattr, me, "partner")
        self.recorder = CallRecorder(card, line, desk.book, desk.clock, desk.recordings, others)
        self._actor = Actor(line, desk.props, self.recorder, me, Sounding(line, others))
        self._dial: FlowDial | None = None
        self._budget = Budget()
        self._posted: FlowDocument | None = None
        self._sorry, self._note = False, ""
        self._timers: list[asyncio.TimerHandle] = []
        line.on_over = self.line_is_over

    @property
    def over(self) -> Cause | None:
        """Why the call is ending, if it is."""
        return self.line.over

    @property
    def partner(self) -> Partner | None:
        """Who a Dial has connected, if anybody."""
        return self._dial.partner if self._dial is not None else None

    def meet(self, partner: Partner) -> None:
        """Be connected with somebody else's call."""
        if self._dial is not None:
            self._dial.partner = partner

    def line_is_over(self) -> None:
        """Stop what runs: the line's end is decided."""
        self._stop("the call is over")

    def hang_up(self, cause: Cause = causes.API_HUNG_UP) -> None:
        """End the call."""
        self.line.end(cause)

    def replace(self, flow: FlowDocument) -> None:
        """Run this flow instead of what runs, or is waited for; `CallIsOver` if it is too late."""
        if self.line.over is not None:
            raise CallIsOver
        self._posted = flow
        self._stop("replaced by a posted call flow")

    def pick_up(self) -> None:
        """Answer the call; what must be stored before is stored already."""
        if self.line.answered or self.line.over is not None:
            return
        self.line.pick_up()
        now = self._desk.clock.now()
        self._desk.book.changed(self.card, state=CallState.LIVE, answer_on=now, alive_on=now)
        self._desk.book.entered(self.card, CallState.LIVE)
        self._forget_timers()
        self._set_limits()

    def turn_down(self, *, busy: bool) -> None:
        """End the call by refusing it."""
        self.line.end(causes.FLOW_BUSY if busy else causes.FLOW_REJECTED)

    def note(self, name: str, value: str) -> Reply:
        """Keep a note on the call, shown in its record and its events from now on."""
        notes = {**self.card.call.meta, name: value}
        if len(notes) > MOST_NOTES:
            return Failed(f"a call keeps {MOST_NOTES} notes at most")
        self._desk.book.changed(self.card, meta=notes)
        return Done(f"{name} noted")

    def can_dial(self, desk: DialDesk, hops: int = 70, passed: tuple[str, ...] = ()) -> None:
        """Let the flow call others; `hops` and `passed` are how far this call has come."""
        profile = self.card.call.outbound_profile_uuid or self._app.outbound_voice_profile_uuid
        came = Origin(self.card, profile, hops, passed)
        self._dial = dial = FlowDial(came, self.line, proxy(self), desk)
        dial.on_joined, dial.on_parted = self.recorder.joined, self.recorder.parted

    async def dial(self, ask: DoDial) -> Reply:
        """Call others, and stay with who answers until one of them hangs up."""
        if self._dial is None:
            return Failed("nobody can be called from here")
        return await self._dial.dial(ask, self._actor.stop)

    async def run(self) -> None:
        """Live through the call; returns when its end is stored."""
        try:
            await self._converse()
        except Exception:
            log.exception("call_failed", call=str(self.card.call.uuid))
            self.line.end(causes.INTERNAL)
        await self._close()

    async def _converse(self) -> None:
        book, card = self._desk.book, self.card
        book.opened(card)
        book.changed(card, state=CallState.RINGING, ring_on=self._desk.clock.now())
        book.entered(card, CallState.RINGING)
        # The row of a call is stored before anyone hears of it.
        await book.durable(card)
        if self.line.over is None:
            self.line.leg.ring()
            self._end_after(self._desk.ring_s, causes.NOT_ANSWERED)
        flow = await self._first_flow()
        if self._app.auto_answer:
            self.pick_up()
        await self._go_through(flow)

    async def _go_through(self, flow: FlowDocument | None) -> None:
        """Run this flow, and those that take its place, until the call is over."""
        while self.line.over is None:
            flow = flow or await self._parked()
            if flow is not None:
                await self._run(flow)
                flow = self._take()

    async def _first_flow(self) -> FlowDocument | None:
        try:
            chosen = await first(
                choose_flow(
                    self._app,
                    self._static,
                    self.entity,
                    fetcher=self._desk.props.fetcher,
                    tell=lambda command: self._desk.book.command(self.card, command, 0),
                ),
                self._actor.stop,
            )
        except Over:
            return self._take()
        if chosen.apology:
            self._sorry = True
            self.pick_up()
        return chosen.flow

    async def _parked(self) -> FlowDocument | None:
        """Wait for a flow to be posted; the call ends when none comes."""
        waiting = Command("Park", success=True, reason="waiting for a call flow", path="Park")
        self._desk.book.command(self.card, waiting, 0)
        await asyncio.wait({self._actor.stop}, timeout=self._desk.park_s)
        if not self._actor.stop.done():
            self.line.end(causes.PARK_TIMED_OUT)
        return self._take()

    def _take(self) -> FlowDocument | None:
        """Take the flow that was posted, if one was, and let it run."""
        flow, self._posted = self._posted, None
        self._sorry = self._sorry and flow is None
        if self.line.over is None and self._actor.stop.done():
            self._actor.stop = asyncio.get_running_loop().create_future()
        return flow

    async def _run(self, flow: FlowDocument) -> None:
        app = str(self.card.app.uuid) if self.card.app is not None else ""
        local, home = self._local_now, self._desk.home_of
        facts = CallFacts(fields=self._told, app=app, local_now=local, region_of=home)
        run, reply = start(flow, facts, self._budget), None
        while True:
            try:
                ask = run.send(reply)
            except StopIteration as stop:
                dial = self._dial if stop.value.why is Why.DOCUMENT else None
                if dial is None or not await dial.talk_on(self._actor.stop):
                    self._ended(stop.value)
                return
            if isinstance(ask, Report):
                self._desk.book.command(self.card, ask.command, ask.line)
                reply = None
                # A flow of commands that take no time lets other calls have their turn.
                await asyncio.sleep(0)
            else:
                reply = await self._actor.perform(ask)

    def _ended(self, end: End) -> None:
        if end.why is Why.INTERRUPTED:
            return
        if self._sorry:
            self.line.end(causes.FLOW_FAILED)
        elif end.why is Why.DOCUMENT:
            self.line.end(causes.FLOW_ENDED)
        elif end.why is Why.HANGUP:
            self._note = f"The call flow hung up: {end.tag}" if end.tag else ""
            self.line.end(causes.FLOW_HUNG_UP)
        else:
            self._note = f"The call flow failed: {end.reason}"
            self.line.end(causes.FLOW_ERROR)

    async def _close(self) -> None:
        """Close the call: once, whatever ended it."""
        cause = self.line.over or causes.INTERNAL
        self._forget_timers()
        try:
            if self._dial is not None:
                self._dial.drop(cause)
            self.line.hang_up()
        except Exception:
            log.exception("hangup_failed", call=str(self.card.call.uuid))
        book, card = self._desk.book, self.card
        card.call.hangup_on = now = self._desk.clock.now()
        ended = ending(cause, self._note, answered=self.line.answered)
        paid = card.ticket.seconds_paid if card.ticket is not None else None
        ended |= priced(card.call, self._rate, most=paid)
        book.changed(card, state=CallState.HANGUP, hangup_on=now, **ended)
        book.entered(card, CallState.HANGUP)
        stats = await self.line.close()
        charge = entry(card.call)
        if charge is not None:
            book.charge(card, charge)
        now = self._desk.clock.now()
        book.changed(card, state=CallState.DESTROYED, destroy_on=now, media=told(stats))
        book.entered(card, CallState.DESTROYED)
        await book.stored(card)

    def _set_limits(self) -> None:
        if self._app.max_call_length_min:
            self._end_after(self._app.max_call_length_min * 60, causes.MAX_LENGTH)
        if self.card.ticket is not None:
            self.card.ticket.answered(self.line.end)
            return
        paid = self._rate.affordable_seconds(self.card.account.balance)
        if paid is not None:
            self._end_after(paid, causes.CREDIT_USED_UP)

    def _end_after(self, seconds: float, cause: Cause) -> None:
        timer = asyncio.get_running_loop().call_later(seconds, self.line.end, cause)
        self._timers.append(timer)

    def _forget_timers(self) -> None:
        while self._timers:
            self._timers.pop().cancel()

    def _stop(self, why: str) -> None:
        if not self._actor.stop.done():
            self._actor.stop.set_result(why)

    def _local_now(self) -> datetime:
        """Tell the time where the account is (spec/11 D-16)."""
        return self._desk.clock.now().astimezone(zone_of(self.card.account.time_zone))

    def _told(self) -> dict[str, Any]:
        return facts_of(self.card.call, answered=self.line.answered)

    def entity(self) -> dict[str, Any]:
        """Give the call as JSON."""
        return self._desk.entity(self.card)
