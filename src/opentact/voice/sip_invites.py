"""SIP user invites: a token that lets whoever has it add themselves to a domain (spec/05).

It may be used any number of times until it expires or is removed.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from opentact.accounts.ownership import Owned, Owner
from opentact.kit.entities import Base
from opentact.kit.faults import BadField, BadRequest, NotFound


class SipInvite(Owned, Base):
    """An invite to a domain; its token is 48 random alphanumerics."""

    __tablename__ = "sip_invite"
    called = "SIP user invite"

    sip_domain_uuid: Mapped[UUID] = mapped_column(
        ForeignKey("sip_domain.uuid", ondelete="CASCADE"), index=True
    )
    name: Mapped[str]
    expired_on: Mapped[datetime]
    token: Mapped[str] = mapped_column(unique=True, repr=False)


async def create_invite(
    session: AsyncSession,
    owner: Owner,
    domain: UUID,
    values: Mapping[str, Any],
    *,
    token: str,
    now: datetime,
) -> SipInvite:
    """Make an invite to a domain of the owner's; `token` is a fresh secret."""
    invite = SipInvite(sip_domain_uuid=domain, token=token, **values, **owner.makes(now))
    _still_good(invite, now)
    session.add(invite)
    await session.flush()
    return invite


async def change_invite(
    session: AsyncSession,
    owner: Owner,
    invite: SipInvite,
    values: Mapping[str, Any],
    now: datetime,
) -> None:
    """Change what `values` names."""
    owner.changes(invite, values, now)
    if "expired_on" in values:
        _still_good(invite, now)
    await session.flush()


async def get_invite(
    session: AsyncSession, domain: UUID, uuid: UUID, *, to_change: bool = False
) -> SipInvite:
    """Load an invite of the domain, or `NotFound`."""
    query = select(SipInvite).where(SipInvite.uuid == uuid, SipInvite.sip_domain_uuid == domain)
    return _there(await session.scalar(query.with_for_update() if to_change else query))


async def invites_in(session: AsyncSession, domain: UUID) -> list[SipInvite]:
    """List the domain's invites, the expired ones included, oldest first."""
    query = select(SipInvite).where(SipInvite.sip_domain_uuid == domain)
    return list(await session.scalars(query.order_by(SipInvite.created_on, SipInvite.uuid)))


async def invite_by_token(session: AsyncSession, token: str, now: datetime) -> SipInvite:
    """Find an invite that is still good, or `NotFound`: unknown and expired look the same."""
    good = (SipInvite.token == token, SipInvite.expired_on > now)
    return _there(await session.scalar(select(SipInvite).where(*good)))


def _still_good(invite: SipInvite, now: datetime) -> None:
    if invite.expired_on <= now:
        wrong = BadField("expected a time to come", invite.expired_on.isoformat())
        raise BadRequest("Wrong value for: expired_on", fields={"params.expired_on": wrong})


def _there(invite: SipInvite | None) -> SipInvite:
    if invite is None:
        raise NotFound("SIP user invite not found")
    return invite
