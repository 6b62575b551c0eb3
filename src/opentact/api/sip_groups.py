"""/rest/app/group: groups that SIP users make of users of their domain (spec/05, spec/12)."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from opentact.voice.sip_groups import (
    SipGroup,
    add_members,
    create_group,
    get_group,
    groups_seen_by,
    members_of,
    remove_member,
    set_members,
)
from opentact.voice.sip_users import SipUser

from .envelope import Envelope, errors, ok
from .fields import Changes, Name
from .services import Inject, Services
from .sip_domain_view import show_app_users
from .sip_user_app import load_self
from .sip_user_auth import SipCaller
from .wire.sip_users import AppUserOut, GroupOut, group_out

Users = Annotated[list[UUID], Field(max_length=1000)]


class GroupNew(BaseModel):
    """A new group."""

    name: Name
    users: Users = []


class GroupUpdate(Changes):
    """What to change of a group; `users` are all there are to be in it."""

    name: Name = ""
    users: Users | None = None


class GroupUsers(BaseModel):
    """Users to add to a group."""

    users: Users


router = APIRouter(prefix="/rest/app/group", tags=["SIP User App"])


async def _shown(
    session: AsyncSession, services: Services, groups: Sequence[SipGroup]
) -> list[GroupOut]:
    members = await members_of(session, [group.uuid for group in groups])
    wanted = {group.owner_uuid for group in groups}
    owners = {
        user.uuid: user
        for user in await session.scalars(select(SipUser).where(SipUser.uuid.in_(wanted)))
    }
    return [
        group_out(group, owners[group.owner_uuid], members[group.uuid], services.sip_online)
        for group in groups
    ]


@router.get(
    "",
    operation_id="GetSIPGroupsListApp",
    response_model=Envelope[list[GroupOut]],
    responses=errors(),
)
async def listed(who: SipCaller, services: Inject) -> Response:
    """List the groups that one made or is in, oldest first."""
    async with services.database.read() as session:
        found = await groups_seen_by(session, who.user)
        return ok(await _shown(session, services, found))


@router.post(
    "",
    status_code=201,
    operation_id="CreateSIPUserGroupApp",
    response_model=Envelope[GroupOut],
    responses=errors(404),
)
async def create(body: GroupNew, who: SipCaller, services: Inject) -> Response:
    """Make a group of users of one's domain."""
    now = services.clock.now()
    async with services.database.write() as session:
        here = await load_self(session, who)
        group = await create_group(session, here.user, body.name, body.users, now)
        [out] = await _shown(session, services, [group])
    return ok(out, 201)


@router.patch(
    "/{uuid}",
    operation_id="ModifySIPUserGroupApp",
    response_model=Envelope[GroupOut],
    responses=errors(404),
)
async def modify(uuid: UUID, body: GroupUpdate, who: SipCaller, services: Inject) -> Response:
    """Rename a group of one's own, or say anew who is in it."""
    async with services.database.write() as session:
        here = await load_self(session, who)
        group = await get_group(session, who.user, uuid, to_change=True)
        if "name" in body.model_fields_set:
            group.name = body.name
        if body.users is not None:
            await set_members(session, here.user, group, body.users)
        group.modified_on = services.clock.now()
        await session.flush()
        [out] = await _shown(session, services, [group])
    return ok(out)


@router.delete(
    "/{uuid}",
    operation_id="RemoveSIPUserGroupApp",
    response_model=Envelope[GroupOut],
    responses=errors(404),
)
async def remove(uuid: UUID, who: SipCaller, services: Inject) -> Response:
    """Remove a group of one's own; its users stay."""
    async with services.database.write() as session:
        group = await get_group(session, who.user, uuid, to_change=True)
        [out] = await _shown(session, services, [group])
        await session.delete(group)
    return ok(out)


@router.get(
    "/{uuid}/users",
    operation_id="GetSIPUserGroupUsersApp",
    response_model=Envelope[list[AppUserOut]],
    responses=errors(404),
)
async def members(uuid: UUID, who: SipCaller, services: Inject) -> Response:
    """List who is in a group that one made or is in."""
    async with services.database.read() as session:
        here = await load_self(session, who)
        group = await get_group(session, who.user, uuid)
        users = (await members_of(session, [group.uuid]))[group.uuid]
        return ok(await show_app_users(session, services, here.domain, users))


@router.post(
    "/{uuid}/users",
    operation_id="AddSIPUsersToSIPUserGroupApp",
    response_model=Envelope[list[AppUserOut]],
    responses=errors(404),
)
async def add(uuid: UUID, body: GroupUsers, who: SipCaller, services: Inject) -> Response:
    """Add users to a group of one's own; the answer lists all who are in it."""
    async with services.database.write() as session:
        here = await load_self(session, who)
        group = await get_group(session, who.user, uuid, to_change=True)
        await add_members(session, here.user, group, body.users)
        group.modified_on = services.clock.now()
        users = (await members_of(session, [group.uuid]))[group.uuid]
        out = await show_app_users(session, services, here.domain, users)
    return ok(out)


@router.patch(
    "/{uuid}/users/{sip_user_uuid}",
    operation_id="AddSIPUserToSIPUserGroupApp",
    response_model=Envelope[GroupOut],
    responses=errors(404),
)
async def add_one(uuid: UUID, sip_user_uuid: UUID, who: SipCaller, services: Inject) -> Response:
    """Add a user to a group of one's own."""
    async with services.database.write() as session:
        here = await load_self(session, who)
        group = await get_group(session, who.user, uuid, to_change=True)
        await add_members(session, here.user, group, [sip_user_uuid])
        group.modified_on = services.clock.now()
        [out] = await _shown(session, services, [group])
    return ok(out)


@router.delete(
    "/{uuid}/users/{sip_user_uuid}",
    operation_id="RemoveSIPUserFromSIPUserGroupApp",
    response_model=Envelope[GroupOut],
    responses=errors(404),
)
async def remove_one(uuid: UUID, sip_user_uuid: UUID, who: SipCaller, services: Inject) -> Response:
    """Take a user out of a group of one's own."""
    async with services.database.write() as session:
        group = await get_group(session, who.user, uuid, to_change=True)
        await remove_member(session, group, sip_user_uuid)
        group.modified_on = services.clock.now()
        [out] = await _shown(session, services, [group])
    return ok(out)
