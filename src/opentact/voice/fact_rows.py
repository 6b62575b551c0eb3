"""Rows of users and connections, read as the facts that routing works with."""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from opentact.numbers.leases import Lease

from .connections import SipConnection
from .domains import SipDomain
from .facts import ConnectionFacts, UserFacts, bypasses
from .sip_users import SipUser

_COLUMNS = (
    SipUser.uuid,
    SipUser.login,
    SipUser.login_key,
    SipUser.sip_domain_uuid,
    SipUser.is_active,
    SipUser.same_domain_calls_only,
    SipUser.first_name,
    SipUser.last_name,
    Lease.tn,
)
USERS = select(*_COLUMNS).outerjoin(
    Lease, (Lease.uuid == SipUser.tn_lease_uuid) & Lease.released_on.is_(None)
)
_OWNERS = (
    select(*_COLUMNS, SipUser.tn_lease_uuid, SipDomain.domain)
    .join(SipDomain, SipDomain.uuid == SipUser.sip_domain_uuid)
    .join(Lease, Lease.uuid == SipUser.tn_lease_uuid)
    .order_by(SipUser.created_on.desc(), SipUser.uuid.desc())
)


def user_facts(row: Any) -> UserFacts:
    """Read a row of `USERS`."""
    return UserFacts(
        row.uuid,
        row.login,
        row.sip_domain_uuid,
        row.is_active,
        row.same_domain_calls_only,
        row.tn,
        " ".join(filter(None, (row.first_name, row.last_name))),
    )


def connection_facts(connection: SipConnection) -> ConnectionFacts:
    """Read what routing needs of a connection."""
    return ConnectionFacts(
        connection.uuid,
        connection.name,
        connection.is_active,
        bypasses(connection.class4_egress_trunk_settings),
        connection.outbound_voice_profile_uuid,
    )


async def owners_of(
    session: AsyncSession, leases: Collection[UUID]
) -> Mapping[UUID, tuple[UserFacts, str]]:
    """Find the user who owns each lease, the oldest of several, with the name of its domain."""
    if not leases:
        return {}
    rows = await session.execute(_OWNERS.where(SipUser.tn_lease_uuid.in_(leases)))
    return {row.tn_lease_uuid: (user_facts(row), row.domain) for row in rows}
