"""Calls and recordings that a crash cut off: closed, once, at the node's next start.

Each such call is charged for what it is known to have talked: until the last sign of life that
was stored (`alive_on`). Its recordings end as failed with that reason, unless their file is
there.
"""

from datetime import datetime
from pathlib import Path
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from opentact.accounts.accounts import get_account
from opentact.billing.ledger import Line, RefType, post
from opentact.billing.rating import Rate
from opentact.events.log import Event, EventLog

from . import causes
from .apps import get_app_for_call
from .call_events import CallCard, CallChanged
from .calls import Call, CallState
from .causes import Cause
from .conversation import ending
from .recordings import Recording, RecordingState

HEARTBEAT_S = 5.0
_WAV_HEADER = 44
_WAV_BYTES_PER_MS = 16


async def beat(session: AsyncSession, node: str, now: datetime) -> None:
    """Note that the answered calls of this node live."""
    await session.execute(
        update(Call)
        .where(Call.node == node, Call.destroy_on.is_(None), Call.answer_on.is_not(None))
        .values(alive_on=now)
        .execution_options(synchronize_session=False)
    )


async def lost_calls(session: AsyncSession, node: str) -> list[UUID]:
    """List the calls that this node never closed; ask before it takes new ones."""
    found = await session.scalars(
        select(Call.uuid).where(Call.node == node, Call.destroy_on.is_(None))
    )
    return list(found)


async def close_lost_call(
    session: AsyncSession,
    uuid: UUID,
    events: EventLog,
    now: datetime,
    recordings: Path,
    cause: Cause = causes.SERVER_CRASHED,
) -> None:
    """Close one call in its own unit of work: record, charge, recordings and its one end."""
    call = await session.scalar(
        select(Call).where(Call.uuid == uuid, Call.destroy_on.is_(None)).with_for_update()
    )
    if call is None:
        return
    account = await get_account(session, call.account_uuid)
    app = await get_app_for_call(session, call.app_uuid) if call.app_uuid else None
    card = CallCard(call, account, app)
    for name, value in ending(cause, answered=call.answer_on is not None).items():
        setattr(call, name, value)
    call.hangup_on = call.alive_on or call.ring_on or call.created_on
    if call.answer_on is not None:
        await _charge(session, call, now)
        account = card.account = await get_account(session, call.account_uuid)
    call.state, call.destroy_on, call.modified_on = CallState.DESTROYED, now, now
    await _close_recordings(session, call.uuid, recordings, now)
    # Each event of a call has a number of its own, so their count is the last one given out.
    told = select(func.count()).select_from(Event).where(Event.ref_id == call.uuid)
    card.seq = await session.scalar(told) or 0
    happened = CallChanged(card, CallState.DESTROYED, card.next_seq())
    await events.append(session, account.uuid, happened, now=now)


async def _charge(session: AsyncSession, call: Call, now: datetime) -> None:
    assert call.answer_on is not None  # noqa: S101 - the caller looked
    end = call.hangup_on or call.answer_on
    call.duration = max(0, round((end - call.answer_on).total_seconds()))
    rate = Rate(call.rate)
    call.billed_seconds, call.price = rate.billed_seconds(call.duration), rate.charge(call.duration)
    if call.price:
        text = f"Call from {call.from_} to {call.to}, {call.duration} s"
        line = Line(-call.price, RefType.VOICE_INCOMING, call.uuid, text)
        await post(session, call.account_uuid, [line], now=now, overdraw=True)


async def _close_recordings(session: AsyncSession, call: UUID, folder: Path, now: datetime) -> None:
    writing = await session.scalars(
        select(Recording).where(
            Recording.call_uuid == call, Recording.state == RecordingState.WRITING
        )
    )
    for recording in writing:
        file = folder / recording.file
        size = file.stat().st_size if file.exists() else 0
        recording.modified_on = now
        if size <= _WAV_HEADER:
            recording.state = RecordingState.FAILED
            recording.reason = "the server was cut off before any of it was written"
            continue
        recording.state, recording.ended_by = RecordingState.STORED, "crash"
        recording.size = size
        recording.duration = (size - _WAV_HEADER) // _WAV_BYTES_PER_MS
