"""The books of a server that rests, held against each other: calls, events, money, recordings.

`faults_of` reads a whole database, SQLite or PostgreSQL, and says in a sentence each what does
not fit together. It is for servers that were harmed: nothing may live any more when it looks.
"""

import wave
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import miniaudio
import orjson
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from opentact.accounts.accounts import Account
from opentact.adapters.storage.database import Database
from opentact.billing.holds import Hold
from opentact.billing.ledger import Transaction
from opentact.events.log import Event, EventHead
from opentact.kit.money import ZERO
from opentact.numbers.leases import Lease
from opentact.numbers.orders import Item, Order, State
from opentact.numbers.prices import Price
from opentact.voice.batches import Batch, BatchNumber, NumberState
from opentact.voice.calls import Call, CallState, rate_of
from opentact.voice.recordings import Recording, RecordingState

LIFE = [state.value for state in CallState]
CUT_BY_CREDIT = {"credit_used_up", "daily_spend"}  # such calls pay for less than they talked
WAV_HEADER, WAV_BYTES_PER_MS, MP3_SLACK_MS = 44, 16, 400


@dataclass(frozen=True)
class Told:
    """An event: its number within its call, and what it said."""

    seq: int
    type: str
    state: str
    payload: dict[str, Any]


@dataclass
class Books:
    """All rows; `told` are the events of each call, in their order."""

    calls: list[Call]
    entries: list[Transaction]
    recordings: list[Recording]
    told: dict[UUID | None, list[Told]]

    def entries_of(self) -> dict[UUID | None, list[Transaction]]:
        found: dict[UUID | None, list[Transaction]] = defaultdict(list)
        for entry in self.entries:
            found[entry.ref_uuid].append(entry)
        return found


async def faults_of(url: str, recordings: Path) -> list[str]:
    """Say everything that is wrong in the books of a server that rests."""
    database = Database(url)
    try:
        async with database.read() as session:
            books = await read_books(session)
            faults = [*_ends(books), *_charges(books), *_recordings(books, recordings)]
            faults += await _positions(session)
            faults += [*await _balances(session, books), *await _holds(session)]
            return [*faults, *await _orders(session, books), *await _batches(session, books)]
    finally:
        await database.close()


async def calls_of(url: str, since: datetime) -> tuple[list[Call], list[Recording]]:
    """Read the calls that began since then, oldest first, and the recordings of since then."""
    database = Database(url)
    try:
        async with database.read() as session:
            query = select(Call).where(Call.created_on >= since).order_by(Call.created_on)
            made = select(Recording).where(Recording.created_on >= since)
            return [*await session.scalars(query)], [*await session.scalars(made)]
    finally:
        await database.close()


async def read_books(session: AsyncSession) -> Books:
    """Read all that is about calls."""
    events = await session.execute(
        select(Event.ref_id, Event.type, Event.frame)
        .where(Event.type.in_(("call_state", "call_flow", "call_record")))
        .order_by(Event.position)
    )
    told: dict[UUID | None, list[Told]] = defaultdict(list)
    for ref, kind, text in events:
        frame = orjson.loads(text)
        payload = frame["payload"]
        told[ref].append(Told(frame["seq"], kind, str(payload.get("state")), payload))
    return Books(
        calls=[*await session.scalars(select(Call))],
        entries=[*await session.scalars(select(Transaction))],
        recordings=[*await session.scalars(select(Recording))],
        told=told,
    )


def _ends(books: Books) -> Iterator[str]:
    """Each call, and each leg, has one end; its events are numbered without gap or double."""
    for call in books.calls:
        name = f"call {call.uuid} ({call.direction.value} to {call.to}, {call.cause})"
        events = books.told.get(call.uuid, [])
        states = [each.state for each in events if each.type == "call_state"]
        if states.count("destroyed") != 1:
            yield f"{name} has {states.count('destroyed')} ends: {states}"
        elif states != sorted(set(states), key=LIFE.index):
            yield f"{name} lived out of order: {states}"
        if [each.seq for each in events] != list(range(1, len(events) + 1)):
            yield f"{name} has events {[each.seq for each in events]}"
        if call.state is not CallState.DESTROYED or None in {call.destroy_on, call.cause}:
            yield f"{name} is still {call.state.value}"
        if call.hangup_on is None or (call.destroy_on and call.hangup_on > call.destroy_on):
            yield f"{name} hung up at {call.hangup_on}, destroyed at {call.destroy_on}"
    known = {call.uuid for call in books.calls}
    yield from (f"events of an unknown call {uuid}" for uuid in books.told if uuid not in known)


