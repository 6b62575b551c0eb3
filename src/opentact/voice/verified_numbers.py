"""Numbers of elsewhere that an account may show as caller, for who answers there has agreed.

How that is found out is told in `verifying`. Here is what is stored, and how often a number may be
called for it: a request for verification makes a telephone ring that may be anybody's.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, Index, UniqueConstraint, func, select, tuple_
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from opentact.accounts.ownership import Owned, Owner
from opentact.kit.entities import Base
from opentact.kit.faults import Conflict, NotFound, TooManyRequests
from opentact.numbers.leases import HELD, Lease

DAY = timedelta(days=1)
CALLS_OF_NUMBER = 5  # a day, for one account: a code is entered at the third call, or never
CALLS_TO_NUMBER = 10  # a day, whoever asks: many accounts must not make one telephone ring on
CALLS_OF_ACCOUNT = 50  # a day: nobody may ring half a town
MOST_NUMBERS = 1000  # of an account


class VerifiedState(StrEnum):
    """How far a number is."""

    PENDING = "pending"
    VERIFIED = "verified"
    FAILED = "failed"


class VerifiedNumber(Owned, Base):
    """A number that an account wants to show, or may.

    While it is `pending` the call `call_uuid` asks for the code, until `expires_on` at the
    latest. It was called `calls` times since `counted_from`. One that was removed stays as a row,
    so that its calls still count.
    """

    __tablename__ = "verified_number"
    called: ClassVar[str] = "Verified number"
    __table_args__ = (
        UniqueConstraint("account_uuid", "tn"),
        Index("ix_verified_number_tn", "tn"),
    )

    tn: Mapped[int] = mapped_column(BigInteger)
    expires_on: Mapped[datetime]
    counted_from: Mapped[datetime]
    state: Mapped[VerifiedState] = mapped_column(default=VerifiedState.PENDING)
    calls: Mapped[int] = mapped_column(default=0)
    name: Mapped[str | None] = mapped_column(default=None)
    call_uuid: Mapped[UUID | None] = mapped_column(default=None)
    reason: Mapped[str | None] = mapped_column(default=None)
    verified_on: Mapped[datetime | None] = mapped_column(default=None)
    removed_on: Mapped[datetime | None] = mapped_column(default=None)


class VerifiedAlready(Conflict):
    """The account may show this number already: there is nothing to verify."""

    code = "verified_already"


class StillVerifying(Conflict):
    """A call to this number asks for its code just now: enter it there, or wait for its end."""

    code = "still_verifying"


class TooManyVerifications(TooManyRequests):
    """The number, or those of the account, were called too often today to be verified."""

    code = "too_many_verifications"


THERE = VerifiedNumber.removed_on.is_(None)


def now_state(number: VerifiedNumber, now: datetime) -> VerifiedState:
    """Tell how far a number is; one whose call was lost with its server has failed."""
    if number.state is VerifiedState.PENDING and number.expires_on <= now:
        return VerifiedState.FAILED
    return number.state


async def may_show(session: AsyncSession, account: UUID, tn: int) -> bool:
    """Tell whether the account may show a number: it holds it, or has verified it."""
    held = select(Lease.uuid).where(Lease.tn == tn, Lease.account_uuid == account, HELD)
    if await session.scalar(held) is not None:
        return True
    return bool(await verified_among(session, [(account, tn)]))


async def verified_among(
    session: AsyncSession, wanted: Collection[tuple[UUID, int]]
) -> set[tuple[UUID, int]]:
    """Tell which of these accounts have verified which of these numbers."""
    query = select(VerifiedNumber.account_uuid, VerifiedNumber.tn).where(
        tuple_(VerifiedNumber.account_uuid, VerifiedNumber.tn).in_([*wanted]),
        VerifiedNumber.state == VerifiedState.VERIFIED,
        THERE,
    )
    return {(row[0], row[1]) for row in await session.execute(query)}


async def verified_numbers_of(session: AsyncSession, account: UUID) -> list[VerifiedNumber]:
    """List the account's, oldest first."""
    query = select(VerifiedNumber).where(VerifiedNumber.account_uuid == account, THERE)
    ordered = query.order_by(VerifiedNumber.created_on, VerifiedNumber.uuid)
    return list(await session.scalars(ordered))


