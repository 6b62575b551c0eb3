"""Where calls arrive: admits or refuses each, and knows every call that lives on this node.

A refusal names its cause to the caller's carrier, and to the account whose number it was as a
call record with its event; a stranger learns nothing.
"""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Protocol
from uuid import UUID

import structlog

from opentact.accounts.accounts import Account
from opentact.kit.ids import new_id
from opentact.kit.money import ZERO
from opentact.kit.units import Storage

from . import causes
from .admission import Admitted, dialled_number
from .admissions import Admissions
from .apps import SipControlApp
from .call_events import CallCard
from .calls import Call, CallState, Direction, thread_of
from .causes import Cause
from .conversation import Conversation, Desk
from .endings import ending
from .line import Line, SignallingLeg
from .media import MediaEngine, MediaUnavailable, NoMediaPorts
from .sdp.faults import BadSdp, SdpRefused
from .sip.machine import Address

log = structlog.get_logger(__name__)
LONGEST_CALL_ID = 255
LONGEST_NAME = 64  # of a caller or a number in a call record; longer ones are cut


class ReceivedLeg(SignallingLeg, Protocol):
    """A received INVITE."""

    caller: str
    called: str
    source: Address


class LiveCalls(Protocol):
    """The calls that live now, as the API asks for them."""

    def find(self, account: UUID, call: UUID) -> Conversation | None:
        """Find a live call of the account."""

    def of_account(self, account: UUID) -> list[CallCard]:
        """List the account's live calls, oldest first."""


class NoCalls:
    """A platform on which nobody calls: for tools and tests of the API alone."""

    def find(self, account: UUID, call: UUID) -> Conversation | None:
        del account, call
        return None

    def of_account(self, account: UUID) -> list[CallCard]:
        del account
        return []


@lru_cache(maxsize=1024)
def _is_within(address: str, networks: tuple[IPv4Network | IPv6Network, ...]) -> bool:
    """Carriers call from few addresses, and to read one anew is a twentieth of a call's cost."""
    source = ip_address(address.split("%", 1)[0])
    return any(source in network for network in networks)


@dataclass(frozen=True, slots=True)
class Edge:
    """Where this node takes calls: its name, its media address, and whom it listens to."""

    node: str
    media_host: str
    carriers: tuple[IPv4Network | IPv6Network, ...]

    def knows(self, address: str) -> bool:
        """Tell whether calls are taken from this address."""
        return _is_within(address, self.carriers)


class Switchboard:
    """Takes calls. `live` holds the conversations by call uuid."""

    def __init__(self, storage: Storage, media: MediaEngine, desk: Desk, edge: Edge) -> None:
        self.live: dict[UUID, Conversation] = {}
        self._admissions = Admissions(storage, desk.clock)
        self._media = media
        self._desk = desk
        self._edge = edge
        self._tasks: set[asyncio.Task[None]] = set()
        self._open = True

    def take(self, leg: ReceivedLeg) -> None:
        """Take a call that arrives; returns at once."""
        if not self._open:
            leg.reject(503, reason=causes.SERVER_STOPPED.reason_header)
            return
        if not self._edge.knows(leg.source[0]):
            log.warning("call_from_stranger", source=leg.source[0], called=leg.called)
            leg.reject(403)
            return
        self._spawn(self._take(leg))

    def find(self, account: UUID, call: UUID) -> Conversation | None:
        """Find a live call of the account."""
        found = self.live.get(call)
        return found if found and found.card.account.uuid == account else None

    def of_account(self, account: UUID) -> list[CallCard]:
        """List the account's live calls, oldest first."""
        return [each.card for each in self.live.values() if each.card.account.uuid == account]

    async def close(self, cause: Cause = causes.SERVER_STOPPED) -> None:
        """Take no more calls, end those that live, and wait until their ends are stored."""
        self._open = False
        for conversation in [*self.live.values()]:
            conversation.hang_up(cause)
        while self._tasks:
            await asyncio.wait(self._tasks)

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("call_task_failed", exc_info=task.exception())

    async def _take(self, leg: ReceivedLeg) -> None:
        try:
            await self._admit(leg)
        except Exception:
            # Too late for a call that has its answer; one that has none must not ring on.
            leg.reject(500, reason=causes.INTERNAL.reason_header)
            raise

    async def _admit(self, leg: ReceivedLeg) -> None:
        verdict = await self._admissions.decide(leg.called)
        if isinstance(verdict, Admitted):
            await self._converse(leg, verdict)
            return
        log.info("call_refused", cause=verdict.cause.name, called=leg.called)
        if verdict.account is None:
            leg.reject(verdict.cause.sip, reason=verdict.cause.reason_header)
            return
        card = self._card(leg, verdict.account, verdict.app, verdict.lease, ZERO)
        await self._refuse(leg, card, verdict.cause, verdict.cause.words)

    async def _converse(self, leg: ReceivedLeg, admitted: Admitted) -> None:
        card = self._card(
            leg, admitted.account, admitted.app, admitted.lease, admitted.rate.per_minute
        )
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
        await self._live(
            Conversation(card, admitted.app, admitted.static, admitted.rate, line, self._desk)
        )

    async def _live(self, conversation: Conversation) -> None:
        uuid = conversation.card.call.uuid
        self.live[uuid] = conversation
        if not self._open:
            conversation.hang_up(causes.SERVER_STOPPED)
        try:
            await conversation.run()
        finally:
            del self.live[uuid]

    async def _refuse(self, leg: ReceivedLeg, card: CallCard, cause: Cause, words: str) -> None:
        leg.reject(cause.sip, reason=cause.reason_header)
        book, now = self._desk.book, self._desk.clock.now()
        book.opened(card)
        values = ending(cause, words)
        book.changed(card, state=CallState.DESTROYED, hangup_on=now, destroy_on=now, **values)
        book.entered(card, CallState.DESTROYED)
        await book.durable(card)

    def _card(
        self,
        leg: ReceivedLeg,
        account: Account,
        app: SipControlApp | None,
        lease: UUID | None,
        rate: Decimal,
    ) -> CallCard:
        now, called = self._desk.clock.now(), dialled_number(leg.called)
        caller, to = leg.caller[:LONGEST_NAME], str(called or leg.called)[:LONGEST_NAME]
        call = Call(
            uuid=new_id(),
            account_uuid=account.uuid,
            direction=Direction.IN,
            from_=caller,
            to=to,
            node=self._edge.node,
            thread=thread_of(caller, to),
            tn=called,
            lease_uuid=lease,
            app_uuid=app.uuid if app else None,
            sip_call_id=leg.call_id[:LONGEST_CALL_ID],
            source=f"{leg.source[0]}:{leg.source[1]}",
            rate=rate,
            init_on=now,
            created_on=now,
            modified_on=now,
        )
        return CallCard(call, account, app)