def _charges(books: Books) -> Iterator[str]:
    """Every second that a call talked is charged, once."""
    entries = books.entries_of()
    for call in books.calls:
        name = f"call {call.uuid} ({call.cause}, {call.duration} s)"
        paid = [entry.amount for entry in entries[call.uuid]]
        if paid != ([-call.price] if call.price else []):
            yield f"{name} costs {call.price}, but its entries are {paid}"
        if call.answer_on is None or call.hangup_on is None:
            if call.price or call.duration:
                yield f"{name} was never answered, but costs {call.price}"
            continue
        talked = max(0, round((call.hangup_on - call.answer_on).total_seconds()))
        if call.duration != talked:
            yield f"{name} talked {talked} s"
        if call.price != rate_of(call).charge(talked) and call.cause not in CUT_BY_CREDIT:
            yield f"{name} costs {call.price} instead of {rate_of(call).charge(talked)}"
    known = {call.uuid for call in books.calls}
    for entry in books.entries:
        # In and out; features of numbers are charged as voice_nrc and voice_mrc.
        if entry.ref_type.value.endswith(("incoming", "outgoing")) and entry.ref_uuid not in known:
            yield f"an entry of {entry.amount} pays for an unknown call {entry.ref_uuid}"


def _recordings(books: Books, folder: Path) -> Iterator[str]:
    """Every recording is stored, whole and as long as it says, or failed with its reason."""
    ends: Counter[str] = Counter()
    for events in books.told.values():
        for event in events:
            if event.type == "call_record" and event.state in {"stored", "failed"}:
                ends[event.payload["uuid"]] += 1
    for each in books.recordings:
        name = f"recording {each.uuid} of call {each.call_uuid}"
        if ends[str(each.uuid)] != 1:
            yield f"{name} ({each.state.value}) has {ends[str(each.uuid)]} ends"
        if each.state is RecordingState.STORED:
            yield from (f"{name}: {fault}" for fault in _faults_of_file(each, folder))
        elif each.state is not RecordingState.FAILED or not each.reason:
            yield f"{name} is {each.state.value}, reason {each.reason!r}"
    known = {each.file for each in books.recordings}
    for file in folder.iterdir():
        if file.is_file() and file.name not in known:
            yield f"the file {file.name} belongs to no recording"


def _faults_of_file(recording: Recording, folder: Path) -> Iterator[str]:
    file = folder / recording.file
    if not file.is_file():
        yield "its file is not there"
        return
    size = file.stat().st_size
    if size != recording.size:
        yield f"its file has {size} bytes instead of {recording.size}"
    try:
        length, channels, slack = _length_of(file)
    except (EOFError, wave.Error, miniaudio.DecodeError, ValueError) as error:
        yield f"its file of {size} bytes cannot be played: {error!r}"
        return
    if channels != recording.channels:
        yield f"it has {channels} channels instead of {recording.channels}"
    if abs(length - recording.duration) > slack:
        yield f"it plays {length:.0f} ms and says {recording.duration}"


def _length_of(file: Path) -> tuple[float, int, float]:
    """Play a file: its milliseconds, its channels, and by how many ms its length may be off."""
    if file.suffix == ".mp3":
        sound = miniaudio.decode(file.read_bytes(), sample_rate=8_000, nchannels=1)
        info = miniaudio.mp3_get_info(file.read_bytes())
        return len(sound.samples) / 8, info.nchannels, MP3_SLACK_MS
    with wave.open(str(file)) as sound_file:
        channels, frames = sound_file.getnchannels(), sound_file.getnframes()
        there = (file.stat().st_size - WAV_HEADER) // (2 * channels)
        if there != frames or len(sound_file.readframes(frames)) != frames * 2 * channels:
            raise ValueError(f"its header says {frames} samples, {there} are there")
        return frames / 8, channels, 1


