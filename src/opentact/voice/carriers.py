"""The operator's carriers: who takes calls to the telephone network, and who delivers them.

They belong to the platform and not to an account; only admins see and change them. The account
that keeps one hears of its targets going down and coming up.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from opentact.kit.entities import Base, Json, JsonColumn, Stamped
from opentact.kit.faults import BadField, Conflict, NotFound


class CarrierExists(Conflict):
    """A carrier has this name already: choose another, or change the one there is."""

    code = "carrier_exists"


class Carrier(Stamped, Base):
    """A carrier.

    `targets` are {host, port, transport, priority, weight}: where calls go. `networks` are those
    it calls from, besides its targets. `routes` are {prefix, priority, product}: which numbers it
    carries; an empty prefix is every number, no product is all of them. `account_uuid` is the
    account that hears of its state.
    """

    __tablename__ = "carrier"

    name: Mapped[str] = mapped_column(unique=True)
    account_uuid: Mapped[UUID | None] = mapped_column(ForeignKey("account.uuid"), default=None)
    targets: Mapped[list[Json]] = mapped_column(JsonColumn, default_factory=list)
    networks: Mapped[list[str]] = mapped_column(JsonColumn, default_factory=list)
    routes: Mapped[list[Json]] = mapped_column(JsonColumn, default_factory=list)
    username: Mapped[str | None] = mapped_column(default=None)
    password: Mapped[str | None] = mapped_column(default=None, repr=False)
    register: Mapped[bool] = mapped_column(default=False)
    expires: Mapped[int] = mapped_column(default=3600)
    options_interval_s: Mapped[int] = mapped_column(default=30)
    is_active: Mapped[bool] = mapped_column(default=True)


async def list_carriers(session: AsyncSession) -> list[Carrier]:
    """List the carriers by name."""
    return list(await session.scalars(select(Carrier).order_by(Carrier.name)))


async def get_carrier(session: AsyncSession, uuid: UUID) -> Carrier:
    """Load a carrier, or `NotFound`."""
    found = await session.scalar(select(Carrier).where(Carrier.uuid == uuid).with_for_update())
    if found is None:
        raise NotFound("Carrier not found")
    return found


async def named_carrier(session: AsyncSession, name: str) -> Carrier:
    """Load a carrier by its name, or `NotFound`."""
    found = await session.scalar(select(Carrier).where(Carrier.name == name))
    if found is None:
        raise NotFound(f"No carrier is named {name!r}")
    return found


async def add_carrier(
    session: AsyncSession, account: UUID | None, values: Mapping[str, Any], now: datetime
) -> Carrier:
    """Add a carrier, or `CarrierExists`."""
    carrier = Carrier(**values, account_uuid=account, created_on=now, modified_on=now)
    await _settle(session, carrier)
    return carrier


async def change_carrier(
    session: AsyncSession, uuid: UUID, values: Mapping[str, Any], now: datetime
) -> Carrier:
    """Change what `values` names."""
    carrier = await get_carrier(session, uuid)
    for name, value in values.items():
        setattr(carrier, name, value)
    carrier.modified_on = now
    await _settle(session, carrier)
    return carrier


async def remove_carrier(session: AsyncSession, carrier: Carrier) -> None:
    """Remove a carrier; calls that live go on."""
    await session.delete(carrier)
    await session.flush()


async def _settle(session: AsyncSession, carrier: Carrier) -> None:
    try:
        async with session.begin_nested():
            session.add(carrier)
            await session.flush()
    except IntegrityError:
        taken = BadField("the name of another carrier", carrier.name)
        raise CarrierExists(
            f"There is a carrier named {carrier.name!r} already", fields={"params.name": taken}
        ) from None
