"""What an account owns: the columns every such thing has, and how it is found.

A thing of another account is not found; the query itself is scoped, so that no caller can
forget to ask (design, 5: tenancy).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, TypeVar
from uuid import UUID

from sqlalchemy import ForeignKey, Select, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, MappedAsDataclass, mapped_column

from opentact.kit.entities import Stamped
from opentact.kit.faults import Conflict, NotFound


class InUse(Conflict):
    """Something still uses it: point that elsewhere first, then remove it."""

    code = "in_use"


class Owned(Stamped, MappedAsDataclass, kw_only=True, eq=False):
    """An entity of an account. `called` is how sentences name it.

    `created_by` and `modified_by` are users; None is the platform itself.
    """

    called: ClassVar[str]

    account_uuid: Mapped[UUID] = mapped_column(ForeignKey("account.uuid"), index=True)
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("user.uuid"), default=None)
    modified_by: Mapped[UUID | None] = mapped_column(ForeignKey("user.uuid"), default=None)


T = TypeVar("T", bound=Owned)


@dataclass(frozen=True, slots=True)
class Owner:
    """For which account something is done, by which user, and whether that user is an admin."""

    account: UUID
    user: UUID
    admin: bool = False

    def makes(self, now: datetime) -> dict[str, Any]:
        """Give the columns of a thing made now."""
        return {
            "account_uuid": self.account,
            "created_by": self.user,
            "modified_by": self.user,
            "created_on": now,
            "modified_on": now,
        }

    def changes(self, thing: Owned, values: Mapping[str, Any], now: datetime) -> None:
        """Set the values, and say who did it and when."""
        for name, value in values.items():
            setattr(thing, name, value)
        thing.modified_by, thing.modified_on = self.user, now


async def get_owned(session: AsyncSession, kind: type[T], account: UUID, uuid: UUID) -> T:
    """Load the account's own, or `NotFound`."""
    return await _one(session, kind, _mine(kind, account, uuid))


async def get_to_point_at(session: AsyncSession, kind: type[T], account: UUID, uuid: UUID) -> T:
    """Load it and keep it from being removed until the unit of work ends (PostgreSQL)."""
    query = _mine(kind, account, uuid).with_for_update(read=True, key_share=True)
    return await _one(session, kind, query)


async def get_to_change(session: AsyncSession, kind: type[T], account: UUID, uuid: UUID) -> T:
    """Load it and keep others from changing, removing or pointing at it (PostgreSQL)."""
    return await _one(session, kind, _mine(kind, account, uuid).with_for_update())


async def list_owned(session: AsyncSession, kind: type[T], account: UUID) -> list[T]:
    """List what the account has of a kind, oldest first."""
    query = select(kind).where(kind.account_uuid == account)
    return list(await session.scalars(query.order_by(kind.created_on, kind.uuid)))


def _mine(kind: type[T], account: UUID, uuid: UUID) -> Select[T]:
    return select(kind).where(kind.uuid == uuid, kind.account_uuid == account)


async def _one(session: AsyncSession, kind: type[T], query: Select[T]) -> T:
    found = (await session.scalars(query)).one_or_none()
    if found is None:
        raise NotFound(f"{kind.called} not found")
    return found
