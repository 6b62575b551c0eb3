"""SIP user invites: a token that lets whoever has it add themselves to a domain (spec/05).

It may be used any number of times until it expires or is removed.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from opentact.accounts.ownership import Owned
from opentact.kit.entities import Base
from opentact.kit.faults import NotFound


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


async def invite_by_token(session: AsyncSession, token: str, now: datetime) -> SipInvite:
    """Find an invite that is still good, or `NotFound`: unknown and expired look the same."""
    found = await session.scalar(select(SipInvite).where(SipInvite.token == token))
    if found is None or found.expired_on <= now:
        raise NotFound("SIP user invite not found")
    return found
