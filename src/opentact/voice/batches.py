"""Batches: many numbers that are called with one flow, and what came of each (spec/07, D-11).

A number is marked as being called before it is, with the uuid of its call: after a crash it is
never called again, and what came of it is read from the call's record.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, Text, bindparam, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from opentact.accounts.accounts import Account, get_account
from opentact.accounts.ownership import Owned
from opentact.events.log import EventLog
from opentact.kit.entities import Base
from opentact.kit.ids import new_id

from .calls import Call
from .causes import SERVER_CRASHED


class BatchState(StrEnum):
    """How far a batch is."""

    CREATED = "created"
    PROCESSING = "processing"
    SUCCESS = "success"
    CANCELLED = "cancelled"


class NumberState(StrEnum):
    """How far one number of a batch is; `success` means that somebody answered."""

    WAITING = "waiting"
    CALLING = "calling"
    SUCCESS = "success"
    FAILED = "failed"
    CANCELLED = "cancelled"


OPEN = (BatchState.CREATED, BatchState.PROCESSING)


class Batch(Owned, Base):
    """One batch. `success`, `failed` and `cancelled` count its numbers; `node` calls them.

    The number shown is that of `lease_uuid`, or else `caller`, one that was verified.
    """

    __tablename__ = "call_batch"
    called: ClassVar[str] = "Batch"
    __table_args__ = (Index("ix_call_batch_node", "node", "finished_on"),)

    profile_uuid: Mapped[UUID]
    node: Mapped[str]
    lease_uuid: Mapped[UUID | None] = mapped_column(default=None)
    caller: Mapped[int | None] = mapped_column(BigInteger, default=None)
    xml: Mapped[str | None] = mapped_column(Text, default=None)
    call_flow_url: Mapped[str | None] = mapped_column(default=None)
    app_uuid: Mapped[UUID | None] = mapped_column(default=None)
    ring_s: Mapped[int] = mapped_column(default=60)
    max_s: Mapped[int | None] = mapped_column(default=None)
    type: Mapped[str] = mapped_column(default="call_xml")
    state: Mapped[BatchState] = mapped_column(default=BatchState.CREATED)
    total: Mapped[int] = mapped_column(default=0)
    success: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)
    cancelled: Mapped[int] = mapped_column(default=0)
    finished_on: Mapped[datetime | None] = mapped_column(default=None)

    @property
    def processing(self) -> int:
        """How many numbers have no result yet."""
        return self.total - self.success - self.failed - self.cancelled


class BatchNumber(Base):
    """One number of a batch, at its place from 0."""

    __tablename__ = "call_batch_number"
    __table_args__ = (Index("ix_call_batch_number_state", "batch_uuid", "state", "place"),)

    batch_uuid: Mapped[UUID] = mapped_column(ForeignKey("call_batch.uuid"), primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True)
    account_uuid: Mapped[UUID]
    phone: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[NumberState] = mapped_column(default=NumberState.WAITING)
    call_uuid: Mapped[UUID | None] = mapped_column(default=None)
    cause: Mapped[str | None] = mapped_column(default=None)
    reason: Mapped[str | None] = mapped_column(default=None)
    ended_on: Mapped[datetime | None] = mapped_column(default=None)


@dataclass(frozen=True, slots=True)
class BatchChanged:
    """A batch went on. The frame shows its counts."""

    account: Account
    batch: Batch


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one number."""

    place: int
    state: NumberState
    cause: str | None
    reason: str | None
    ended_on: datetime


_NUMBER: Any = BatchNumber.__table__
_TAKE = (
    update(_NUMBER)
    .where(_NUMBER.c.batch_uuid == bindparam("b"), _NUMBER.c.place == bindparam("p"))
    .values(state=NumberState.CALLING, call_uuid=bindparam("call"))
)
_RESULT = (
    update(_NUMBER)
    .where(_NUMBER.c.batch_uuid == bindparam("b"), _NUMBER.c.place == bindparam("p"))
    .values(
        state=bindparam("to"),
        cause=bindparam("why"),
        reason=bindparam("words"),
        ended_on=bindparam("at"),
    )
)


async def add_batch(session: AsyncSession, batch: Batch, phones: Sequence[int]) -> None:
    """Write a batch down with its numbers, in their order; the same number counts once."""
    wanted = list(dict.fromkeys(phones))
    batch.total = len(wanted)
    session.add(batch)
    await session.flush()
    rows = [
        {
            "batch_uuid": batch.uuid,
            "place": place,
            "account_uuid": batch.account_uuid,
            "phone": phone,
            "state": NumberState.WAITING,
        }
        for place, phone in enumerate(wanted)
    ]
    await session.execute(insert(_NUMBER), rows)


async def waiting(session: AsyncSession, batch: UUID, most: int) -> list[tuple[int, int]]:
    """Read the next places and numbers to be called."""
    found = await session.execute(
        select(BatchNumber.place, BatchNumber.phone)
        .where(BatchNumber.batch_uuid == batch, BatchNumber.state == NumberState.WAITING)
        .order_by(BatchNumber.place)
        .limit(most)
    )
    return [(row[0], row[1]) for row in found]


