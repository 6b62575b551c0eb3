"""Loading what lease objects show, in a few queries however many leases."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from opentact.accounts.accounts import get_account
from opentact.accounts.users import User
from opentact.numbers.leases import Lease, subscriptions_of
from opentact.numbers.targets import Target, shorts

from .services import Services
from .wire.leases import LeaseAround, LeaseOut, lease_out


async def show_leases(
    session: AsyncSession, services: Services, account: UUID, leases: Sequence[Lease]
) -> list[LeaseOut]:
    """Write leases of one account."""
    if not leases:
        return []
    around = await around_leases(session, services, account, leases)
    return [lease_out(lease, around) for lease in leases]


async def around_leases(
    session: AsyncSession,
    services: Services,
    account: UUID,
    leases: Sequence[Lease],
    *,
    users: Iterable[UUID | None] = (),
) -> LeaseAround:
    """Load the account, users, subscriptions and targets of leases; `users` are loaded as well."""
    wanted = {uuid for lease in leases for uuid in (lease.created_by, lease.modified_by)}
    users = await load_users(session, {*wanted, *users})
    return LeaseAround(
        account=await get_account(session, account),
        users=users,
        online=frozenset(uuid for uuid in users if services.online(uuid)),
        subscriptions=await subscriptions_of(session, [lease.uuid for lease in leases]),
        targets={
            kind: await shorts(session, kind, (getattr(lease, kind.column) for lease in leases))
            for kind in Target
        },
    )


async def load_users(session: AsyncSession, uuids: Iterable[UUID | None]) -> dict[UUID, User]:
    """Load users by their uuids."""
    wanted = {uuid for uuid in uuids if uuid is not None}
    if not wanted:
        return {}
    found = await session.scalars(select(User).where(User.uuid.in_(wanted)))
    return {user.uuid: user for user in found}
