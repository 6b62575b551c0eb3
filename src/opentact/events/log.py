"""The event log: what happened, in the words that went out, in an order nobody can miss.

Each account has its own row of positions without gaps. Taking the next position locks the
account's head until the transaction ends, so positions are handed out in the order of commits
on PostgreSQL too, and a reader with a cursor (spec/11 D-37) steps over nothing.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
    Select,
    Text,
    Uuid,
    bindparam,
    insert,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from opentact.kit.entities import Base
from opentact.kit.ids import new_id
from opentact.kit.units import on_commit

Frame = dict[str, Any]


class EventHead(Base):
    """The last position given out in an account's log."""

    __tablename__ = "event_head"

    account_uuid: Mapped[UUID] = mapped_column(ForeignKey("account.uuid"), primary_key=True)
    last: Mapped[int] = mapped_column(BigInteger, default=0)


class Event(Base):
    """One event with its finished frame: a replay shows what was true then (design, 2)."""

    __tablename__ = "event"
    __table_args__ = (
        Index("uq_event_account_position", "account_uuid", "position", unique=True),
        Index("ix_event_ref", "ref_id"),
    )

    uuid: Mapped[UUID] = mapped_column(primary_key=True)
    account_uuid: Mapped[UUID] = mapped_column(ForeignKey("account.uuid"))
    position: Mapped[int] = mapped_column(BigInteger)
    type: Mapped[str]
    ref_id: Mapped[UUID | None]
    created_on: Mapped[datetime]
    frame: Mapped[str] = mapped_column(Text)


# Made once and for the tables: making a statement costs more than running it.
_HEAD: Any = EventHead.__table__
_ADVANCE = (
    update(_HEAD)
    # Its type is known only once accounts are there, to which it is a foreign key.
    .where(_HEAD.c.account_uuid == bindparam("account", type_=Uuid()))
    .values(last=_HEAD.c.last + bindparam("count"))
    .returning(_HEAD.c.last)
)
_EVENT: Any = Event.__table__
_WRITE = insert(_EVENT)


@dataclass(frozen=True, slots=True)
class Logged:
    """An event that is stored, on its way to whoever listens. `frame` is its JSON text."""

    uuid: UUID
    account: UUID
    position: int
    type: str
    ref_id: UUID | None
    frame: str


@dataclass(frozen=True, slots=True)
class Draft:
    """An event about to be written: its type, what it is about, and its frame without an id."""

    type: str
    ref_id: UUID | None
    frame: Frame


@dataclass(frozen=True, slots=True)
class Ready:
    """An event that is spelt, and not stored yet."""

    uuid: UUID
    at: datetime
    type: str
    ref_id: UUID | None
    frame: str


Render = Callable[[object, UUID, datetime], Draft]
"""Spell a domain event as a frame: (what happened, event uuid, moment)."""

Publish = Callable[[list[Logged]], None]
"""Hand stored events to the bus; must not wait nor fail."""


class EventLog:
    """Writes what happened in the caller's transaction, and tells the bus once it is stored."""

    def __init__(self, render: Render, publish: Publish) -> None:
        """`render` knows the dialect (api/wire); `publish` is the bus."""
        self._render = render
        self._publish = publish
        self.written: Counter[str] = Counter()  # stored events by type, since the start

    def draft(self, happened: object, at: datetime) -> Ready:
        """Spell an event now, as it is true now; `store` writes it later."""
        uuid = new_id()
        draft = self._render(happened, uuid, at)
        return Ready(uuid, at, draft.type, draft.ref_id, orjson.dumps(draft.frame).decode())

    async def append(
        self, session: AsyncSession, account: UUID, *happened: object, now: datetime
    ) -> list[Logged]:
        """Append events to the account's log, in order."""
        return await self.store(session, account, [self.draft(what, now) for what in happened])

    async def store(
        self, session: AsyncSession, account: UUID, ready: Sequence[Ready]
    ) -> list[Logged]:
        """Append events that are spelt already."""
        if not ready:
            return []
        last = await _advance(session, account, len(ready))
        logged: list[Logged] = []
        rows: list[dict[str, object]] = []
        for position, event in enumerate(ready, start=last - len(ready) + 1):
            logged.append(
                Logged(event.uuid, account, position, event.type, event.ref_id, event.frame)
            )
            rows.append(
                {
                    "uuid": event.uuid,
                    "account_uuid": account,
                    "position": position,
                    "type": event.type,
                    "ref_id": event.ref_id,
                    "created_on": event.at,
                    "frame": event.frame,
                }
            )
        await session.execute(_WRITE, rows)
        on_commit(session, partial(self._stored, logged))
        return logged

    def _stored(self, logged: list[Logged]) -> None:
        self.written.update(event.type for event in logged)
        self._publish(logged)


async def open_log(session: AsyncSession, account: UUID) -> None:
    """Give a new account its empty log."""
    session.add(EventHead(account_uuid=account))
    await session.flush()


async def _advance(session: AsyncSession, account: UUID, count: int) -> int:
    advanced = await session.execute(_ADVANCE, {"account": account, "count": count})
    last: int = advanced.scalar_one()
    return last


@dataclass(frozen=True, slots=True)
class Place:
    """A place in an account's log: right after `position`, the event `uuid` (None: the start).

    `gap`: some events that followed the cursor are no longer kept.
    """

    position: int
    uuid: UUID | None
    gap: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """Events after a cursor. `gap`: some that followed the cursor are no longer kept."""

    gap: bool
    events: list[Logged]


async def place_after(session: AsyncSession, account: UUID, after: UUID | None) -> Place:
    """Find the place of a cursor (None: the start).

    For an unknown cursor, or one that retention has removed, that is the start too, with `gap`.
    """
    if after is None:
        return Place(0, None)
    position = await session.scalar(
        select(Event.position).where(Event.uuid == after, Event.account_uuid == account)
    )
    return Place(0, None, gap=True) if position is None else Place(position, after)


async def end_of_log(session: AsyncSession, account: UUID) -> Place:
    """Find the place after the newest event."""
    last = await session.scalar(select(EventHead.last).where(EventHead.account_uuid == account))
    uuid = await session.scalar(
        select(Event.uuid).where(Event.account_uuid == account, Event.position == last)
    )
    return Place(last or 0, uuid)


async def read_from(
    session: AsyncSession,
    account: UUID,
    position: int,
    *,
    take: int,
    types: frozenset[str] | None = None,
) -> list[Logged]:
    """Read up to `take` events that follow a position, oldest first."""
    query = _events_of(account).where(Event.position > position)
    if types is not None:
        query = query.where(Event.type.in_(types))
    rows = await session.execute(query.order_by(Event.position).limit(take))
    return [Logged(*row) for row in rows]


async def read_after(
    session: AsyncSession,
    account: UUID,
    after: UUID | None,
    *,
    take: int,
    types: frozenset[str] | None = None,
) -> Page:
    """Read up to `take` events that follow `after` (None: from the oldest kept), oldest first.

    An unknown cursor, or one that retention has removed, is answered from the oldest event kept,
    with `gap` set.
    """
    place = await place_after(session, account, after)
    events = await read_from(session, account, place.position, take=take, types=types)
    return Page(place.gap, events)


def _events_of(account: UUID) -> Select[UUID, UUID, int, str, UUID | None, str]:
    return select(
        Event.uuid, Event.account_uuid, Event.position, Event.type, Event.ref_id, Event.frame
    ).where(Event.account_uuid == account)