async def _positions(session: AsyncSession) -> list[str]:
    """A reader with a cursor steps over nothing: positions have neither gap nor double."""
    faults = []
    for head in await session.scalars(select(EventHead)):
        found = await session.scalars(
            select(Event.position)
            .where(Event.account_uuid == head.account_uuid)
            .order_by(Event.position)
        )
        if list(found) != list(range(1, head.last + 1)):
            faults.append(f"the log of account {head.account_uuid} has gaps or doubles")
    return faults


async def _balances(session: AsyncSession, books: Books) -> list[str]:
    sums: dict[UUID, Decimal] = defaultdict(lambda: ZERO)
    faults = []
    for entry in books.entries:
        sums[entry.account_uuid] += entry.amount
        if entry.account_balance_before + entry.amount != entry.account_balance_after:
            faults.append(f"entry {entry.uuid} does not add up")
    faults += [
        f"{account.name} has {account.balance}, its entries say {sums[account.uuid]}"
        for account in await session.scalars(select(Account))
        if account.balance != sums[account.uuid]
    ]
    return faults


async def _holds(session: AsyncSession) -> list[str]:
    found = await session.scalars(select(Hold))
    return [f"{each.amount} are held for {each.reference} ({each.node})" for each in found]


async def _orders(session: AsyncSession, books: Books) -> list[str]:
    """Each order is settled once: a lease for each number that was bought, and its charge."""
    open_orders = await session.scalars(select(Order.uuid).where(Order.settled_on.is_(None)))
    faults = [f"order {uuid} is not settled" for uuid in open_orders]
    entries = books.entries_of()
    leases: dict[UUID | None, list[Lease]] = defaultdict(list)
    for lease in await session.scalars(select(Lease)):
        leases[lease.item_uuid].append(lease)
    for item in await session.scalars(select(Item)):
        bought = leases[item.uuid]
        if item.state != State.SUCCESS:
            if item.state != State.FAILED or bought or not item.reason:
                faults.append(f"item {item.uuid} is {item.state} with {len(bought)} leases")
            continue
        if len(bought) != 1:
            faults.append(f"item {item.uuid} was bought {len(bought)} times")
            continue
        paid = -sum((entry.amount for entry in entries[bought[0].uuid]), ZERO)
        if paid != Price.from_json(item.price).first:
            faults.append(f"lease {bought[0].uuid} of {item.tn} cost {paid}, not {item.price}")
    return faults


async def _batches(session: AsyncSession, books: Books) -> list[str]:
    """Each batch is over, counts its numbers right, and called none of them twice."""
    faults = []
    called = Counter(call.uuid for call in books.calls)
    for batch in await session.scalars(select(Batch)):
        query = select(BatchNumber).where(BatchNumber.batch_uuid == batch.uuid)
        numbers = [*await session.scalars(query)]
        states = Counter(each.state for each in numbers)
        counts = (batch.success, batch.failed, batch.cancelled)
        ended = (NumberState.SUCCESS, NumberState.FAILED, NumberState.CANCELLED)
        if batch.finished_on is None or counts != tuple(states[each] for each in ended):
            faults.append(f"batch {batch.uuid} counts {counts}, its numbers are {states}")
        calls = [each.call_uuid for each in numbers if each.call_uuid is not None]
        if len(set(calls)) != len(calls) or any(called[each] > 1 for each in calls):
            faults.append(f"batch {batch.uuid} called a number twice")
        numbers_called = Counter(
            call.to.lstrip("+") for call in books.calls if call.uuid in set(calls)
        )
        faults += [
            f"batch {batch.uuid} called {to} {times} times"
            for to, times in numbers_called.items()
            if times > 1
        ]
    return faults
