"""Leases: an account's hold on a number, with what is switched on for it and where it leads.

There is one lease of a number at a time; the database itself refuses a second (the unique index
over leases that were not released). A released lease stays as history.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ForeignKey,
    Index,
    Select,
    String,
    UniqueConstraint,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from opentact.kit.by_keys import ByKeys
from opentact.kit.entities import Base, Stamped

from .faults import LeaseNotFound
from .features import Feature
from .inventory import Tn, TnKey
from .targets import Target, check_target


class Lease(Stamped, Base):
    """A number that an account holds until `expired_on`.

    It points at a SIP connection or at a SIP control app, never at both (spec/11 D-24).
    `paid` features stay paid until `expired_on`, also while they are switched off.
    """

    __tablename__ = "tn_lease"

    tn: Mapped[int] = mapped_column(TnKey, ForeignKey("tn.tn"))
    account_uuid: Mapped[UUID] = mapped_column(ForeignKey("account.uuid"))
    expired_on: Mapped[datetime]
    order_uuid: Mapped[UUID | None] = mapped_column(ForeignKey("tn_order.uuid"), default=None)
    item_uuid: Mapped[UUID | None] = mapped_column(default=None)
    created_by: Mapped[UUID | None] = mapped_column(default=None)
    modified_by: Mapped[UUID | None] = mapped_column(default=None)
    autorenew: Mapped[bool] = mapped_column(default=True)
    mms: Mapped[bool] = mapped_column(default=False)
    fax: Mapped[bool] = mapped_column(default=False)
    emergency: Mapped[bool] = mapped_column(default=False)
    messaging_profile_uuid: Mapped[UUID | None] = mapped_column(index=True, default=None)
    sip_connection_uuid: Mapped[UUID | None] = mapped_column(index=True, default=None)
    sip_control_app_uuid: Mapped[UUID | None] = mapped_column(index=True, default=None)
    tn_profile_uuid: Mapped[UUID | None] = mapped_column(index=True, default=None)
    released_on: Mapped[datetime | None] = mapped_column(default=None)
    release_reason: Mapped[str | None] = mapped_column(default=None)


HELD = Lease.released_on.is_(None)

Index("uq_tn_lease_held", Lease.tn, unique=True, sqlite_where=HELD, postgresql_where=HELD)
Index("ix_tn_lease_account", Lease.account_uuid, Lease.created_on)
Index("ix_tn_lease_order", Lease.order_uuid)
Index("ix_tn_lease_expiry", Lease.expired_on, sqlite_where=HELD, postgresql_where=HELD)


class Subscription(Stamped, Base):
    """A feature switched on for a lease. It was paid until `paid_until`, in use or not."""

    __tablename__ = "tn_subscription"
    __table_args__ = (UniqueConstraint("lease_uuid", "type"),)

    lease_uuid: Mapped[UUID] = mapped_column(ForeignKey("tn_lease.uuid"))
    type: Mapped[str] = mapped_column(String(16))
    paid_until: Mapped[datetime]
    sms_campaign: Mapped[str | None] = mapped_column(default=None)
    ended_on: Mapped[datetime | None] = mapped_column(default=None)


_SUBSCRIPTION: Any = Subscription.__table__
_SWITCHED_ON = ByKeys(
    select(_SUBSCRIPTION)
    .where(_SUBSCRIPTION.c.ended_on.is_(None))
    .order_by(_SUBSCRIPTION.c.type.desc()),
    _SUBSCRIPTION.c.lease_uuid,
)


def leases_of(account: UUID) -> Select[Lease]:
    """Select what the account holds."""
    return select(Lease).where(Lease.account_uuid == account, HELD)


async def active_lease(session: AsyncSession, tn: int) -> Lease | None:
    """Find who holds the number, whichever account it is: for calls and messages that come in.

    The lease may be past its `expired_on` until the expiry job has run; the caller looks.
    """
    return await session.scalar(select(Lease).where(Lease.tn == tn, HELD))


async def get_lease(
    session: AsyncSession, account: UUID, name: UUID | int, *, change: bool = False
) -> Lease:
    """Load the account's lease by its uuid or its number, or `LeaseNotFound`.

    With `change` nobody else changes it until the unit of work ends.
    """
    what = Lease.tn == name if isinstance(name, int) else Lease.uuid == name
    query = leases_of(account).where(what)
    lease = await session.scalar(query.with_for_update() if change else query)
    if lease is None:
        raise LeaseNotFound("TNLease not found")
    return lease


async def subscriptions_of(session: AsyncSession, leases: Sequence[UUID]) -> dict[UUID, list[Any]]:
    """Load what is switched on for each of these leases, as rows."""
    found: dict[UUID, list[Any]] = {uuid: [] for uuid in leases}
    for row in await _SWITCHED_ON.rows(session, leases):
        found[row.lease_uuid].append(row)
    return found


async def subscribed(session: AsyncSession, lease: Lease, feature: Feature) -> bool:
    """Tell whether the feature is switched on for the lease."""
    on = await session.scalar(
        select(Subscription.uuid).where(
            Subscription.lease_uuid == lease.uuid,
            Subscription.type == feature.value,
            Subscription.ended_on.is_(None),
        )
    )
    return on is not None


async def point(session: AsyncSession, lease: Lease, kind: Target, target: UUID | None) -> None:
    """Point the lease at something of its account, or with None at nothing.

    A connection takes the place of an app, and the other way round.
    """
    if target is not None:
        await check_target(session, lease.account_uuid, kind, target)
    setattr(lease, kind.column, target)
    other = {Target.CONNECTION: Target.APP, Target.APP: Target.CONNECTION}.get(kind)
    if other is not None and target is not None:
        setattr(lease, other.column, None)


async def assign(
    session: AsyncSession,
    account: UUID,
    add: Sequence[UUID],
    remove: Sequence[UUID],
    *,
    connection: UUID | None = None,
    app: UUID | None = None,
    now: datetime,
) -> list[Lease]:
    """Point leases at a connection or an app, and others away from it. Returns all of them.

    A lease that is not the account's raises `LeaseNotFound`, and nothing is changed. Removing a
    lease that points elsewhere leaves it alone.
    """
    kind, target = (Target.APP, app) if connection is None else (Target.CONNECTION, connection)
    if target is None:
        raise TypeError("assign needs a connection or an app")
    await check_target(session, account, kind, target)
    wanted = dict.fromkeys((*add, *remove))
    query = leases_of(account).where(Lease.uuid.in_(wanted)).order_by(Lease.uuid)
    found = {lease.uuid: lease for lease in await session.scalars(query.with_for_update())}
    missing = [str(uuid) for uuid in wanted if uuid not in found]
    if missing:
        raise LeaseNotFound(f"TNLease not found: {', '.join(missing)}")
    for uuid in remove:
        if getattr(found[uuid], kind.column) == target:
            setattr(found[uuid], kind.column, None)
            found[uuid].modified_on = now
    for uuid in add:
        _aim(found[uuid], kind, target, now)
    await session.flush()
    return [found[uuid] for uuid in wanted]


def _aim(lease: Lease, kind: Target, target: UUID, now: datetime) -> None:
    other = Target.CONNECTION if kind is Target.APP else Target.APP
    setattr(lease, kind.column, target)
    setattr(lease, other.column, None)
    lease.modified_on = now


async def release(session: AsyncSession, lease: Lease, *, reason: str, now: datetime) -> None:
    """Give the number back: it is for sale again, and nothing points anywhere any more."""
    lease.released_on = lease.modified_on = now
    lease.release_reason = reason
    lease.sip_connection_uuid = lease.sip_control_app_uuid = None
    lease.messaging_profile_uuid = lease.tn_profile_uuid = None
    await session.flush()
    await session.execute(
        update(Subscription)
        .where(Subscription.lease_uuid == lease.uuid, Subscription.ended_on.is_(None))
        .values(ended_on=now, modified_on=now)
    )
    await put_on_sale(session, [lease.tn], now=now)


async def put_on_sale(session: AsyncSession, tns: Sequence[int], *, now: datetime) -> None:
    """Offer numbers in the inventory again, unless the operator has withdrawn them."""
    values: dict[str, Any] = {"off_sale_on": None, "modified_on": now}
    await session.execute(
        update(Tn)
        .where(Tn.tn.in_(tns), Tn.deleted_on.is_(None))
        .values(values)
        .execution_options(synchronize_session=False)
    )
