"""Requests that must not be charged twice: what each key stands for, and what it was answered.

A key is claimed in the transaction that does the first lasting thing, so a request that failed
leaves no key behind, and of two at once the database lets one through. The answer is written in
the transaction that finishes the work; a claim without an answer is work that still runs, or
that a crash cut short, and its `reference` says what to look at.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    LargeBinary,
    String,
    delete,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from opentact.kit.entities import Base
from opentact.kit.faults import Conflict, Fault

KEPT = timedelta(hours=24)


class IdempotencyKey(Base):
    """One key of one account. `fingerprint` is a hash of the request it came with."""

    __tablename__ = "idempotency_key"

    account_uuid: Mapped[UUID] = mapped_column(ForeignKey("account.uuid"), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    reference: Mapped[UUID]
    created_on: Mapped[datetime] = mapped_column(index=True)
    status: Mapped[int | None] = mapped_column(default=None)
    body: Mapped[bytes | None] = mapped_column(LargeBinary, default=None)


class KeyReused(Fault):
    """This Idempotency-Key was used with another request: take a new key for a new request."""

    code = "idempotency_key_reused"
    status = 422


class StillRunning(Conflict):
    """The first request with this Idempotency-Key still runs: ask again in a moment."""

    code = "idempotency_key_running"


@dataclass(frozen=True, slots=True)
class Claim:
    """A key with the fingerprint of the request that brings it."""

    account: UUID
    key: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Earlier:
    """What became of the first request. `body` is None while it has no answer."""

    reference: UUID
    status: int | None
    body: bytes | None


async def earlier(session: AsyncSession, claim: Claim, *, now: datetime) -> Earlier | None:
    """Find the first request with this key, or raise `KeyReused` if it was another one."""
    found = await session.execute(
        select(
            IdempotencyKey.fingerprint,
            IdempotencyKey.reference,
            IdempotencyKey.status,
            IdempotencyKey.body,
        ).where(*_is(claim), IdempotencyKey.created_on > now - KEPT)
    )
    row = found.one_or_none()
    if row is None:
        return None
    if row.fingerprint != claim.fingerprint:
        raise KeyReused
    return Earlier(row.reference, row.status, row.body)


async def take(session: AsyncSession, claim: Claim, reference: UUID, *, now: datetime) -> None:
    """Claim the key for the work `reference`, or raise `StillRunning` if someone was faster.

    Called first in its transaction: on PostgreSQL a second claimant waits here for the first.
    """
    await session.execute(
        delete(IdempotencyKey).where(*_is(claim), IdempotencyKey.created_on <= now - KEPT)
    )
    row = {
        "account_uuid": claim.account,
        "key": claim.key,
        "fingerprint": claim.fingerprint,
        "reference": reference,
        "status": None,
        "body": None,
        "created_on": now,
    }
    try:
        await session.execute(insert(IdempotencyKey), [row])
    except IntegrityError:
        raise StillRunning from None


async def answered(session: AsyncSession, claim: Claim, *, status: int, body: bytes) -> None:
    """Keep the answer, for whoever asks again."""
    await session.execute(
        update(IdempotencyKey).where(*_is(claim)).values(status=status, body=body)
    )


async def forget_old(session: AsyncSession, *, now: datetime) -> int:
    """Remove keys past their time; returns how many."""
    gone = await session.execute(
        delete(IdempotencyKey)
        .where(IdempotencyKey.created_on <= now - KEPT)
        .returning(IdempotencyKey.key)
    )
    return len(gone.all())


def _is(claim: Claim) -> tuple[ColumnElement[bool], ...]:
    return (
        IdempotencyKey.account_uuid == claim.account,
        IdempotencyKey.key == claim.key,
    )
