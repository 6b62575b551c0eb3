"""Writing calls down: rows, events, flow logs and charges, many calls to one commit.

A busy server writes a few thousand rows a second about calls. What is handed in here waits a
few milliseconds and is stored together; several changes of one call become one row change.
`durable` says when all that was handed in so far is stored: a call waits for it before its 200
OK, the outside hears nothing that could still be lost (design 5).
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, cast
from uuid import UUID

from sqlalchemy import Table, bindparam, insert, update
from sqlalchemy.ext.asyncio import AsyncSession

from opentact.accounts.accounts import Account
from opentact.billing.ledger import BalanceChanged, Line, post
from opentact.events.log import EventLog, Ready
from opentact.kit.clock import Clock
from opentact.kit.entities import Base
from opentact.kit.ids import new_id

from .call_events import CallCard, CallChanged, CommandEnded, RecordingChanged
from .calls import Call, CallFlowLog, CallState
from .recordings import Recording

Row = dict[str, Any]


class Journal(Protocol):
    """Where grouped writes go (adapters/storage/journal.py)."""

    def later(self, work: Callable[[AsyncSession], Awaitable[None]]) -> Awaitable[None]:
        """Queue the work; the awaitable is done once it is stored."""


@dataclass(slots=True)
class _Batch:
    """What waits for the next commit."""

    inserts: dict[tuple[type[Base], UUID], Row] = field(default_factory=dict)
    updates: dict[tuple[type[Base], UUID], Row] = field(default_factory=dict)
    charges: dict[UUID, tuple[Account, list[Line]]] = field(default_factory=dict)
    events: dict[UUID, list[Ready]] = field(default_factory=lambda: defaultdict(list))


class CallBook:
    """Keeps the books of all calls of this node."""

    def __init__(
        self,
        journal: Journal,
        events: EventLog,
        clock: Clock,
        *,
        link: Callable[[UUID, datetime], str],
    ) -> None:
        """Write through `journal`; `link` makes a recording's signed URL."""
        self._journal = journal
        self._events = events
        self._clock = clock
        self._link = link
        self._batch = _Batch()
        self._queued = False
        self._latest: Awaitable[None] | None = None

    def opened(self, card: CallCard) -> None:
        """Write a new call down, in the state it has."""
        self._insert(card.call, Call)
        self.entered(card, card.call.state)

    def entered(self, card: CallCard, state: CallState) -> None:
        """Write that the call reached a state, and tell."""
        self._tell(card, CallChanged(card, state, card.next_seq()))

    def changed(self, card: CallCard, **values: Any) -> None:
        """Write changed members of the call's record."""
        values["modified_on"] = self._clock.now()
        for name, value in values.items():
            setattr(card.call, name, value)
        self._change(Call, card.call.uuid, values)

    def command(self, card: CallCard, command: Any, line: int) -> None:
        """Write a command of the flow into the log, and tell."""
        now = self._clock.now()
        log = CallFlowLog(
            account_uuid=card.account.uuid,
            call_uuid=card.call.uuid,
            app_uuid=card.call.app_uuid,
            name=command.name,
            success=command.success,
            command={"name": command.name, "path": command.path, "line": line},
            response=command.as_dict(),
            from_=card.call.from_,
            tn=card.call.tn,
            created_on=now,
            modified_on=now,
        )
        self._insert(log, CallFlowLog)
        self._tell(card, CommandEnded(card, command, line, card.next_seq()))

    def recording_opened(self, card: CallCard, recording: Recording) -> None:
        """Write a recording down that begins now, and tell."""
        self._insert(recording, Recording)
        self._tell(card, RecordingChanged(card, recording, None, card.next_seq()))

    def recording_closed(self, card: CallCard, recording: Recording, **values: Any) -> None:
        """Write how a recording ended, and tell, with its link if it is stored."""
        now = self._clock.now()
        values["modified_on"] = now
        for name, value in values.items():
            setattr(recording, name, value)
        self._change(Recording, recording.uuid, values)
        url = self._link(recording.uuid, now) if recording.reason is None else None
        self._tell(card, RecordingChanged(card, recording, url, card.next_seq()))

    def charge(self, account: Account, line: Line) -> None:
        """Charge the account for what was used, whatever its balance."""
        self._begin()
        _, lines = self._batch.charges.setdefault(account.uuid, (account, []))
        lines.append(line)

    async def durable(self) -> None:
        """Wait until all that was handed in is stored; raises what the database said."""
        if self._latest is not None:
            await self._latest

    def _tell(self, card: CallCard, happened: object) -> None:
        self._begin()
        ready = self._events.draft(happened, self._clock.now())
        self._batch.events[card.account.uuid].append(ready)

    def _insert(self, entity: Base, kind: type[Base]) -> None:
        self._begin()
        columns = kind.__mapper__.column_attrs
        row = {attr.key: getattr(entity, attr.key) for attr in columns}
        self._batch.inserts[kind, row["uuid"]] = row

    def _change(self, kind: type[Base], uuid: UUID, values: Row) -> None:
        self._begin()
        fresh = self._batch.inserts.get((kind, uuid))
        if fresh is not None:
            fresh.update(values)
        else:
            self._batch.updates.setdefault((kind, uuid), {}).update(values)

    def _begin(self) -> None:
        if not self._queued:
            self._queued = True
            self._latest = self._journal.later(self._store)

    async def _store(self, session: AsyncSession) -> None:
        batch, self._batch, self._queued = self._batch, _Batch(), False
        for kind, rows in _by_kind(batch.inserts).items():
            await session.execute(insert(kind), rows)
        for (kind, members), rows in _by_shape(batch.updates).items():
            table = cast(Table, kind.__mapper__.local_table)
            names = {kind.__mapper__.columns[name].name: name for name in members}
            change = update(table).where(table.c.uuid == bindparam("row_uuid"))
            values: Row = {column: bindparam(f"new_{name}") for column, name in names.items()}
            await session.execute(change.values(values), rows)
        for account, lines in batch.charges.values():
            await self._charge(session, account, lines, batch)
        for uuid, ready in batch.events.items():
            await self._events.store(session, uuid, ready)

    async def _charge(
        self, session: AsyncSession, account: Account, lines: list[Line], batch: _Batch
    ) -> None:
        now = self._clock.now()
        balance = await post(session, account.uuid, lines, now=now, overdraw=True)
        account.balance = balance
        if account.balance_changed:
            happened = BalanceChanged(account, balance, "voice_charge_in")
            batch.events[account.uuid].append(self._events.draft(happened, now))


def new_recording(
    card: CallCard, tag: str | None, file: str, now: datetime, **values: Any
) -> Recording:
    """Make the row of a recording of the call."""
    uuid = new_id()
    return Recording(
        uuid=uuid,
        account_uuid=card.account.uuid,
        call_uuid=card.call.uuid,
        tag=tag,
        file=file,
        created_on=now,
        modified_on=now,
        **values,
    )


def _by_kind(inserts: dict[tuple[type[Base], UUID], Row]) -> dict[type[Base], list[Row]]:
    rows: dict[type[Base], list[Row]] = defaultdict(list)
    for (kind, _), row in inserts.items():
        rows[kind].append(row)
    return rows


def _by_shape(
    updates: dict[tuple[type[Base], UUID], Row],
) -> dict[tuple[type[Base], tuple[str, ...]], list[Row]]:
    """Put updates of the same members together: one statement, many rows."""
    rows: dict[tuple[type[Base], tuple[str, ...]], list[Row]] = defaultdict(list)
    for (kind, uuid), values in updates.items():
        members = tuple(sorted(values))
        rows[kind, members].append(
            {"row_uuid": uuid, **{f"new_{name}": value for name, value in values.items()}}
        )
    return rows
