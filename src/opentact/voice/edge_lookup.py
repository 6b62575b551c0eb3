"""What a SIP edge in front of the platform asks: who calls from a domain, and by which prefix.

The answer holds what stands for a password; only the operator's own machines may see it.
"""

from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from opentact.numbers.leases import HELD, Lease

from .apps import SipControlApp
from .connections import SipConnection
from .domains import SipDomain
from .outbound_profiles import OutboundVoiceProfile
from .sip_users import SipUser, user_by_login


class EdgeAnswer(NamedTuple):
    """Spec/12, ISIPAuthPayload; a switch's two fields are of the domain's own answer."""

    uuid: str
    sip_domain: str
    tech_prefix: str
    same_domain_calls_only: bool = False
    login: str | None = None
    ha1: str | None = None
    ha1b: str | None = None
    remote_ip: str | None = None
    remote_domain: str | None = None


async def edge_lookup(session: AsyncSession, domain: SipDomain, name: str) -> EdgeAnswer | None:
    """Look up the user of the domain that `name` (a number or a login) is, or the domain itself.

    The prefix is that of the domain's outbound voice profile, else its connection's, else its
    app's; None if it has none of these, or the user may not call.
    """
    prefix = await _prefix(session, domain)
    if prefix is None:
        return None
    user = await _user(session, domain, name)
    if user is None:
        return EdgeAnswer(str(domain.uuid), domain.domain, str(prefix))
    if not user.is_active:
        return None
    return EdgeAnswer(
        str(user.uuid),
        domain.domain,
        str(prefix),
        user.same_domain_calls_only,
        user.login,
        user.ha1,
        user.ha1b,
    )


async def _prefix(session: AsyncSession, domain: SipDomain) -> int | None:
    links = (
        (OutboundVoiceProfile, domain.outbound_voice_profile_uuid),
        (SipConnection, domain.sip_connection_uuid),
        (SipControlApp, domain.sip_control_app_uuid),
    )
    for kind, uuid in links:
        if uuid is not None:
            return await session.scalar(select(kind.tech_prefix).where(kind.uuid == uuid))
    return None


async def _user(session: AsyncSession, domain: SipDomain, name: str) -> SipUser | None:
    named = await user_by_login(session, domain.uuid, name)
    digits = name.removeprefix("+")
    if named is not None or not (digits.isascii() and digits.isdecimal() and len(digits) <= 15):  # noqa: PLR2004 - E.164
        return named
    query = (
        select(SipUser)
        .join(Lease, Lease.uuid == SipUser.tn_lease_uuid)
        .where(SipUser.sip_domain_uuid == domain.uuid, Lease.tn == int(digits), HELD)
        .order_by(SipUser.created_on)
        .limit(1)
    )
    return await session.scalar(query)