async def mark_called(
    session: AsyncSession, batch: UUID, calls: Sequence[tuple[int, UUID]]
) -> None:
    """Note which numbers are called from now on, by which calls."""
    rows = [{"b": batch, "p": place, "call": call} for place, call in calls]
    await session.execute(_TAKE, rows)


async def take_next(
    session: AsyncSession, batch: UUID, most: int, *, tried: Sequence[tuple[int, int, UUID]] = ()
) -> list[tuple[int, int, UUID]]:
    """Mark the next numbers as called; gives their places, numbers, and the uuids of their calls.

    `tried` is what an attempt before was to mark: its connection may have broken between the
    commit and the answer.
    """
    if tried:
        first = await session.get(BatchNumber, (batch, tried[0][0]))
        if first is not None and first.call_uuid == tried[0][2]:
            return [*tried]
    found = [(place, phone, new_id()) for place, phone in await waiting(session, batch, most)]
    if found:
        await mark_called(session, batch, [(place, call) for place, _, call in found])
    return found


async def write_results(session: AsyncSession, batch: Batch, results: Sequence[Result]) -> None:
    """Write what came of numbers, and count it; what is written already is not counted twice."""
    is_open = select(BatchNumber.place).where(
        BatchNumber.batch_uuid == batch.uuid,
        BatchNumber.place.in_([each.place for each in results]),
        BatchNumber.state.in_((NumberState.WAITING, NumberState.CALLING)),
    )
    places = set(await session.scalars(is_open))
    results = [each for each in results if each.place in places]
    if not results:
        return
    await session.execute(
        _RESULT,
        [
            {
                "b": batch.uuid,
                "p": each.place,
                "to": each.state,
                "why": each.cause,
                "words": each.reason,
                "at": each.ended_on,
            }
            for each in results
        ],
    )
    states = [each.state for each in results]
    batch.success += states.count(NumberState.SUCCESS)
    batch.failed += states.count(NumberState.FAILED)
    batch.cancelled += states.count(NumberState.CANCELLED)


async def cancel_waiting(session: AsyncSession, batch: Batch, now: datetime) -> int:
    """Call nobody any more who is not called yet; returns how many that are."""
    gone = await session.execute(
        update(BatchNumber)
        .where(BatchNumber.batch_uuid == batch.uuid, BatchNumber.state == NumberState.WAITING)
        .values(state=NumberState.CANCELLED, ended_on=now)
        .returning(BatchNumber.place)
        .execution_options(synchronize_session=False)
    )
    count = len(gone.all())
    batch.cancelled += count
    return count


async def open_batches(session: AsyncSession, node: str) -> list[tuple[UUID, UUID]]:
    """List the batches that this node has not finished, each with its account."""
    query = select(Batch.uuid, Batch.account_uuid).where(
        Batch.node == node, Batch.finished_on.is_(None)
    )
    return [(row[0], row[1]) for row in await session.execute(query.order_by(Batch.created_on))]


async def lost_results(session: AsyncSession, batch: UUID, now: datetime) -> list[Result]:
    """Tell what came of the numbers that were being called when their node stopped."""
    found = await session.execute(
        select(BatchNumber.place, Call.uuid, Call.answer_on, Call.cause, Call.reason)
        .outerjoin(Call, Call.uuid == BatchNumber.call_uuid)
        .where(BatchNumber.batch_uuid == batch, BatchNumber.state == NumberState.CALLING)
    )
    return [
        Result(place, NumberState.FAILED, SERVER_CRASHED.name, NEVER_RANG, now)
        if call is None
        else Result(
            place,
            NumberState.SUCCESS if answered else NumberState.FAILED,
            cause,
            reason,
            now,
        )
        for place, call, answered, cause, reason in found
    ]


NEVER_RANG = "The server stopped before this number was called; it is not called again"


async def phones_of(session: AsyncSession, batch: UUID) -> list[int]:
    """List the numbers of a batch, in their order."""
    query = select(BatchNumber.phone).where(BatchNumber.batch_uuid == batch)
    return list(await session.scalars(query.order_by(BatchNumber.place)))


async def results_of(
    session: AsyncSession, batch: UUID, state: NumberState | None, *, take: int, skip: int
) -> tuple[int, list[BatchNumber]]:
    """Give a page of a batch's numbers, and how many there are."""
    where = [BatchNumber.batch_uuid == batch]
    if state is not None:
        where.append(BatchNumber.state == state)
    total = await session.scalar(select(func.count()).select_from(BatchNumber).where(*where))
    page = select(BatchNumber).where(*where).order_by(BatchNumber.place).offset(skip).limit(take)
    return total or 0, list(await session.scalars(page))


async def cancel_batch(
    session: AsyncSession, batch: Batch, events: EventLog, now: datetime
) -> None:
    """Cancel what is not called yet, and tell; one that is over stays as it is."""
    if batch.state not in OPEN:
        return
    await cancel_waiting(session, batch, now)
    batch.state = BatchState.CANCELLED
    batch.modified_on = now
    if batch.processing == 0:
        batch.finished_on = now
    account = await get_account(session, batch.account_uuid)
    await events.append(session, account.uuid, BatchChanged(account, batch), now=now)
