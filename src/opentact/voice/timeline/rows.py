"""Traces of ended calls as rows: one for each call with all its legs, packed (docs/decisions/0098).

Many are written in one statement. What cannot be written is let go of: a trace explains a call,
it is no book of account.
"""

import asyncio
import zlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import UUID

import orjson
import structlog
from sqlalchemy import ForeignKey, LargeBinary, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from opentact.kit.entities import Base
from opentact.voice.calls import Call

from .secrets import MARKS, mask_of
from .traces import LINGER_S, Entry, Trace, Traces

EVERY_S = 0.5
MOST_AT_ONCE = 100
"""Traces written every half second: a busier node keeps those of calls that ended badly first."""
LARGEST_UNPACKED = 1024 * 1024  # what a trace can be at most, several times over
log = structlog.get_logger(__name__)


class CallTrace(Base):
    """The trace of a call, by the uuid of the leg that began it."""

    __tablename__ = "call_trace"

    call_uuid: Mapped[UUID] = mapped_column(primary_key=True)
    account_uuid: Mapped[UUID] = mapped_column(ForeignKey("account.uuid"))
    created_on: Mapped[datetime] = mapped_column(index=True)
    packed: Mapped[bytes] = mapped_column(LargeBinary)


@dataclass(frozen=True, slots=True)
class Kept:
    """A trace as it is read. Each entry has at, kind, leg (a call's uuid), what, and its peer.

    `calls` are the uuids of all its legs, `cut` counts what was left out in the middle. Of
    messages, `what` is the text.
    """

    legs: dict[str, str] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    cut: int = 0
    entries: list[dict[str, Any]] = field(default_factory=list)


class Journal(Protocol):
    """Where grouped writes go (adapters/storage/journal.py)."""

    def later(self, work: Callable[[AsyncSession], Awaitable[None]]) -> Awaitable[None]:
        """Queue the work; the awaitable is done once it is stored."""


def pack(trace: Trace) -> bytes:
    """Write a trace as compressed JSON."""
    text = orjson.dumps(_written(trace))
    if any(mark in text for mark in MARKS):
        text = orjson.dumps(_written(trace, masks=True))
    return zlib.compress(text, 1)


def unpack(packed: bytes) -> Kept:
    """Read what `pack` wrote."""
    text = zlib.decompressobj().decompress(packed, LARGEST_UNPACKED)
    return _read(orjson.loads(text))


def kept(trace: Trace) -> Kept:
    """Read the trace of a call that lives."""
    return _read(_written(trace, masks=True))


class TraceKeeper:
    """Writes the traces of calls that ended, by and by."""

    def __init__(self, traces: Traces, journal: Journal) -> None:
        self.traces = traces
        self._journal = journal

    async def run(self) -> None:
        """Keep writing, until cancelled."""
        while True:
            await asyncio.sleep(EVERY_S)
            await self.write()

    async def write(self, *, linger: float | None = None) -> int:
        """Write what ended long enough ago; `linger=0` for all that has ended."""
        taken = self.traces.take_ended(linger=LINGER_S if linger is None else linger)
        if linger is None and len(taken) > MOST_AT_ONCE:
            # What went wrong will be asked about.
            taken.sort(key=lambda trace: not trace.is_odd)
            log.debug("traces_let_go", calls=len(taken) - MOST_AT_ONCE)
            taken = taken[:MOST_AT_ONCE]
        if taken:
            try:
                await self._journal.later(_adding(await _packed(taken)))
            except Exception as error:  # noqa: BLE001 - calls go on without
                log.warning("traces_not_written", calls=len(taken), error=repr(error))
        return len(taken)


async def load(session: AsyncSession, call: Call) -> Kept | None:
    """Load the trace of a call, or of the call it is a leg of; None when it is not kept."""
    packed = await session.scalar(
        select(CallTrace.packed).where(
            CallTrace.call_uuid == (call.parent_uuid or call.uuid),
            CallTrace.account_uuid == call.account_uuid,
        )
    )
    return unpack(packed) if packed is not None else None


async def forget_old_traces(session: AsyncSession, before: datetime, *, most: int = 1000) -> int:
    """Forget up to `most` traces from before then, and tell how many."""
    old = select(CallTrace.call_uuid).where(CallTrace.created_on < before).limit(most)
    found = list(await session.scalars(old))
    if found:
        await session.execute(delete(CallTrace).where(CallTrace.call_uuid.in_(found)))
    return len(found)


async def _packed(traces: Sequence[Trace]) -> list[dict[str, Any]]:
    """Make the rows one by one: a hundred at once would hold up every call for a moment."""
    rows = []
    for trace in traces:
        rows.append(
            {
                "call_uuid": trace.root,
                "account_uuid": trace.account,
                "created_on": datetime.fromtimestamp(trace.began, UTC),
                "packed": pack(trace),
            }
        )
        await asyncio.sleep(0)
    return rows


def _adding(rows: list[dict[str, Any]]) -> Callable[[AsyncSession], Awaitable[None]]:
    async def add(session: AsyncSession) -> None:
        await session.execute(insert(CallTrace.__table__), rows)  # type: ignore[arg-type]

    return add


def _written(trace: Trace, *, masks: bool = False) -> dict[str, Any]:
    every = (*trace.entries, *trace.last)
    mask = mask_of(each.what for each in every if isinstance(each.what, bytes)) if masks else None
    entries = [_entry(each, mask) for each in every]
    calls = [str(call) for call in trace.calls]
    return {"legs": trace.legs, "calls": calls, "cut": trace.cut, "entries": entries}


def _entry(entry: Entry, mask: Callable[[bytes], bytes] | None) -> list[Any]:
    what: Any = entry.what
    if isinstance(what, bytes):
        what = (mask(what) if mask else what).decode("utf-8", "replace")
    if entry.peer is None:
        return [_ms(entry.at), entry.kind, entry.leg, what]
    peer = f"{entry.peer.transport}:{entry.peer.host}:{entry.peer.port}"
    return [_ms(entry.at), entry.kind, entry.leg, what, peer]


def _read(written: dict[str, Any]) -> Kept:
    legs: dict[str, str] = written["legs"]
    entries = [
        {
            "at": each[0],
            "kind": each[1],
            "leg": legs.get(each[2], each[2]),
            "what": each[3],
            "peer": each[4] if len(each) > 4 else None,  # noqa: PLR2004 - messages have one
        }
        for each in written["entries"]
    ]
    return Kept(legs, written["calls"], written["cut"], entries)


def _ms(at: float) -> float:
    """Cut to milliseconds, as all moments of a call are: what came first stays first."""
    return int(at * 1000) / 1000
