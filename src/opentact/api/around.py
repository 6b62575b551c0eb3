"""Loading what the objects of an answer point at, in a few queries however many objects."""

from collections.abc import Iterable
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from opentact.accounts.accounts import get_account
from opentact.accounts.ownership import Owned, Owner
from opentact.accounts.users import Role, User
from opentact.kit.entities import Base
from opentact.voice.domains import domains_at
from opentact.voice.outbound_profiles import OutboundVoiceProfile
from opentact.voice.products import SipProduct

from .auth import Principal
from .services import Services
from .wire.sip import Around

E = TypeVar("E", bound=Base)
Key = TypeVar("Key", UUID, int)


def owner(who: Principal) -> Owner:
    """Tell the domains for whom a request acts."""
    return Owner(who.account, who.user, who.role is Role.ADMIN)


async def load_around(
    session: AsyncSession, services: Services, account: UUID, things: Iterable[Owned]
) -> Around:
    """Load the neighbours of things of one account."""
    found = list(things)
    users = await _by_key(
        session, User, User.uuid, _values(found, "created_by") | _values(found, "modified_by")
    )
    return Around(
        account=await get_account(session, account),
        users=users,
        online=frozenset(uuid for uuid in users if services.online(uuid)),
        products=await _by_key(session, SipProduct, SipProduct.id, _values(found, "product_id")),
        profiles=await _by_key(
            session,
            OutboundVoiceProfile,
            OutboundVoiceProfile.uuid,
            _values(found, "outbound_voice_profile_uuid"),
        ),
        domains=await domains_at(session, found),
    )


def _values(things: list[Owned], name: str) -> set[Any]:
    return {value for thing in things if (value := getattr(thing, name, None)) is not None}


async def _by_key(
    session: AsyncSession, kind: type[E], key: InstrumentedAttribute[Key], wanted: set[Any]
) -> dict[Key, E]:
    if not wanted:
        return {}
    rows = await session.execute(select(key, kind).where(key.in_(wanted)))
    return {row[0]: row[1] for row in rows}
