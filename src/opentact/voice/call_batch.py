"""What calls leave to be written in one commit: rows, charges and events, whose each is.

A batch can be written again as a whole when its commit failed, or account by account, when
what stands in the way is one account's own.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Table, bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from opentact.accounts.accounts import Account
from opentact.billing.ledger import BalanceChanged, Line, Transaction, post
from opentact.events.log import Event, EventLog, Ready
from opentact.kit.clock import Clock
from opentact.kit.entities import Base

Row = dict[str, Any]
Key = tuple[type[Base], UUID]


@dataclass(slots=True)
class Batch:
    """What waits for the next commit. `owners` tells of each row whose it is."""

    inserts: dict[Key, Row] = field(default_factory=dict)
    updates: dict[Key, Row] = field(default_factory=dict)
    owners: dict[Key, UUID] = field(default_factory=dict)
    charges: dict[UUID, tuple[Account, list[Line]]] = field(default_factory=dict)
    events: dict[UUID, list[Ready]] = field(default_factory=lambda: defaultdict(list))

    def insert(self, owner: UUID, entity: Base, kind: type[Base]) -> None:
        """Add a new row."""
        columns = kind.__mapper__.column_attrs
        row = {attr.key: getattr(entity, attr.key) for attr in columns}
        self.inserts[kind, row["uuid"]] = row
        self.owners[kind, row["uuid"]] = owner

    def change(self, owner: UUID, kind: type[Base], uuid: UUID, values: Row) -> None:
        """Change a row, be it a new one of this batch or an old one."""
        self.owners[kind, uuid] = owner
        fresh = self.inserts.get((kind, uuid))
        if fresh is not None:
            fresh.update(values)
        else:
            self.updates.setdefault((kind, uuid), {}).update(values)

    def charge(self, account: Account, line: Line) -> None:
        """Charge the account."""
        _, lines = self.charges.setdefault(account.uuid, (account, []))
        lines.append(line)

    def by_account(self) -> "list[Batch]":
        """Divide it into one batch per account."""
        parts: dict[UUID, Batch] = defaultdict(Batch)
        for key, owner in self.owners.items():
            parts[owner].owners[key] = owner
            if key in self.inserts:
                parts[owner].inserts[key] = self.inserts[key]
            if key in self.updates:
                parts[owner].updates[key] = self.updates[key]
        for owner, charge in self.charges.items():
            parts[owner].charges[owner] = charge
        for owner, events in self.events.items():
            parts[owner].events[owner] = events
        return list(parts.values())

    def ids(self) -> dict[str, list[str]]:
        """Name all that is in it, for the log."""
        return {
            "accounts": sorted({str(owner) for owner in {*self.owners.values(), *self.events}}),
            "rows": sorted(f"{kind.__tablename__} {uuid}" for kind, uuid in self.owners),
            "charges": [
                f"{account} {line.amount} {line.ref_uuid}"
                for account, (_, lines) in self.charges.items()
                for line in lines
            ],
            "events": [str(event.uuid) for events in self.events.values() for event in events],
        }


async def store(session: AsyncSession, batch: Batch, events: EventLog, clock: Clock) -> None:
    """Write the batch. Changes nothing in it, so that it can be written again."""
    for kind, rows in _by_kind(batch.inserts).items():
        await session.execute(insert(kind), rows)
    for (kind, members), rows in _by_shape(batch.updates).items():
        table = cast(Table, kind.__mapper__.local_table)
        names = {kind.__mapper__.columns[name].name: name for name in members}
        change = update(table).where(table.c.uuid == bindparam("row_uuid"))
        values: Row = {column: bindparam(f"new_{name}") for column, name in names.items()}
        await session.execute(change.values(values), rows)
    notices: dict[UUID, list[Ready]] = defaultdict(list)
    for account, lines in batch.charges.values():
        notices[account.uuid] = await _charge(session, account, lines, events, clock)
    for uuid in {**batch.events, **notices}:
        await events.store(session, uuid, [*batch.events.get(uuid, ()), *notices[uuid]])


async def is_stored(session: AsyncSession, batch: Batch) -> bool:
    """Tell whether the batch was written already: any one part of it speaks for all."""
    for events in batch.events.values():
        found = await session.scalar(select(Event.uuid).where(Event.uuid == events[0].uuid))
        return found is not None
    for kind, uuid in batch.inserts:
        column = kind.__mapper__.columns["uuid"]
        return await session.scalar(select(column).where(column == uuid)) is not None
    for account, (_, lines) in batch.charges.items():
        charged = select(Transaction.uuid).where(
            Transaction.account_uuid == account, Transaction.ref_uuid == lines[0].ref_uuid
        )
        return await session.scalar(charged.limit(1)) is not None
    return False


async def _charge(
    session: AsyncSession, account: Account, lines: list[Line], events: EventLog, clock: Clock
) -> list[Ready]:
    now = clock.now()
    balance = await post(session, account.uuid, lines, now=now, overdraw=True)
    account.balance = balance
    if not account.balance_changed:
        return []
    return [events.draft(BalanceChanged(account, balance, "voice_charge_in"), now)]


def _by_kind(inserts: dict[Key, Row]) -> dict[type[Base], list[Row]]:
    rows: dict[type[Base], list[Row]] = defaultdict(list)
    for (kind, _), row in inserts.items():
        rows[kind].append(row)
    return rows


def _by_shape(updates: dict[Key, Row]) -> dict[tuple[type[Base], tuple[str, ...]], list[Row]]:
    """Put updates of the same members together: one statement, many rows."""
    rows: dict[tuple[type[Base], tuple[str, ...]], list[Row]] = defaultdict(list)
    for (kind, uuid), values in updates.items():
        members = tuple(sorted(values))
        rows[kind, members].append(
            {"row_uuid": uuid, **{f"new_{name}": value for name, value in values.items()}}
        )
    return rows
