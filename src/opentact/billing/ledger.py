"""The ledger: every change of a balance, with what it paid for (spec/02, design 5).

The balance is a column of the account, changed in the same transaction as its entry; whoever
is first takes the last dollar, because the change itself asks whether the money is there.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from opentact.accounts.accounts import Account
from opentact.kit.entities import Base, Stamped
from opentact.kit.faults import Fault, NotFound
from opentact.kit.ids import new_id
from opentact.kit.money import ZERO


class RefType(StrEnum):
    """What an entry is about (spec/12, ETransactionReferenceType)."""

    PAYMENT = "payment"
    TNLEASE_MRC = "tnlease_mrc"
    TNLEASE_NRC = "tnlease_nrc"
    SMS_INCOMING = "sms_incoming"
    SMS_OUTGOING = "sms_outgoing"
    SMS_NRC = "sms_nrc"
    SMS_MRC = "sms_mrc"
    MMS_INCOMING = "mms_incoming"
    MMS_OUTGOING = "mms_outgoing"
    MMS_NRC = "mms_nrc"
    MMS_MRC = "mms_mrc"
    VOICE_INCOMING = "voice_incoming"
    VOICE_OUTGOING = "voice_outgoing"
    VOICE_NRC = "voice_nrc"
    VOICE_MRC = "voice_mrc"
    FAX_INCOMING = "fax_incoming"
    FAX_OUTGOING = "fax_outgoing"
    FAX_NRC = "fax_nrc"
    FAX_MRC = "fax_mrc"
    EMERGENCY_INCOMING = "emergency_incoming"
    EMERGENCY_OUTGOING = "emergency_outgoing"
    EMERGENCY_NRC = "emergency_nrc"
    EMERGENCY_MRC = "emergency_mrc"
    TTS = "tts"


class Transaction(Stamped, Base):
    """One entry. `amount` is negative for what the account paid, positive for what it got."""

    __tablename__ = "transaction"
    __table_args__ = (Index("ix_transaction_account", "account_uuid", "created_on"),)

    account_uuid: Mapped[UUID] = mapped_column(ForeignKey("account.uuid"))
    amount: Mapped[Decimal]
    account_balance_before: Mapped[Decimal]
    account_balance_after: Mapped[Decimal]
    ref_type: Mapped[RefType]
    ref_uuid: Mapped[UUID | None] = mapped_column(index=True)
    description: Mapped[str | None]


# Made once: making a statement costs more than running it. They go to the tables, since nothing
# of an entry has to be tracked.
_ACCOUNT: Any = Account.__table__
_TRANSACTION: Any = Transaction.__table__
_ENTER = insert(_TRANSACTION)
_MONEY = _ACCOUNT.c.balance.type
_MOVE = (
    update(_ACCOUNT)
    .where(_ACCOUNT.c.uuid == bindparam("account"))
    .values(balance=_ACCOUNT.c.balance + bindparam("total", type_=_MONEY))
    .returning(_ACCOUNT)
)
_PAY = _MOVE.where(_ACCOUNT.c.balance >= bindparam("needed", type_=_MONEY))


class NotEnoughBalance(Fault):
    """Not enough account balance: add credit, then try again."""

    code = "not_enough_balance"
    status = 402


@dataclass(frozen=True, slots=True)
class BalanceChanged:
    """The account's balance moved. `source_action` is the billing action of spec/02."""

    account: Account
    balance: Decimal
    source_action: str


@dataclass(frozen=True, slots=True)
class Line:
    """One entry to be made: a positive `amount` is credit, a negative one a charge."""

    amount: Decimal
    ref_type: RefType
    ref_uuid: UUID | None = None
    description: str | None = None


async def post(
    session: AsyncSession,
    account: UUID,
    lines: Iterable[Line],
    *,
    now: datetime,
    overdraw: bool = False,
) -> Decimal:
    """Make the entries, all or none, and return the balance after the last of them.

    Charges that would take the balance below zero raise `NotEnoughBalance`, unless `overdraw`
    (what was already consumed is charged whatever the balance; spec/11 D-31).
    """
    moved = await enter(session, account, lines, now=now, overdraw=overdraw)
    balance: Decimal = moved.balance
    return balance


async def enter(
    session: AsyncSession,
    account: UUID,
    lines: Iterable[Line],
    *,
    now: datetime,
    overdraw: bool = False,
) -> Any:
    """Do as `post`, and return the account's row as it is after the last entry."""
    wanted = [line for line in lines if line.amount]
    total = sum((line.amount for line in wanted), ZERO)
    if total < 0 and not overdraw:
        asked = {"account": account, "total": total, "needed": -total}
        moved = (await session.execute(_PAY, asked)).one_or_none()
    else:
        moved = (await session.execute(_MOVE, {"account": account, "total": total})).one_or_none()
    if moved is None:
        raise await _shortage(session, account, -total)
    if wanted:
        await session.execute(_ENTER, _entries(account, moved.balance - total, wanted, now))
    return moved


def _entries(
    account: UUID, running: Decimal, lines: Sequence[Line], now: datetime
) -> list[dict[str, Any]]:
    """Write the rows of entries that start from the balance `running`."""
    rows: list[dict[str, Any]] = []
    for line in lines:
        rows.append(
            {
                "uuid": new_id(),
                "account_uuid": account,
                "amount": line.amount,
                "account_balance_before": running,
                "account_balance_after": running + line.amount,
                "ref_type": line.ref_type,
                "ref_uuid": line.ref_uuid,
                "description": line.description,
                "created_on": now,
                "modified_on": now,
            }
        )
        running += line.amount
    return rows


async def _shortage(session: AsyncSession, account: UUID, needed: Decimal) -> Fault:
    there = await session.scalar(select(Account.balance).where(Account.uuid == account))
    if there is None:
        return NotFound("Account not found")
    return NotEnoughBalance(
        f"Not enough account balance: this costs {needed}, the balance is {there}",
        meta="405 Insufficient Balance",
    )


async def get_transaction(session: AsyncSession, account: UUID, uuid: UUID) -> Transaction:
    """Load an entry of the account, or `NotFound`."""
    found = await session.scalar(
        select(Transaction).where(Transaction.uuid == uuid, Transaction.account_uuid == account)
    )
    if found is None:
        raise NotFound("Transaction not found")
    return found
