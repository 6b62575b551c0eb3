"""Who uses a thing: said in one sentence when it cannot be removed for that."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from opentact.accounts.ownership import InUse

from .apps import SipControlApp
from .connections import SipConnection
from .domains import SipDomain

NAMED = 5  # users that a sentence names before it counts the rest


async def users_of_profile(session: AsyncSession, profile: UUID) -> list[str]:
    """Name the apps, connections and SIP domains that call by an outbound voice profile."""
    named = (
        (SipControlApp, SipControlApp.name),
        (SipConnection, SipConnection.name),
        (SipDomain, SipDomain.domain),
    )
    queries = [
        select(literal(kind.called), name).where(kind.outbound_voice_profile_uuid == profile)
        for kind, name in named
    ]
    found = await session.execute(union_all(*queries))
    return sorted(f'{called} "{name}"' for called, name in found)


def refuse_if_used(thing: str, users: Sequence[str]) -> None:
    """Raise `InUse` with a sentence that names the users, if there are any."""
    if not users:
        return
    more = f" and {len(users) - NAMED} more" if len(users) > NAMED else ""
    named = ", ".join(users[:NAMED])
    raise InUse(f"{thing} is used by {named}{more}; point these elsewhere first")
