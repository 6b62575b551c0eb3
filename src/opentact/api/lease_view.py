"""Loading what lease objects show, in a few queries however many leases."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from opentact.accounts.accounts import Account
from opentact.accounts.users import User
from opentact.kit.by_keys import ByKeys
from opentact.kit.faults import NotFound
from opentact.numbers.leases import subscriptions_of
from opentact.numbers.targets import Target, shorts

from .services import Services
from .wire.leases import LeaseAround, LeaseOut, lease_out

NOTHING = LeaseAround()
_ACCOUNT: Any = Account.__table__
_USER: Any = User.__table__
_OWNER = select(_ACCOUNT).where(_ACCOUNT.c.uuid == bindparam("account"))
_USERS = ByKeys(select(_USER), _USER.c.uuid)


async def show_leases(
    session: AsyncSession, services: Services, account: UUID, leases: Sequence[Any]
) -> list[LeaseOut]:
    """Write leases (entities or rows) of one account."""
    if not leases:
        return []
    around = await around_leases(session, services, account, leases)
    return [lease_out(lease, around) for lease in leases]


async def around_leases(
    session: AsyncSession,
    services: Services,
    account: UUID,
    leases: Sequence[Any],
    *,
    users: Iterable[UUID | None] = (),
    known: LeaseAround = NOTHING,
) -> LeaseAround:
    """Load the account, users, subscriptions and targets of leases; `users` are loaded as well.

    What is `known` is not loaded again: the account, some users, or all subscriptions.
    """
    wanted = {uuid for lease in leases for uuid in (lease.created_by, lease.modified_by)}
    missing = {*wanted, *users} - known.users.keys()
    found = {**known.users, **await load_users(session, missing)}
    return LeaseAround(
        account=known.account or await _owner(session, account),
        users=found,
        online=frozenset(uuid for uuid in found if services.online(uuid)),
        subscriptions=known.subscriptions
        or await subscriptions_of(session, [lease.uuid for lease in leases]),
        targets={
            kind: await shorts(session, kind, (getattr(lease, kind.column) for lease in leases))
            for kind in Target
        },
    )


async def _owner(session: AsyncSession, account: UUID) -> Any:
    found = (await session.execute(_OWNER, {"account": account})).one_or_none()
    if found is None:
        raise NotFound("Account not found")
    return found


async def load_users(session: AsyncSession, uuids: Iterable[UUID | None]) -> dict[UUID, Any]:
    """Load users by their uuids, as rows."""
    wanted = {uuid for uuid in uuids if uuid is not None}
    return {user.uuid: user for user in await _USERS.rows(session, wanted)}
