"""Accounts: who owns numbers, calls and money (spec/02)."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from opentact.kit.entities import Base, JsonColumn, Stamped
from opentact.kit.faults import NotFound
from opentact.kit.money import ZERO


class Level(StrEnum):
    """How far an account is trusted (spec/12, EAccountLevel)."""

    SERVICE = "ServiceAccount"
    LEVEL0 = "Level0"
    LEVEL1 = "Level1"
    LEVEL2 = "Level2"


class Account(Stamped, Base):
    """One tenant. `balance` is changed only by the ledger, in the transaction of its entry.

    `time_zone` is an IANA name: its days begin at midnight there. `countries` are those its
    calls may go to where a profile does not say; None is the platform's usual ones.
    `channel_limit` and `calls_per_second` are the operator's limits of all its calls.
    """

    __tablename__ = "account"

    name: Mapped[str]
    email: Mapped[str]
    level: Mapped[Level] = mapped_column(default=Level.LEVEL0)
    balance: Mapped[Decimal] = mapped_column(default=ZERO)
    time_zone: Mapped[str] = mapped_column(default="UTC")
    phone: Mapped[str | None] = mapped_column(default=None)
    address1: Mapped[str | None] = mapped_column(default=None)
    address2: Mapped[str | None] = mapped_column(default=None)
    zip_code: Mapped[str | None] = mapped_column(default=None)
    city: Mapped[str | None] = mapped_column(default=None)
    deleted_on: Mapped[datetime | None] = mapped_column(default=None)
    disabled_on: Mapped[datetime | None] = mapped_column(default=None)
    balance_changed: Mapped[bool] = mapped_column(default=True)
    balance_threshold: Mapped[Decimal | None] = mapped_column(default=None)
    countries: Mapped[list[str] | None] = mapped_column(JsonColumn, default=None)
    channel_limit: Mapped[int | None] = mapped_column(default=None)
    calls_per_second: Mapped[int | None] = mapped_column(default=None)

    @property
    def is_open(self) -> bool:
        """Whether the account may order, call and be called."""
        return self.deleted_on is None and self.disabled_on is None


async def get_account(session: AsyncSession, uuid: UUID) -> Account:
    """Load the account as it is now, or `NotFound`."""
    account = await session.scalar(
        select(Account).where(Account.uuid == uuid).execution_options(populate_existing=True)
    )
    if account is None:
        raise NotFound("Account not found")
    return account
