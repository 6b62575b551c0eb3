"""Leases seen from what they point at: which there are, and what that forbids."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from opentact.numbers.leases import Lease, leases_of
from opentact.numbers.targets import Target
from opentact.voice.domains import SipDomain
from opentact.voice.usage import refuse_if_used

from .lease_view import show_leases
from .services import Services
from .wire.leases import LeaseOut


async def leases_at(
    session: AsyncSession, account: UUID, kind: Target, target: UUID
) -> list[Lease]:
    """List the account's leases that point at the thing, oldest first."""
    query = leases_of(account).where(getattr(Lease, kind.column) == target)
    return list(await session.scalars(query.order_by(Lease.created_on, Lease.uuid)))


async def refuse_if_leased(
    session: AsyncSession, account: UUID, kind: Target, target: UUID, name: str
) -> None:
    """Raise `InUse`, naming them, if any lease or SIP domain points at the thing."""
    users = [f"+{lease.tn}" for lease in await leases_at(session, account, kind, target)]
    if kind in {Target.CONNECTION, Target.APP}:
        here = select(SipDomain.domain).where(getattr(SipDomain, kind.column) == target)
        users += await session.scalars(here.order_by(SipDomain.domain))
    refuse_if_used(f'{kind.value[1]} "{name}"', users)


async def leases_by_uuid(
    session: AsyncSession, services: Services, account: UUID, uuids: Iterable[UUID | None]
) -> dict[UUID, LeaseOut]:
    """Write those of the leases that the account still holds."""
    wanted = {uuid for uuid in uuids if uuid is not None}
    if not wanted:
        return {}
    found = list(await session.scalars(leases_of(account).where(Lease.uuid.in_(wanted))))
    shown = await show_leases(session, services, account, found)
    return {lease.uuid: out for lease, out in zip(found, shown, strict=True)}
