"""Messaging profiles: how numbers send and receive texts together (spec/04).

Every account has one from the start, its default. All numbers of a profile form a pool.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from opentact.accounts.ownership import InUse, Owned, Owner, get_to_change
from opentact.kit.entities import Base

DEFAULT_NAME = "default messaging profile"


class MessagingProfile(Owned, Base):
    """Webhooks, and how a number is picked from the pool.

    Weights go from 0 (never pick from this class) to 9.
    """

    __tablename__ = "messaging_profile"
    __table_args__ = (
        Index(
            "uq_messaging_profile_default",
            "account_uuid",
            unique=True,
            sqlite_where=text("is_default"),
            postgresql_where=text("is_default"),
        ),
    )
    called = "Messaging profile"

    name: Mapped[str]
    callback_url: Mapped[str | None] = mapped_column(default=None)
    callback_url2: Mapped[str | None] = mapped_column(default=None)
    number_pool_enable: Mapped[bool] = mapped_column(default=False)
    long_code_weight: Mapped[int] = mapped_column(default=1)
    tollfree_weight: Mapped[int] = mapped_column(default=1)
    skip_unhealthy_tns: Mapped[bool] = mapped_column(default=False)
    sticky_sender: Mapped[bool] = mapped_column(default=False)
    is_default: Mapped[bool] = mapped_column(default=False)


async def find_default_profile(session: AsyncSession, account: UUID) -> MessagingProfile | None:
    """Find the account's default profile, if it was made already."""
    query = select(MessagingProfile).where(MessagingProfile.account_uuid == account)
    return await session.scalar(query.where(MessagingProfile.is_default))


async def default_profile(session: AsyncSession, account: UUID, now: datetime) -> MessagingProfile:
    """Give the account's default profile; make it if there is none, once even if two do."""
    there = await find_default_profile(session, account)
    if there is not None:
        return there
    made = MessagingProfile(
        account_uuid=account, name=DEFAULT_NAME, is_default=True, created_on=now, modified_on=now
    )
    try:
        async with session.begin_nested():
            session.add(made)
    except IntegrityError:
        there = await find_default_profile(session, account)
        if there is None:
            raise
        return there
    return made


async def create_profile(
    session: AsyncSession, owner: Owner, values: Mapping[str, Any], now: datetime
) -> MessagingProfile:
    """Make a profile."""
    profile = MessagingProfile(**values, **owner.makes(now))
    session.add(profile)
    await session.flush()
    return profile


async def change_profile(
    session: AsyncSession, owner: Owner, uuid: UUID, values: Mapping[str, Any], now: datetime
) -> MessagingProfile:
    """Change what `values` names."""
    profile = await get_to_change(session, MessagingProfile, owner.account, uuid)
    owner.changes(profile, values, now)
    await session.flush()
    return profile


async def remove_profile(session: AsyncSession, profile: MessagingProfile) -> None:
    """Remove a profile that no number uses; the default one stays, or `InUse`."""
    if profile.is_default:
        raise InUse("The default messaging profile is the account's own and cannot be removed")
    await session.delete(profile)
    await session.flush()
