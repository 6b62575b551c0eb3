"""Looking up who and what a call is about: domains, users, profiles, numbers held here.

Facts are at most a second old, and forgotten at once when this node changes a domain or a user
(voice/changes.py).
"""

import asyncio
from collections.abc import Collection, Mapping
from uuid import UUID

from sqlalchemy import Row, bindparam, select, tuple_
from sqlalchemy.orm import aliased

from opentact.accounts.accounts import Account
from opentact.kit.quick import quick
from opentact.kit.units import Storage
from opentact.numbers.leases import HELD, Lease

from .admission import flows_of
from .apps import SipControlApp
from .connections import SipConnection
from .domains import SipDomain
from .fact_rows import USERS, connection_facts, user_facts
from .facts import (
    AppFacts,
    DomainFacts,
    ProfileFacts,
    UserFacts,
)
from .outbound_profiles import OutboundVoiceProfile
from .remembered import Remembered
from .sip_users import SipUser
from .verified_numbers import verified_among

UserKey = tuple[UUID, str]
"""A domain and a login in lower case."""

_SHOWN = aliased(Lease)
_DOMAINS = (
    select(SipDomain, Account, SipControlApp, SipConnection, OutboundVoiceProfile, _SHOWN.tn)
    .join(Account, Account.uuid == SipDomain.account_uuid)
    .outerjoin(SipControlApp, SipControlApp.uuid == SipDomain.sip_control_app_uuid)
    .outerjoin(SipConnection, SipConnection.uuid == SipDomain.sip_connection_uuid)
    .outerjoin(
        OutboundVoiceProfile, OutboundVoiceProfile.uuid == SipDomain.outbound_voice_profile_uuid
    )
    .outerjoin(
        _SHOWN,
        (_SHOWN.uuid == OutboundVoiceProfile.tn_lease_uuid) & _SHOWN.released_on.is_(None),
    )
    .where(SipDomain.domain.in_(bindparam("names", expanding=True)))
)
_PROFILES = (
    select(OutboundVoiceProfile, _SHOWN.tn, Account)
    .join(Account, Account.uuid == OutboundVoiceProfile.account_uuid)
    .outerjoin(
        _SHOWN,
        (_SHOWN.uuid == OutboundVoiceProfile.tn_lease_uuid) & _SHOWN.released_on.is_(None),
    )
    .where(OutboundVoiceProfile.uuid.in_(bindparam("uuids", expanding=True)))
)


class Directory:
    """Facts for the calls of one node."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        now = asyncio.get_running_loop().time
        self._domains: Remembered[str, DomainFacts] = Remembered(self._read_domains, now)
        self._users: Remembered[UserKey, UserFacts] = Remembered(self._read_users, now)
        self._profiles: Remembered[UUID, ProfileFacts] = Remembered(self._read_profiles, now)
        self._accounts: Remembered[UUID, Account] = Remembered(self._read_accounts, now)
        self._leases: Remembered[int, UUID] = Remembered(self._read_leases, now)
        self._verified: Remembered[tuple[UUID, int], bool] = Remembered(self._read_verified, now)

    async def domain(self, name: str) -> DomainFacts | None:
        """Find a hosted domain by its full name."""
        return await self._domains.get(name.lower())

    async def user(self, domain: UUID, login: str) -> UserFacts | None:
        """Find a user of a domain by login; case does not count."""
        return await self._users.get((domain, login.lower()))

    async def profile(self, uuid: UUID) -> ProfileFacts | None:
        """Find an outbound voice profile."""
        return await self._profiles.get(uuid)

    async def account(self, uuid: UUID) -> Account | None:
        """Find an account."""
        return await self._accounts.get(uuid)

    async def holder(self, number: int) -> UUID | None:
        """Tell whose number this is, None if nobody here holds it."""
        return await self._leases.get(number)

    async def may_show(self, account: UUID, number: int) -> bool:
        """Tell whether the account may show this number: it holds it, or has verified it."""
        if await self.holder(number) == account:
            return True
        return await self._verified.get((account, number)) is not None

    def forget(self, domain: UUID | None = None) -> None:
        """Read domains and users anew: something was changed."""
        del domain
        self._domains.forget()
        self._users.forget()

    async def _read_domains(self, names: Collection[str]) -> Mapping[str, DomainFacts]:
        with quick():
            async with self._storage.read() as session:
                rows = (await session.execute(_DOMAINS, {"names": [*names]})).all()
                apps = {row[2].uuid for row in rows if row[2] is not None}
                flows = await flows_of(session, apps)
        return {row[0].domain: _domain(row, flows) for row in rows}

    async def _read_users(self, keys: Collection[UserKey]) -> Mapping[UserKey, UserFacts]:
        query = USERS.where(tuple_(SipUser.sip_domain_uuid, SipUser.login_key).in_([*keys]))
        with quick():
            async with self._storage.read() as session:
                rows = (await session.execute(query)).all()
        return {(row.sip_domain_uuid, row.login_key): user_facts(row) for row in rows}

    async def _read_profiles(self, uuids: Collection[UUID]) -> Mapping[UUID, ProfileFacts]:
        with quick():
            async with self._storage.read() as session:
                rows = (await session.execute(_PROFILES, {"uuids": [*uuids]})).all()
        return {profile.uuid: ProfileFacts(profile, tn) for profile, tn, _ in rows}

    async def _read_accounts(self, uuids: Collection[UUID]) -> Mapping[UUID, Account]:
        with quick():
            async with self._storage.read() as session:
                rows = await session.scalars(select(Account).where(Account.uuid.in_(uuids)))
                return {account.uuid: account for account in rows}

    async def _read_leases(self, numbers: Collection[int]) -> Mapping[int, UUID]:
        with quick():
            async with self._storage.read() as session:
                query = select(Lease.tn, Lease.account_uuid).where(Lease.tn.in_(numbers), HELD)
                return {row[0]: row[1] for row in await session.execute(query)}

    async def _read_verified(
        self, wanted: Collection[tuple[UUID, int]]
    ) -> Mapping[tuple[UUID, int], bool]:
        with quick():
            async with self._storage.read() as session:
                return dict.fromkeys(await verified_among(session, wanted), True)


def _domain(
    row: "Row[SipDomain, Account, SipControlApp, SipConnection, OutboundVoiceProfile, int]",
    flows: Mapping[UUID, bytes],
) -> DomainFacts:
    domain, account, app, connection, profile, shown = row
    return DomainFacts(
        domain.uuid,
        domain.domain,
        account,
        AppFacts(app, flows.get(app.uuid)) if app is not None else None,
        connection_facts(connection) if connection is not None else None,
        ProfileFacts(profile, shown) if profile is not None else None,
    )
