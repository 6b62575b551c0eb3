"""TN profiles: the platform's price lists of numbers, and a customer's own screening lists.

One object carries both meanings the name has had (spec/11 D-3). A profile without an account is
the platform's: numbers are on it, and it says what they cost. One with an account belongs to a
customer: it holds whom the numbers that carry it let call, and shows the usual prices.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, Uuid, bindparam, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, MappedAsDataclass, mapped_column

from opentact.kit.entities import Base, JsonColumn, Stamped
from opentact.kit.money import ZERO

from .faults import ProfileNotFound

DEFAULT = "US"


class Prices(MappedAsDataclass, kw_only=True, eq=False):
    """What a number costs, in dollars: once (nrc), each month (mrc), and by use."""

    nrc: Mapped[Decimal] = mapped_column(default=ZERO)
    mrc: Mapped[Decimal] = mapped_column(default=ZERO)
    voice_nrc: Mapped[Decimal] = mapped_column(default=ZERO)
    voice_mrc: Mapped[Decimal] = mapped_column(default=ZERO)
    voice_incoming_per_min_cost: Mapped[Decimal] = mapped_column(default=ZERO)
    voice_outgoing_per_min_cost: Mapped[Decimal] = mapped_column(default=ZERO)
    sms_nrc: Mapped[Decimal] = mapped_column(default=ZERO)
    sms_mrc: Mapped[Decimal] = mapped_column(default=ZERO)
    sms_per_send_cost: Mapped[Decimal] = mapped_column(default=ZERO)
    sms_per_receive_cost: Mapped[Decimal] = mapped_column(default=ZERO)


class TnProfile(Stamped, Prices, Base):
    """A price list (no account), or a customer's screening lists."""

    __tablename__ = "tn_profile"
    __table_args__ = (Index("uq_tn_profile_name", "account_uuid", "name", unique=True),)

    name: Mapped[str] = mapped_column(String(255))
    account_uuid: Mapped[UUID | None] = mapped_column(ForeignKey("account.uuid"), default=None)
    description: Mapped[str | None] = mapped_column(default=None)
    is_active: Mapped[bool] = mapped_column(default=True)
    priority: Mapped[str] = mapped_column(String(8), default="normal")
    provider: Mapped[str] = mapped_column(String(32), default="dev")
    toll_free: Mapped[bool] = mapped_column(default=False)
    country: Mapped[str] = mapped_column(String(2), default="US")
    blacklist: Mapped[list[str]] = mapped_column(JsonColumn, default_factory=list)
    whitelist: Mapped[list[str]] = mapped_column(JsonColumn, default_factory=list)


class TnSpecialPrice(Stamped, Prices, Base):
    """What one account pays instead for the numbers of a profile, until `expired_on`."""

    __tablename__ = "tn_special_price"
    __table_args__ = (Index("ix_tn_special_price_account", "account_uuid", "name"),)

    account_uuid: Mapped[UUID] = mapped_column(ForeignKey("account.uuid"))
    name: Mapped[str] = mapped_column(String(255))
    description: Mapped[str | None] = mapped_column(default=None)
    expired_on: Mapped[datetime | None] = mapped_column(default=None)


# Made once and for the tables: making a statement costs more than running it.
_PROFILE: Any = TnProfile.__table__
_SPECIAL: Any = TnSpecialPrice.__table__
_PLATFORM = _PROFILE.c.account_uuid.is_(None)
_LISTS = select(_PROFILE).where(_PLATFORM, _PROFILE.c.name.in_(bindparam("names", expanding=True)))
_SPECIALS = (
    select(_SPECIAL)
    .where(
        _SPECIAL.c.account_uuid == bindparam("account", type_=Uuid()),
        or_(_SPECIAL.c.expired_on.is_(None), _SPECIAL.c.expired_on > bindparam("now")),
    )
    .order_by(_SPECIAL.c.created_on, _SPECIAL.c.uuid)
)


