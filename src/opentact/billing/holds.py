"""Money set aside for what is being bought: still the account's, but not to be spent twice.

An order sets its whole cost aside when it is placed. Two orders for the last dollar meet here,
and the second is refused; what the first then pays is charged by the ledger, entry by entry.
"""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import ForeignKey, delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from opentact.accounts.accounts import Account
from opentact.kit.entities import Base
from opentact.kit.money import ZERO

from .ledger import NotEnoughBalance


class Hold(Base):
    """An amount set aside. `reference` is what it is for."""

    __tablename__ = "hold"

    reference: Mapped[UUID] = mapped_column(primary_key=True)
    account_uuid: Mapped[UUID] = mapped_column(ForeignKey("account.uuid"), index=True)
    amount: Mapped[Decimal]
    created_on: Mapped[datetime]


async def set_aside(
    session: AsyncSession, account: UUID, amount: Decimal, *, reference: UUID, now: datetime
) -> None:
    """Set the amount aside, or raise `NotEnoughBalance` when it is not free.

    The account's row is locked, so that on PostgreSQL two that come at once see each other.
    """
    balance = await session.scalar(
        select(Account.balance).where(Account.uuid == account).with_for_update(key_share=True)
    )
    held = await session.scalar(
        select(func.coalesce(func.sum(Hold.amount), ZERO)).where(Hold.account_uuid == account)
    )
    free = (balance or ZERO) - (held or ZERO)
    if amount > free:
        raise NotEnoughBalance(
            f"Not enough account balance: this costs {amount}, the free balance is {free}",
            meta="405 Insufficient Balance",
        )
    row = {"reference": reference, "account_uuid": account, "amount": amount, "created_on": now}
    await session.execute(insert(Hold), [row])


async def let_go(session: AsyncSession, reference: UUID) -> None:
    """Free what was set aside for this."""
    await session.execute(delete(Hold).where(Hold.reference == reference))
