"""Where calls arrive: admits or refuses each, and knows every call that lives on this node.

A refusal names its cause to the caller's carrier, and to the account whose number it was as a
call record with its event; a stranger learns nothing.
"""

import asyncio
from collections.abc import Coroutine
from functools import partial
from typing import Any
from uuid import UUID

import structlog

from opentact.kit.units import Storage

from . import causes
from .admission import Admitted
from .admissions import Admissions
from .arrivals import Arrivals
from .bridge import Bridge, BridgeDesk
from .bridged_legs import legs_of
from .call_events import CallCard
from .callers import Caller, Callers, ReceivedCall, Refusal
from .calls import CallState
from .cards import Cards
from .causes import Cause
from .connecting import Exchange
from .conversation import Conversation, Desk
from .dial_plan import DialPlan
from .dialling import CalledLeg, Fork
from .directory import Directory
from .dispatch import Dispatch
from .edge import Edge
from .endings import ending
from .flow_dial import DialDesk
from .forks import PASSED
from .house import HOUSE, house_call
from .joining import join_calls
from .line import Line
from .live_calls import LiveCall
from .media import MediaEngine, MediaUnavailable, NoMediaPorts
from .neighbours import Neighbours
from .patience import is_away
from .rules.refusals import RuleRefused
from .rules.tickets import Ticket
from .sdp.faults import BadSdp, SdpRefused
from .tape import Archive, tape_for
from .trunk_ways import TrunkCaller, TrunkKind

log = structlog.get_logger(__name__)
AGAIN_S = "5"  # when a caller who was put off may try again
INSIDE = TrunkCaller(TrunkKind.CARRIER, "house")  # whose calls were let through where they began