def _usual(now: datetime) -> list[TnProfile]:
    us = _list("US", "Local numbers of the United States", now)
    us.nrc, us.mrc, us.sms_mrc = Decimal("0.50"), Decimal("1.00"), Decimal("0.20")
    ca = _list("CA", "Local numbers of Canada", now)
    ca.country = "CA"
    ca.nrc, ca.mrc, ca.sms_mrc = Decimal("0.50"), Decimal("1.25"), Decimal("0.25")
    tf = _list("TF", "Toll-free numbers", now)
    tf.toll_free = True
    tf.nrc, tf.mrc = Decimal("1.00"), Decimal("2.00")
    tf.sms_nrc, tf.sms_mrc = Decimal("0.50"), Decimal("0.50")
    tf.voice_incoming_per_min_cost = Decimal("0.0180")
    return [us, ca, tf]


def _list(name: str, description: str, now: datetime) -> TnProfile:
    return TnProfile(
        name=name,
        description=description,
        voice_incoming_per_min_cost=Decimal("0.0085"),
        voice_outgoing_per_min_cost=Decimal("0.0140"),
        sms_per_send_cost=Decimal("0.0079"),
        sms_per_receive_cost=Decimal("0.0079"),
        created_on=now,
        modified_on=now,
    )


async def seed_profiles(session: AsyncSession, *, now: datetime) -> None:
    """Write the usual price lists that are not there yet; what an operator changed stays."""
    there = set(
        await session.scalars(select(TnProfile.name).where(TnProfile.account_uuid.is_(None)))
    )
    session.add_all(profile for profile in _usual(now) if profile.name not in there)
    await session.flush()


async def price_lists(
    session: AsyncSession, account: UUID, names: Iterable[str], *, now: datetime
) -> Mapping[str, Any]:
    """Look up what the account pays on each of these profiles: its special price goes first.

    They are rows with the columns of `Prices`. A name that is no profile is missing.
    """
    found = await platform_profiles(session, names)
    for special in await special_prices(session, account, now=now):
        if special.name in found:
            found[special.name] = special
    return found


async def platform_profiles(session: AsyncSession, names: Iterable[str]) -> dict[str, Any]:
    """Load the platform's profiles of these names, as rows."""
    found = await session.execute(_LISTS, {"names": sorted(set(names))})
    return {row.name: row for row in found}


async def special_prices(session: AsyncSession, account: UUID, *, now: datetime) -> list[Any]:
    """List the account's special prices in force as rows, the oldest first.

    The newest of a name counts.
    """
    return list(await session.execute(_SPECIALS, {"account": account, "now": now}))


async def profile_named(session: AsyncSession, name: str) -> TnProfile:
    """Find the platform's profile of this name, or `ProfileNotFound`."""
    found = await session.scalar(
        select(TnProfile).where(TnProfile.account_uuid.is_(None), TnProfile.name == name)
    )
    if found is None:
        raise ProfileNotFound("Profile not found")
    return found


async def profiles_for(session: AsyncSession, account: UUID) -> list[TnProfile]:
    """List the platform's profiles and the account's own, by name."""
    found = await session.scalars(
        select(TnProfile)
        .where(or_(TnProfile.account_uuid.is_(None), TnProfile.account_uuid == account))
        .order_by(TnProfile.account_uuid.is_not(None), TnProfile.name)
    )
    return list(found)


async def get_profile(
    session: AsyncSession, account: UUID, uuid: UUID, *, own: bool = False
) -> TnProfile:
    """Load a profile the account may see (or, `own`, change), or `ProfileNotFound`."""
    visible = TnProfile.account_uuid == account
    found = await session.scalar(
        select(TnProfile).where(
            TnProfile.uuid == uuid,
            visible if own else or_(visible, TnProfile.account_uuid.is_(None)),
        )
    )
    if found is None:
        raise ProfileNotFound("Profile not found")
    return found
