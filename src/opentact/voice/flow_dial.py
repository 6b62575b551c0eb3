"""<Dial> on one call: rings the targets, connects who answers, and lets the flow go on after.

A flow that is posted to a connected call runs beside the connection, which stays until the
callee hangs up, another Dial begins or the call ends (docs/decisions/0092).
"""

import asyncio
from collections.abc import Callable, MutableMapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Protocol
from uuid import UUID

import structlog

from opentact.kit.clock import Clock
from opentact.kit.ids import new_id

from . import causes
from .bridge import BridgeDesk
from .call_events import CallCard
from .called_line import CalledLine
from .callflow.call_steps import DoDial
from .callflow.document import FlowDocument
from .callflow.steps import Done, Failed, Reply
from .calls import CallState
from .causes import Cause
from .cdr import Cdr
from .dial_plan import DialPlan, Origin, Placed, Refusal
from .dial_search import Attempt, Search
from .line import Line
from .media import MediaEngine, MediaUnavailable, NoMediaPorts
from .partner import Partner
from .patience import is_away
from .waiting import Over, first

MOST_REASON = 400  # characters: a reason is read by people
NOT_SHOWN = "cannot be shown as caller: the account neither holds nor has verified it"
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class DialDesk:
    """What all flows of a node dial with. `live` holds the calls that the API can find."""

    plan: DialPlan
    media: MediaEngine
    media_host: str
    bridging: BridgeDesk
    clock: Clock
    live: MutableMapping[UUID, Any]


class Dialling(Protocol):
    """The call whose flow dials (voice/conversation.py)."""

    def pick_up(self) -> None:
        """Answer the call; on an answered one it does nothing."""

    def replace(self, flow: FlowDocument) -> None:
        """Run this flow instead of what runs."""


@dataclass(frozen=True, slots=True, eq=False)
class DialledLeg:
    """A called leg as the API sees it: a call of its own."""

    attempt: Attempt
    owner: Dialling

    @property
    def card(self) -> CallCard:
        """Its record."""
        return self.attempt.placed.card

    @property
    def over(self) -> Cause | None:
        """Why it is ending, if it is."""
        return self.attempt.cause

    def hang_up(self, cause: Cause = causes.API_HUNG_UP) -> None:
        """End this leg; the caller's flow goes on."""
        self.attempt.end(cause)

    def replace(self, flow: FlowDocument) -> None:
        """Run the flow on the call that dialled: it is the one that has flows."""
        self.owner.replace(flow)