class Switchboard:
    """Takes calls. `live` holds what lives by call uuid."""

    def __init__(
        self,
        storage: Storage,
        media: MediaEngine,
        desk: Desk,
        edge: Edge,
        neighbours: Neighbours | None = None,
    ) -> None:
        self.live: dict[UUID, LiveCall] = {}
        self.near = near = neighbours or Neighbours()
        self.directory = Directory(storage)
        self.cards = Cards(desk.clock, edge.node)
        self._media = media
        self.desk = self._desk = desk
        self._edge = edge
        self._tasks: set[asyncio.Task[None]] = set()
        self._arrivals = Arrivals(self._begin, partial(self._put_off, cause=causes.OVERLOADED))
        self._open = True
        self._callers = Callers(
            near.sources or edge, near.logins, self.directory, near.trunk_logins
        )
        bridging = BridgeDesk(desk.book, self._dial, self._told, self._spawn, desk.ring_s)
        self.exchange = Exchange(
            directory=self.directory,
            cards=self.cards,
            phones=near.phones,
            outlets=near.outlets,
            rules=near.rules,
            media=media,
            media_host=edge.media_host,
            own_hosts=edge.names | {edge.media_host},
            desk=bridging,
            archive=Archive(desk.book, desk.clock, desk.recordings),
            refuse=self._refuse,
            live=self._bridged,
        )
        plan = DialPlan(self.exchange)
        self.dials = DialDesk(plan, media, edge.media_host, bridging, desk.clock, self.live)
        admissions = Admissions(storage, desk.clock)
        self._dispatch = Dispatch(admissions, self.exchange, self._converse)

    def take(self, leg: ReceivedCall) -> None:
        """Take a call that arrives; returns at once."""
        if not self._open:
            leg.reject(503, reason=causes.SERVER_STOPPED.reason_header)
        elif leg.source is HOUSE:
            self._begin(leg)  # of a call that has begun
        else:
            self._arrivals.take(leg)

    @property
    def waiting(self) -> int:
        """How many calls wait in line to begin."""
        return self._arrivals.waiting

    def find(self, account: UUID, call: UUID) -> LiveCall | None:
        """Find a live call of the account."""
        found = self.live.get(call)
        return found if found and found.card.account.uuid == account else None

    def of_account(self, account: UUID) -> list[CallCard]:
        """List the account's live calls, oldest first."""
        return [each.card for each in self.live.values() if each.card.account.uuid == account]

    def join(self, one: LiveCall, two: LiveCall) -> None:
        """Connect two live calls; `CannotJoin` says why that cannot be."""
        for call in join_calls(one, two, self._desk.book):
            self._spawn(self._record(call))

    async def close(self, cause: Cause = causes.SERVER_STOPPED) -> None:
        """Take no more calls, end those that live, and wait until their ends are stored."""
        self._open = False
        for leg in self._arrivals.leave():
            leg.reject(503, reason=causes.SERVER_STOPPED.reason_header)
        for live in [*self.live.values()]:
            live.hang_up(cause)
        while self._tasks:
            await asyncio.wait(self._tasks)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("call_task_failed", exc_info=task.exception())

    def _begin(self, leg: ReceivedCall) -> None:
        self._spawn(self._take(leg))

    async def _take(self, leg: ReceivedCall) -> None:
        try:
            caller: Caller | Refusal = INSIDE
            if leg.source is not HOUSE:
                caller = await self._callers.who(leg)
            if isinstance(caller, Refusal):
                leg.reject(caller.status, headers=caller.headers)
            else:
                await self._dispatch.place(leg, caller)
        except Exception as error:
            # Too late for a call that has its answer; one that has none must not ring on.
            if not is_away(error):
                leg.reject(500, reason=causes.INTERNAL.reason_header)
                raise
            self._put_off(leg, causes.DATABASE_AWAY, error=repr(error))

    def _put_off(self, leg: ReceivedCall, cause: Cause, **more: object) -> None:
        """Refuse a call that may come again in a moment, and about which nothing is written."""
        again = [("retry-after", AGAIN_S)]
        leg.reject(cause.sip, reason=cause.reason_header, headers=again)
        log.warning("call_refused", cause=cause.name, called=leg.called, **more)

    async def _converse(self, leg: ReceivedCall, admitted: Admitted, ticket: Ticket | None) -> None:
        """Have a call answered by an app's flow."""
        card = self.cards.received(
            leg,
            admitted.account,
            app=admitted.app,
            lease=admitted.lease,
            rate=admitted.rate.per_minute,
        )
        card.ticket = ticket
        try:
            media = await self._media.open(card.call.uuid, self._edge.media_host)
        except (NoMediaPorts, MediaUnavailable) as fault:
            await self._refuse(leg, card, causes.NO_MEDIA, str(fault))
            return
        line = Line(leg, media)
        try:
            line.negotiate()
        except SdpRefused as refused:
            await line.close()
            cause = causes.BAD_SDP if isinstance(refused, BadSdp) else causes.NO_COMMON_CODEC
            await self._refuse(leg, card, cause, f"{cause.words}: {refused}")
            return
        except Exception:
            await line.close()
            raise
        talk = Conversation(card, admitted.app, admitted.static, admitted.rate, line, self._desk)
        talk.can_dial(self.dials, leg.hops_left, tuple(leg.request.headers.get(PASSED, [])))
        await self._live(talk)

    def converse(self, conversation: Conversation) -> None:
        """Let a call that is placed here live, and know it for as long as it does."""
        conversation.can_dial(self.dials)
        self._spawn(self._live(conversation))

    async def _live(self, conversation: Conversation) -> None:
        uuid = conversation.card.call.uuid
        self.live[uuid] = conversation
        if not self._open:
            conversation.hang_up(causes.SERVER_STOPPED)
        try:
            await conversation.run()
        finally:
            del self.live[uuid]

    async def _record(self, call: Conversation) -> None:
        """Record a call that is connected, if the profile that it goes by wants that."""
        it, app = call.card.call, call.card.app
        uuid = it.outbound_profile_uuid or (app.outbound_voice_profile_uuid if app else None)
        profile = await self.directory.profile(uuid) if uuid is not None else None
        kind = tape_for(profile, it.from_, it.to)
        if kind is not None and call.over is None:
            call.recorder.record_all(kind)

    def _bridged(self, bridge: Bridge) -> None:
        """Know both legs of a bridged call for as long as it lives."""
        legs = {leg.card.call.uuid: leg for leg in legs_of(bridge)}
        self.live |= legs
        # By their names: legs know their bridge, and a ring of the two would outlive both.
        bridge.on_closed = partial(self._gone, tuple(legs))
        if not self._open:
            bridge.end(causes.SERVER_STOPPED)

    def _gone(self, calls: tuple[UUID, ...]) -> None:
        for call in calls:
            self.live.pop(call, None)

    def _dial(self, fork: Fork, sdp: bytes, *, hops: int) -> CalledLeg:
        if fork.destination is HOUSE:
            ours, theirs = house_call(fork.target, fork.to, fork.caller, sdp, hops, fork.headers)
            self.take(theirs)
            return ours
        if self.near.dialler is None:
            raise ValueError("this node does not send INVITEs")
        return self.near.dialler.call(
            fork.target,
            to=fork.to,
            caller=fork.caller,
            sdp=sdp,
            destination=fork.destination,
            headers=fork.headers,
            hops=hops,
            credentials=fork.credentials,
            identity=fork.identity,
        )

    def _told(self, fork: Fork, status: int | None) -> None:
        if fork.way is not None:
            self.near.outlets.told(fork.way, status)

    async def _refuse(
        self,
        leg: ReceivedCall,
        card: CallCard,
        cause: Cause,
        words: str,
        refusal: RuleRefused | None = None,
    ) -> None:
        log.info("call_refused", cause=cause.name, called=leg.called)
        header = refusal.reason_header if refusal else cause.reason_header
        leg.reject(cause.sip, reason=header)
        book, now = self._desk.book, self._desk.clock.now()
        card.call.refusal = refusal.as_dict() if refusal else None
        book.opened(card)
        values = ending(cause, words)
        book.changed(card, state=CallState.DESTROYED, hangup_on=now, destroy_on=now, **values)
        book.entered(card, CallState.DESTROYED)
        await book.stored(card)
