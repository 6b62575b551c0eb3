"""Who uses a thing: said in one sentence when it cannot be removed for that."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from opentact.accounts.ownership import InUse

from .apps import SipControlApp
from .connections import SipConnection

NAMED = 5  # users that a sentence names before it counts the rest


async def users_of_profile(session: AsyncSession, profile: UUID) -> list[str]:
    """Name the apps and connections that call by an outbound voice profile."""
    kinds = (SipControlApp, SipConnection)
    queries = [
        select(literal(kind.called), kind.name).where(kind.outbound_voice_profile_uuid == profile)
        for kind in kinds
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