async def get_verified_number(
    session: AsyncSession, account: UUID, name: UUID | int, *, change: bool = False
) -> VerifiedNumber:
    """Load the account's by its uuid or its number, or `NotFound`."""
    what = VerifiedNumber.tn == name if isinstance(name, int) else VerifiedNumber.uuid == name
    query = select(VerifiedNumber).where(VerifiedNumber.account_uuid == account, THERE, what)
    found = await session.scalar(query.with_for_update() if change else query)
    if found is None:
        raise NotFound("Verified number not found")
    return found


async def ask_to_verify(
    session: AsyncSession,
    owner: Owner,
    tn: int,
    name: str | None,
    call: UUID,
    expires_on: datetime,
    now: datetime,
) -> VerifiedNumber:
    """Write down that a number is called for its code, or say why it is not.

    Raises `VerifiedAlready`, `StillVerifying` and `TooManyVerifications`.
    """
    if await may_show(session, owner.account, tn):
        raise VerifiedAlready(f"+{tn} is held or verified already: it may be shown as caller")
    query = select(VerifiedNumber).where(
        VerifiedNumber.account_uuid == owner.account, VerifiedNumber.tn == tn
    )
    found = await session.scalar(query.with_for_update())
    if found is None:
        found = VerifiedNumber(tn=tn, expires_on=expires_on, counted_from=now, **owner.makes(now))
        await _add(session, found)
    elif found.removed_on is None and now_state(found, now) is VerifiedState.PENDING:
        raise StillVerifying
    await _check_limits(session, found, now)
    if found.counted_from <= now - DAY:
        found.counted_from, found.calls = now, 0
    found.calls += 1
    found.state, found.name, found.call_uuid = VerifiedState.PENDING, name, call
    found.reason = found.removed_on = None
    owner.changes(found, {"expires_on": expires_on}, now)
    await session.flush()
    return found


async def _add(session: AsyncSession, number: VerifiedNumber) -> None:
    try:
        async with session.begin_nested():
            session.add(number)
    except IntegrityError:  # asked for twice at the same moment
        raise StillVerifying from None


async def _check_limits(session: AsyncSession, number: VerifiedNumber, now: datetime) -> None:
    recent = VerifiedNumber.counted_from > now - DAY
    own = number.calls if number.counted_from > now - DAY else 0
    to_number = await _calls(session, VerifiedNumber.tn == number.tn, recent)
    of_account = await _calls(session, VerifiedNumber.account_uuid == number.account_uuid, recent)
    for calls, most, of in (
        (own, CALLS_OF_NUMBER, "this number"),
        (to_number, CALLS_TO_NUMBER, "this number"),
        (of_account, CALLS_OF_ACCOUNT, "numbers of this account"),
    ):
        if calls >= most:
            said = f"{most} calls a day verify {of}, no more: try again tomorrow"
            raise TooManyVerifications(said, retry_after=int(DAY.total_seconds()))
    held = select(func.count()).where(VerifiedNumber.account_uuid == number.account_uuid, THERE)
    if (await session.scalar(held) or 0) > MOST_NUMBERS:
        raise Conflict(f"An account verifies {MOST_NUMBERS} numbers at most: remove one first")


async def _calls(session: AsyncSession, *where: object) -> int:
    query = select(func.coalesce(func.sum(VerifiedNumber.calls), 0)).where(*where)  # type: ignore[arg-type]
    return int(await session.scalar(query) or 0)


async def settle(
    session: AsyncSession, number: UUID, call: UUID, *, agreed: bool, reason: str, now: datetime
) -> None:
    """Write down what came of a call, unless another one was asked for since."""
    found = await session.scalar(
        select(VerifiedNumber)
        .where(VerifiedNumber.uuid == number, VerifiedNumber.call_uuid == call, THERE)
        .with_for_update()
    )
    if found is None or found.state is not VerifiedState.PENDING:
        return
    found.state = VerifiedState.VERIFIED if agreed else VerifiedState.FAILED
    found.verified_on = now if agreed else None
    found.reason = None if agreed else reason
    found.modified_on = now


def remove(number: VerifiedNumber, owner: Owner, now: datetime) -> None:
    """Let the account show the number no more."""
    owner.changes(number, {"removed_on": now, "state": VerifiedState.FAILED}, now)