class FlowDial:
    """Dials for one call. `partner` is who it is connected with, if anybody."""

    def __init__(self, origin: Origin, line: Line, owner: Dialling, desk: DialDesk) -> None:
        self.partner: Partner | None = None
        self.on_joined: Callable[[Partner, DoDial], None] = lambda _partner, _ask: None
        self.on_parted: Callable[[DoDial], None] = lambda _ask: None
        self._origin = origin
        self._line = line
        self._owner = owner
        self._desk = desk
        self._ringing_back = False
        self._ask: DoDial | None = None

    async def dial(self, ask: DoDial, stop: "asyncio.Future[str]") -> Reply:
        """Ring, connect, and stay until the callee hangs up. Raises `Over`."""
        self.drop(causes.DIAL_STOPPED)
        self._ringing_back = False
        plan, caller = self._desk.plan, ask.caller_id
        try:
            if caller is not None and not await plan.may_show(self._origin, caller):
                return Failed(f"{caller} {NOT_SHOWN}")
            placed = await self._place(ask)
        except Exception as error:
            if not is_away(error):
                raise
            log.warning("nobody_dialled", call=str(self._origin.card.call.uuid), error=repr(error))
            return Failed("nobody can be called now: the database did not answer")
        search = await self._search(placed)
        won = await self._ring(search, ask.timeout_ms / 1000, stop)
        if won is None or search.line is None:
            return Failed(search.why_nobody()[:MOST_REASON])
        self._join(Partner(won, search.line, self._line, self._desk.bridging), ask)
        return await self.stay(stop)

    async def stay(self, stop: "asyncio.Future[str]") -> Reply:
        """Wait until the partner has left. Raises `Over` if the flow is to stop before."""
        partner = self.partner
        if partner is None:
            return Done("Nobody is connected")
        try:
            await first(partner.gone, stop)
        except Over:
            # What was pressed up to now was for the other side, not for the flow that comes.
            self._line.keys.clear()
            partner.line.keys.clear()
            raise
        cause = partner.line.over or causes.CALLEE_HUNG_UP
        self.drop(cause)
        return Done(f"Call was connected: {cause.words}")

    async def talk_on(self, stop: "asyncio.Future[str]") -> bool:
        """After a flow that ran beside a connection, let the two go on, until one hangs up.

        False if there were not two. The caller's call ends with its partner's.
        """
        partner = self.partner
        if partner is None:
            return False
        with suppress(Over):
            await self.stay(stop)
            self._line.end(partner.line.over or causes.CALLEE_HUNG_UP)
        return True

    def drop(self, cause: Cause) -> None:
        """Let the partner go, if there is one."""
        partner, self.partner = self.partner, None
        if partner is None:
            return
        if self._ask is not None:
            self.on_parted(self._ask)
        partner.leave(cause)
        # What was pressed meanwhile was for the partner.
        self._line.keys.clear()
        if self._line.over is None:
            self._desk.bridging.book.changed(self._origin.card, state=CallState.LIVE)

    async def _place(self, ask: DoDial) -> list[Placed]:
        """Read the targets. Raises what the database said; then nothing is held for any."""
        placed: list[Placed] = []
        try:
            for target in dict.fromkeys(ask.targets):
                found = await self._desk.plan.place(self._origin, target, ask.caller_id)
                placed.append(found)
        except BaseException:
            for each in placed:
                if each.allowed is not None:
                    each.allowed.ticket.close()
            raise
        return placed

    async def _search(self, placed: list[Placed]) -> Search:
        """Write the calls down, with a line for whoever answers unless all are refused."""
        line = None
        if any(each.refusal is None for each in placed):
            try:
                media = await self._desk.media.open(new_id(), self._desk.media_host)
                line = CalledLine(media)
            except (NoMediaPorts, MediaUnavailable) as fault:
                refusal = Refusal(causes.NO_MEDIA, str(fault))
                placed = [replace(each, refusal=each.refusal or refusal) for each in placed]
        search = Search(line, self._desk.bridging, self._origin.hops - 1, self._closed)
        book, clock = self._desk.bridging.book, self._desk.clock
        for each in placed:
            attempt = search.add(each, Cdr(each.card, each.rate, book, clock))
            if attempt.cause is None:
                self._desk.live[each.card.call.uuid] = DialledLeg(attempt, self._owner)
        return search

    async def _ring(
        self, search: Search, seconds: float, stop: "asyncio.Future[str]"
    ) -> Attempt | None:
        """Ring all, until one answers, nobody will, or there is no more time."""
        cause, won = causes.INTERNAL, None
        search.on_rings = self._rings
        try:
            search.start()
            won = await first(search.found, stop, seconds)
        except TimeoutError:
            cause = causes.NO_ANSWER
        except Over:
            cause = self._line.over or causes.DIAL_STOPPED
            raise
        finally:
            if won is None:
                self._line.media.stop()
                self._line.unbridge()
                search.give_up(cause)
                if search.line is not None:
                    self._desk.bridging.spawn(_close(search.line))
        return won

    def _rings(self, line: CalledLine, early: bool) -> None:  # noqa: FBT001 - as Search tells it
        """Let the caller hear that it rings, or what the callee plays."""
        if early and self._line.play_early():
            self._line.media.stop()
            self._line.bridge(line)
        elif not self._ringing_back:
            self._ringing_back = True
            self._line.ring_back()

    def _join(self, partner: Partner, ask: DoDial) -> None:
        self.partner, self._ask = partner, ask
        self._owner.pick_up()
        partner.join()
        card = self._origin.card
        peer = partner.attempt.placed.card.call.uuid
        self._desk.bridging.book.changed(card, state=CallState.BRIDGED, peer_uuid=peer)
        self._desk.bridging.book.entered(card, CallState.BRIDGED)
        self.on_joined(partner, ask)

    def _closed(self, attempt: Attempt) -> None:
        self._desk.live.pop(attempt.placed.card.call.uuid, None)


async def _close(line: CalledLine) -> None:
    await line.close()
