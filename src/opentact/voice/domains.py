"""SIP domains: `<name>.sip.<base>`, where SIP users, switches and invites live (spec/05).

A domain points at no more than one SIP connection, one control app and one outbound voice
profile. Its name is nobody else's on the whole platform, because phones log in by it.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from opentact.accounts.ownership import InUse, Owned, Owner, get_to_point_at
from opentact.kit.entities import Base
from opentact.kit.faults import BadField, Conflict, NotFound

from .apps import SipControlApp
from .connections import SipConnection
from .outbound_profiles import OutboundVoiceProfile

# One label, so that one wildcard certificate serves all; 63 is DNS's own limit (RFC 1035).
LABEL = re.compile(r"(?!.*--)[a-z0-9](?:[a-z0-9-]{1,61})[a-z0-9]")
_LINKS: dict[str, type[SipConnection | SipControlApp | OutboundVoiceProfile]] = {
    "sip_connection_uuid": SipConnection,
    "sip_control_app_uuid": SipControlApp,
    "outbound_voice_profile_uuid": OutboundVoiceProfile,
}


class DomainTaken(Conflict):
    """A SIP domain of this name exists already, perhaps of another account: choose another."""

    code = "domain_taken"


class SipDomain(Owned, Base):
    """A domain by its full name, `acme.sip.example.com`, in lower case."""

    __tablename__ = "sip_domain"
    called = "SIP domain"

    domain: Mapped[str] = mapped_column(unique=True)
    sip_connection_uuid: Mapped[UUID | None] = mapped_column(
        ForeignKey("sip_connection.uuid"), index=True, default=None
    )
    sip_control_app_uuid: Mapped[UUID | None] = mapped_column(
        ForeignKey("sip_control_app.uuid"), index=True, default=None
    )
    outbound_voice_profile_uuid: Mapped[UUID | None] = mapped_column(
        ForeignKey("outbound_voice_profile.uuid"), index=True, default=None
    )

    @property
    def name(self) -> str:
        """The name that sentences use."""
        return self.domain


def sound_label(given: str) -> str:
    """Check what stands before the base; ValueError says what is wrong with it."""
    if not LABEL.fullmatch(given.lower()):
        raise ValueError("expected a name of 3 to 63 letters, digits and single hyphens")
    return given


def full_name(given: str, base: str) -> str:
    """Make `acme.<base>` of `acme` or of the full name; ValueError says what is wrong."""
    name = given.strip().lower().removesuffix(".").removesuffix(f".{base}")
    if not LABEL.fullmatch(name):
        raise ValueError(
            f"expected 3 to 63 letters, digits and single hyphens, alone or before .{base}"
        )
    return f"{name}.{base}"


async def get_domain(
    session: AsyncSession, account: UUID, name: str, *, to_change: bool = False
) -> SipDomain:
    """Load the account's domain by its full name, or `NotFound`.

    `to_change` keeps others from changing or removing it, and from adding to it (PostgreSQL).
    """
    query = select(SipDomain).where(SipDomain.domain == name, SipDomain.account_uuid == account)
    if to_change:
        query = query.with_for_update()
    return _there(await session.scalar(query))


async def domain_by_name(session: AsyncSession, name: str) -> SipDomain | None:
    """Find any account's domain, for a call or a login that names it."""
    return await session.scalar(select(SipDomain).where(SipDomain.domain == name.lower()))


async def domains_at(session: AsyncSession, things: Iterable[Owned]) -> dict[UUID, list[SipDomain]]:
    """Find the domains that point at connections, apps and profiles, by what they point at."""
    found = defaultdict[UUID, list[SipDomain]](list)
    for name, kind in _LINKS.items():
        uuids = [thing.uuid for thing in things if isinstance(thing, kind)]
        if not uuids:
            continue
        column = getattr(SipDomain, name)
        query = select(SipDomain).where(column.in_(uuids)).order_by(SipDomain.domain)
        for domain in await session.scalars(query):
            found[getattr(domain, name)].append(domain)
    return found


async def create_domain(
    session: AsyncSession, owner: Owner, domain: str, links: Mapping[str, Any], now: datetime
) -> SipDomain:
    """Make a domain of a full name, or `DomainTaken`."""
    await _check_links(session, owner, links)
    made = SipDomain(domain=domain, **links, **owner.makes(now))
    try:
        async with session.begin_nested():
            session.add(made)
            await session.flush()
    except IntegrityError:
        taken = BadField("taken", domain)
        raise DomainTaken(f"{domain} is taken", fields={"params.domain": taken}) from None
    return made


async def change_domain(
    session: AsyncSession,
    owner: Owner,
    domain: SipDomain,
    links: Mapping[str, Any],
    now: datetime,
) -> None:
    """Point the domain where `links` say."""
    await _check_links(session, owner, links)
    owner.changes(domain, links, now)
    await session.flush()


async def remove_domain(session: AsyncSession, domain: SipDomain) -> None:
    """Remove a domain without users, its switches and invites with it; else `InUse`."""
    # Imported here: users belong to domains, and only this asks the other way round.
    from .sip_users import SipUser  # noqa: PLC0415

    mine = select(func.count()).where(SipUser.sip_domain_uuid == domain.uuid)
    users = await session.scalar(mine)
    if users:
        more = "a SIP user" if users == 1 else f"{users} SIP users"
        raise InUse(f"{domain.domain} still has {more}; remove them first")
    await session.delete(domain)
    await session.flush()


async def _check_links(session: AsyncSession, owner: Owner, links: Mapping[str, Any]) -> None:
    for column, kind in _LINKS.items():
        if links.get(column) is not None:
            await get_to_point_at(session, kind, owner.account, links[column])


def _there(domain: SipDomain | None) -> SipDomain:
    if domain is None:
        raise NotFound("SIP domain not found")
    return domain
