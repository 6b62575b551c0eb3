"""Money set aside for what is being bought: still the account's, but not to be spent twice.

An order sets its whole cost aside when it is placed. Two orders for the last dollar meet here,
and the second is refused; what the first then pays is charged by the ledger, entry by entry.
The calls of a node share one hold for each account, which grows and shrinks (reservations.py).
"""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, bindparam, delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from opentact.accounts.accounts import Account
from opentact.kit.entities import Base
from opentact.kit.money import ZERO

from .ledger import NotEnoughBalance


class Hold(Base):
    """An amount set aside. `reference` is what it is for; `node` holds it for its live calls."""

    __tablename__ = "hold"

    reference: Mapped[UUID] = mapped_column(primary_key=True)
    account_uuid: Mapped[UUID] = mapped_column(ForeignKey("account.uuid"), index=True)
    amount: Mapped[Decimal]
    created_on: Mapped[datetime]
    node: Mapped[str | None] = mapped_column(index=True, default=None)


_ACCOUNT: Any = Account.__table__
_HOLD: Any = Hold.__table__
_BALANCE = (
    select(_ACCOUNT.c.balance)
    .where(_ACCOUNT.c.uuid == bindparam("account"))
    .with_for_update(key_share=True)
)
_HELD = select(func.coalesce(func.sum(_HOLD.c.amount), ZERO)).where(
    _HOLD.c.account_uuid == bindparam("account")
)
_SET_ASIDE = insert(_HOLD)
_LET_GO = delete(_HOLD).where(_HOLD.c.reference == bindparam("what"))


async def free_balance(session: AsyncSession, account: UUID) -> Decimal:
    """Tell what is there and not set aside; the account's row stays locked (PostgreSQL).

    It stays so until the unit of work ends, so that two that come at once see each other: the
    holds are read by a statement that begins after the lock.
    """
    balance = await session.scalar(_BALANCE, {"account": account})
    held = await session.scalar(_HELD, {"account": account})
    return (balance or ZERO) - (held or ZERO)


async def unheld_balance(session: AsyncSession, account: UUID) -> Decimal:
    """Tell what is there and not set aside, to show it: nothing is locked."""
    balance = await session.scalar(select(_ACCOUNT.c.balance).where(_ACCOUNT.c.uuid == account))
    held = await session.scalar(_HELD, {"account": account})
    return (balance or ZERO) - (held or ZERO)


async def check_free(session: AsyncSession, account: UUID, amount: Decimal) -> None:
    """See that the amount is free, as `free_balance` tells, or raise `NotEnoughBalance`."""
    free = await free_balance(session, account)
    if amount > free:
        raise NotEnoughBalance(
            f"Not enough account balance: this costs {amount}, the free balance is {free}",
            meta="405 Insufficient Balance",
        )


async def set_aside(
    session: AsyncSession, account: UUID, amount: Decimal, *, reference: UUID, now: datetime
) -> None:
    """Set the amount aside, or raise `NotEnoughBalance` when it is not free."""
    await check_free(session, account, amount)
    row = {"reference": reference, "account_uuid": account, "amount": amount, "created_on": now}
    await session.execute(_SET_ASIDE, row)


async def let_go(session: AsyncSession, reference: UUID) -> None:
    """Free what was set aside for this."""
    await session.execute(_LET_GO, {"what": reference})
