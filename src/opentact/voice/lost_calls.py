"""Calls and recordings that a crash cut off: closed, once, at the node's next start.

Each such call is charged for what it is known to have talked: until its hang-up, if that was
stored, else until the last sign of life (`alive_on`). Its recordings end as failed with that
reason, unless their file is there; of one that was so young that it was written down nowhere,
the file's name tells whose it is.
"""

from collections import defaultdict
from collections.abc import Callable, Collection
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from opentact.accounts.accounts import get_account
from opentact.billing.ledger import BalanceChanged, post
from opentact.billing.notices import balance_notices
from opentact.events.log import EventLog

from . import causes
from .call_events import CallCard, CallChanged, RecordingChanged
from .calls import Call, CallState, rate_of
from .causes import Cause
from .endings import ending, entry, priced
from .recordings import FileName, Recording, RecordingState
from .rtp import wav
from .stored_cards import stored_card

Link = Callable[[UUID, datetime], str]
HEARTBEAT_S = 5.0
OPEN = (RecordingState.REQUESTED, RecordingState.WRITING)
_MP3_BYTES_PER_MS = 3  # of each channel, at the 24 kbit/s that we write


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
    *,
    link: Link | None = None,
    explain: Link | None = None,
    files: Collection[FileName] = (),
) -> None:
    """Close one call in its own unit of work: record, charge, recordings and its one end.

    `link` makes the signed URL that the event of a recording shows, `explain` that of the call.
    `files` are the call's in the folder of recordings.
    """
    call = await session.scalar(
        select(Call).where(Call.uuid == uuid, Call.destroy_on.is_(None)).with_for_update()
    )
    if call is None:
        return
    card = await stored_card(session, call, explain(uuid, now) if explain else None)
    account = card.account.uuid
    if call.hangup_on is None:
        call.hangup_on = call.alive_on or call.ring_on or call.created_on
        _set(call, ending(cause, answered=call.answer_on is not None))
    _set(call, priced(call, rate_of(call)))
    notices = await _charge(session, card, now)
    call.modified_on = now
    await _add_unwritten(session, card, files, now)
    closed = await _close_recordings(session, card, recordings, now)
    recorded = [
        RecordingChanged(card, each, _url(each, link, now), card.next_seq()) for each in closed
    ]
    await events.append(session, account, *recorded, now=now)
    call.state, call.destroy_on = CallState.DESTROYED, now
    happened = CallChanged(card, CallState.DESTROYED, card.next_seq())
    await events.append(session, account, happened, *notices, now=now)


def _set(call: Call, values: dict[str, Any]) -> None:
    for name, value in values.items():
        setattr(call, name, value)


def _url(recording: Recording, link: Link | None, now: datetime) -> str | None:
    stored = recording.state is RecordingState.STORED
    return link(recording.uuid, now) if link and stored else None


async def _charge(
    session: AsyncSession, card: CallCard, now: datetime
) -> tuple[BalanceChanged, ...]:
    line = entry(card.call)
    if line is None:
        return ()
    balance = await post(session, card.call.account_uuid, [line], now=now, overdraw=True)
    card.account = await get_account(session, card.call.account_uuid)
    return balance_notices(card.account, balance, "voice_charge_in")


def files_by_call(folder: Path) -> dict[UUID, list[FileName]]:
    """List the files of recordings, by the calls that they are of."""
    found: dict[UUID, list[FileName]] = defaultdict(list)
    for file in folder.iterdir():
        name = FileName.read(file.name)
        if name is not None:
            found[name.call].append(name)
    return found


async def _add_unwritten(
    session: AsyncSession, card: CallCard, files: Collection[FileName], now: datetime
) -> None:
    """Write recordings down whose files are there and whose rows the crash has cost."""
    if not files:
        return
    query = select(Recording.uuid).where(Recording.call_uuid == card.call.uuid)
    known = set(await session.scalars(query))
    session.add_all(
        Recording(
            uuid=each.recording,
            account_uuid=card.account.uuid,
            call_uuid=card.call.uuid,
            state=RecordingState.REQUESTED,
            tag=None,
            file=str(each),
            format=each.format,
            channels=each.channels,
            created_on=card.call.alive_on or now,
            modified_on=now,
        )
        for each in files
        if each.recording not in known
    )
    await session.flush()


async def _close_recordings(
    session: AsyncSession, card: CallCard, folder: Path, now: datetime
) -> list[Recording]:
    """End the recordings that were being written, oldest first."""
    found = await session.scalars(
        select(Recording)
        .where(Recording.call_uuid == card.call.uuid, Recording.state.in_(OPEN))
        .order_by(Recording.created_on, Recording.uuid)
    )
    closed = list(found)
    for recording in closed:
        recording.modified_on = now
        size, duration = _left_of(folder / recording.file, recording)
        if not duration:
            recording.state = RecordingState.FAILED
            recording.reason = "the server was cut off before any of it was written"
            continue
        recording.state, recording.ended_by = RecordingState.STORED, "crash"
        recording.size, recording.duration = size, duration
        card.recordings.append(recording.uuid)
    return closed


def _left_of(file: Path, recording: Recording) -> tuple[int, int]:
    """See what is in a file that was cut off, and have it say so: its bytes and milliseconds."""
    size = file.stat().st_size if file.exists() else 0
    channels = recording.channels
    if recording.format != "wav":
        return size, size // (_MP3_BYTES_PER_MS * channels)
    samples = max(0, size - wav.HEADER_BYTES) // (wav.SAMPLE_BYTES * channels)
    if not samples:
        return size, 0
    # The samples are written before the header that counts them.
    whole = wav.offset(samples, channels)
    with file.open("r+b") as out:
        out.truncate(whole)
        out.write(wav.header(samples, channels))
    return whole, samples * 1000 // wav.RATE
