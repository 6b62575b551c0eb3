"""What a lease may point at: who gets its calls, and its messaging profile.

Connections, apps and messaging profiles belong to other packages; here they are only rows of
an account with a name.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from enum import Enum
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Uuid, column, select, table
from sqlalchemy.ext.asyncio import AsyncSession

from opentact.kit.entities import Utc
from opentact.kit.faults import NotFound


class Target(Enum):
    """A kind of thing that a lease points at: its table, and how sentences name it."""

    CONNECTION = ("sip_connection", "SIP connection")
    APP = ("sip_control_app", "SIP control app")
    MESSAGING = ("messaging_profile", "Messaging profile")
    SCREENING = ("tn_profile", "TN profile")

    @property
    def column(self) -> str:
        """The column of a lease that points there."""
        return f"{self.value[0]}_uuid"


class Short(NamedTuple):
    """The short form of what is pointed at."""

    uuid: UUID
    name: str
    created_on: datetime
    modified_on: datetime


async def check_target(session: AsyncSession, account: UUID, kind: Target, uuid: UUID) -> None:
    """See that the account has it, and keep it from being removed until the work ends."""
    name, words = kind.value
    there = table(name, column("uuid", Uuid()), column("account_uuid", Uuid()))
    query = select(there.c.uuid).where(there.c.uuid == uuid, there.c.account_uuid == account)
    found = await session.scalar(query.with_for_update(read=True, key_share=True))
    if found is None:
        raise NotFound(f"{words} not found")


async def shorts(
    session: AsyncSession, kind: Target, uuids: Iterable[UUID | None]
) -> dict[UUID, Short]:
    """Load the short forms of what leases point at."""
    wanted: Collection[UUID] = {uuid for uuid in uuids if uuid is not None}
    if not wanted:
        return {}
    rows: Any = table(
        kind.value[0],
        column("uuid", Uuid()),
        column("name"),
        column("created_on", Utc()),
        column("modified_on", Utc()),
    )
    found = await session.execute(select(rows).where(rows.c.uuid.in_(wanted)))
    return {row.uuid: Short(*row) for row in found}
