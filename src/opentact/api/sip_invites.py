"""/rest/sip/domain/{domain}/invite and /rest/app/invite: inviting SIP users (spec/05)."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import AfterValidator, Field
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from opentact.kit.clock import whole_ms
from opentact.voice.domains import SipDomain
from opentact.voice.sip_invites import (
    SipInvite,
    change_invite,
    create_invite,
    get_invite,
    invite_by_token,
    invites_in,
)
from opentact.voice.sip_users import create_user

from .around import load_around, owner
from .envelope import Envelope, errors, ok
from .fields import Changes, Line
from .services import Caller, Inject, Services
from .sip_domain_view import find_domain, named, show_app_users
from .sip_fields import Columns
from .sip_users import SipUserSelf
from .wire.sip_domains import InviteOut, invite_out
from .wire.sip_shorts import DomainShort, domain_short
from .wire.sip_users import AppUserOut


def _in_utc(at: datetime) -> datetime:
    try:
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except OverflowError:
        raise ValueError("expected a time that the calendar has in UTC") from None
    return whole_ms(at)


Moment = Annotated[datetime, AfterValidator(_in_utc)]
Name = Annotated[Line, Field(min_length=3)]


class InviteNew(Columns):
    """A new invite."""

    name: Name
    expired_on: Moment


class InviteUpdate(Columns, Changes):
    """What to change of an invite."""

    name: Name = ""
    expired_on: Moment = datetime.min  # noqa: DTZ901 - never read: only what is sent counts


router = APIRouter(prefix="/rest", tags=["SIP User Invite"])


async def _shown(
    session: AsyncSession, services: Services, domain: SipDomain, found: Sequence[SipInvite]
) -> list[InviteOut]:
    around = await load_around(session, services, domain.account_uuid, found)
    return [invite_out(invite, domain, around) for invite in found]


@router.get(
    "/sip/domain/{domain}/invite",
    operation_id="ListSIPUserInvites",
    response_model=Envelope[list[InviteOut]],
    responses=errors(404),
)
async def listed(domain: str, who: Caller, services: Inject) -> Response:
    """List the domain's invites, the expired ones included, oldest first."""
    async with services.database.read() as session:
        found = await find_domain(session, services, who.account, domain)
        invites = await invites_in(session, found.uuid)
        return ok(await _shown(session, services, found, invites))


@router.post(
    "/sip/domain/{domain}/invite",
    status_code=201,
    operation_id="CreateSIPUserInvite",
    response_model=Envelope[InviteOut],
    responses=errors(404),
)
async def create(domain: str, body: InviteNew, who: Caller, services: Inject) -> Response:
    """Create an invite. Whoever has its token may add SIP users until it expires."""
    token, now = services.new_secret(), services.clock.now()
    async with services.database.write() as session:
        found = await find_domain(session, services, who.account, domain, to_change=True)
        invite = await create_invite(
            session, owner(who), found.uuid, body.columns(), token=token, now=now
        )
        [out] = await _shown(session, services, found, [invite])
    return ok(out, 201)


@router.patch(
    "/sip/domain/{domain}/invite/{uuid}",
    operation_id="ModifySIPUserInvite",
    response_model=Envelope[InviteOut],
    responses=errors(404),
)
async def modify(
    domain: str, uuid: UUID, body: InviteUpdate, who: Caller, services: Inject
) -> Response:
    """Rename an invite, or let it expire at another time."""
    values, now = body.columns(only_set=True), services.clock.now()
    async with services.database.write() as session:
        found = await find_domain(session, services, who.account, domain)
        invite = await get_invite(session, found.uuid, uuid, to_change=True)
        await change_invite(session, owner(who), invite, values, now)
        [out] = await _shown(session, services, found, [invite])
    return ok(out)


@router.delete(
    "/sip/domain/{domain}/invite/{uuid}",
    operation_id="RemoveSIPUserInviteByUUID",
    response_model=Envelope[InviteOut],
    responses=errors(404),
)
async def remove(domain: str, uuid: UUID, who: Caller, services: Inject) -> Response:
    """Remove an invite; the users it made stay."""
    async with services.database.write() as session:
        found = await find_domain(session, services, who.account, domain)
        invite = await get_invite(session, found.uuid, uuid, to_change=True)
        [out] = await _shown(session, services, found, [invite])
        await session.delete(invite)
    return ok(out)


async def _invited_to(session: AsyncSession, token: str, now: datetime) -> SipDomain:
    invite = await invite_by_token(session, named(token), now)
    query = select(SipDomain).where(SipDomain.uuid == invite.sip_domain_uuid)
    return (await session.scalars(query)).one()


@router.get(
    "/app/invite/{token}",
    tags=["SIP User App"],
    operation_id="CheckSIPDomainByInviteApp",
    response_model=Envelope[DomainShort],
    responses=errors(404, public=True),
)
async def check(token: str, services: Inject) -> Response:
    """Tell which SIP domain an invite is to. Needs no login."""
    async with services.database.read() as session:
        return ok(domain_short(await _invited_to(session, token, services.clock.now())))


@router.post(
    "/app/invite/{token}",
    status_code=201,
    tags=["SIP User App"],
    operation_id="RegisterSIPUserByInviteApp",
    response_model=Envelope[AppUserOut],
    responses=errors(404, 409, public=True),
)
async def accept(token: str, body: SipUserSelf, services: Inject) -> Response:
    """Become a SIP user of the domain that the invite is to. Needs no login."""
    now = services.clock.now()
    async with services.database.write() as session:
        domain = await _invited_to(session, token, now)
        made = {"account_uuid": domain.account_uuid, "created_on": now, "modified_on": now}
        user = await create_user(session, domain, body.columns(), made)
        await services.sip_changes.note(session, domain.uuid)
        [out] = await show_app_users(session, services, domain, [user])
    return ok(out, 201)
