"""Groups of SIP users: what users of a domain make of each other in their application (spec/05).

Who made a group changes it; who is in it sees it. All of a group are of one domain.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, delete, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from opentact.kit.entities import Base, Stamped
from opentact.kit.faults import Forbidden, NotFound

from .sip_users import SipUser


class SipGroup(Stamped, Base):
    """A named group that `owner_uuid`, a SIP user, made; its members are of the same domain."""

    __tablename__ = "sip_group"

    owner_uuid: Mapped[UUID] = mapped_column(
        ForeignKey("sip_user.uuid", ondelete="CASCADE"), index=True
    )
    name: Mapped[str]


class SipGroupMember(Base):
    """A SIP user in a group."""

    __tablename__ = "sip_group_member"

    group_uuid: Mapped[UUID] = mapped_column(
        ForeignKey("sip_group.uuid", ondelete="CASCADE"), primary_key=True
    )
    user_uuid: Mapped[UUID] = mapped_column(
        ForeignKey("sip_user.uuid", ondelete="CASCADE"), primary_key=True, index=True
    )


async def groups_of(session: AsyncSession, users: Sequence[UUID]) -> dict[UUID, list[SipGroup]]:
    """Load the groups that each of some users is in, oldest first."""
    found = defaultdict[UUID, list[SipGroup]](list)
    if not users:
        return found
    query = (
        select(SipGroupMember.user_uuid, SipGroup)
        .join(SipGroup, SipGroup.uuid == SipGroupMember.group_uuid)
        .where(SipGroupMember.user_uuid.in_(users))
        .order_by(SipGroup.created_on, SipGroup.uuid)
    )
    for user, group in await session.execute(query):
        found[user].append(group)
    return found


async def groups_seen_by(session: AsyncSession, user: UUID) -> list[SipGroup]:
    """List the groups that the user made or is in, oldest first."""
    is_in = select(SipGroupMember.group_uuid).where(SipGroupMember.user_uuid == user)
    query = select(SipGroup).where(or_(SipGroup.owner_uuid == user, SipGroup.uuid.in_(is_in)))
    return list(await session.scalars(query.order_by(SipGroup.created_on, SipGroup.uuid)))


async def get_group(
    session: AsyncSession, user: UUID, uuid: UUID, *, to_change: bool = False
) -> SipGroup:
    """Load a group that the user made or is in, or `NotFound`.

    Only who made it may change it: `Forbidden` for the others.
    """
    query = select(SipGroup).where(SipGroup.uuid == uuid)
    group = await session.scalar(query.with_for_update() if to_change else query)
    if group is not None and group.owner_uuid != user:
        here = (SipGroupMember.group_uuid == uuid, SipGroupMember.user_uuid == user)
        if await session.scalar(select(SipGroupMember.user_uuid).where(*here)) is None:
            group = None
    if group is None:
        raise NotFound("SIP user group not found")
    if to_change and group.owner_uuid != user:
        raise Forbidden("Forbidden: only who made a group may change it")
    return group


async def members_of(session: AsyncSession, groups: Iterable[UUID]) -> dict[UUID, list[SipUser]]:
    """Load who is in each of some groups, by login."""
    found = defaultdict[UUID, list[SipUser]](list)
    query = (
        select(SipGroupMember.group_uuid, SipUser)
        .join(SipUser, SipUser.uuid == SipGroupMember.user_uuid)
        .where(SipGroupMember.group_uuid.in_(list(groups)))
        .order_by(SipUser.login_key)
    )
    for group, user in await session.execute(query):
        found[group].append(user)
    return found


async def create_group(
    session: AsyncSession, owner: SipUser, name: str, users: Sequence[UUID], now: datetime
) -> SipGroup:
    """Make a group of users of the owner's domain, or `NotFound`."""
    group = SipGroup(owner_uuid=owner.uuid, name=name, created_on=now, modified_on=now)
    session.add(group)
    await session.flush()
    await add_members(session, owner, group, users)
    return group


async def set_members(
    session: AsyncSession, owner: SipUser, group: SipGroup, users: Sequence[UUID]
) -> None:
    """Have these users in the group and no others, or `NotFound`."""
    await session.execute(delete(SipGroupMember).where(SipGroupMember.group_uuid == group.uuid))
    await add_members(session, owner, group, users)


async def add_members(
    session: AsyncSession, owner: SipUser, group: SipGroup, users: Sequence[UUID]
) -> None:
    """Add users of the owner's domain, or `NotFound`; who is in the group already stays."""
    wanted = set(users)
    if not wanted:
        return
    mine = SipUser.sip_domain_uuid == owner.sip_domain_uuid
    known = set(await session.scalars(select(SipUser.uuid).where(SipUser.uuid.in_(wanted), mine)))
    missing = sorted(str(uuid) for uuid in wanted - known)
    if missing:
        raise NotFound(f"SIP user not found: {', '.join(missing)}")
    there = select(SipGroupMember.user_uuid).where(SipGroupMember.group_uuid == group.uuid)
    present = set(await session.scalars(there))
    session.add_all(
        SipGroupMember(group_uuid=group.uuid, user_uuid=uuid) for uuid in sorted(wanted - present)
    )
    await session.flush()


async def remove_member(session: AsyncSession, group: SipGroup, user: UUID) -> None:
    """Take a user out of the group, or `NotFound`."""
    here = (SipGroupMember.group_uuid == group.uuid, SipGroupMember.user_uuid == user)
    gone = delete(SipGroupMember).where(*here).returning(SipGroupMember.user_uuid)
    if await session.scalar(gone) is None:
        raise NotFound("SIP user not found")
