"""/rest/app: what a SIP user's own application asks, logged in as that user (spec/05, spec/12)."""

from typing import Annotated, NamedTuple

from fastapi import APIRouter, Query, Response
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from opentact.kit.faults import Forbidden
from opentact.voice.domains import SipDomain
from opentact.voice.sip_users import SipUser, change_user, get_user, users_in

from .envelope import Envelope, errors, ok
from .fields import MOST_INT, Changes, Flag
from .services import Inject, Services
from .sip_domain_view import show_app_users
from .sip_user_auth import SipCaller, SipPrincipal
from .sip_users import Login, Password, Person
from .wire.sip_users import AppUserOut


class AppUserUpdate(Person, Changes):
    """What SIP users change of themselves. Another login needs the password as well."""

    login: Login = ""
    password: Password = ""
    same_domain_calls_only: Flag = False


class Self(NamedTuple):
    """The SIP user that asks, and its domain."""

    user: SipUser
    domain: SipDomain


router = APIRouter(prefix="/rest/app", tags=["SIP User App"])


async def load_self(session: AsyncSession, who: SipPrincipal, *, to_change: bool = False) -> Self:
    """Load who asks."""
    domain = await session.scalar(select(SipDomain).where(SipDomain.uuid == who.domain))
    user = await get_user(session, who.domain, who.user, to_change=to_change)
    assert domain is not None  # noqa: S101 - a domain with users cannot be removed
    return Self(user, domain)


async def _shown(session: AsyncSession, services: Services, me: Self) -> AppUserOut:
    [out] = await show_app_users(session, services, me.domain, [me.user])
    return out


@router.get(
    "",
    operation_id="GetSIPUserApp",
    response_model=Envelope[AppUserOut],
    responses=errors(404),
)
async def me(who: SipCaller, services: Inject) -> Response:
    """Show the SIP user that asks."""
    async with services.database.read() as session:
        return ok(await _shown(session, services, await load_self(session, who)))


@router.patch(
    "",
    operation_id="ModifySIPUserApp",
    response_model=Envelope[AppUserOut],
    responses=errors(404, 409),
)
async def modify(body: AppUserUpdate, who: SipCaller, services: Inject) -> Response:
    """Change oneself; what is left out stays. Nobody lifts a limit of their own."""
    values = body.columns(only_set=True)
    limited = values.pop("same_domain_calls_only", None)
    async with services.database.write() as session:
        here = await load_self(session, who, to_change=True)
        if limited is not None and limited != here.user.same_domain_calls_only:
            raise Forbidden("Forbidden: only the account may change same_domain_calls_only")
        await change_user(session, here.domain, here.user, values)
        here.user.modified_by, here.user.modified_on = None, services.clock.now()
        await session.flush()
        await services.sip_changes.note(session, here.domain.uuid)
        out = await _shown(session, services, here)
    return ok(out)


@router.get(
    "/users",
    operation_id="GetSIPUsersWithSameDomainApp",
    response_model=Envelope[list[AppUserOut]],
    responses=errors(404),
)
async def neighbours(
    who: SipCaller,
    services: Inject,
    take: Annotated[int | None, Query(ge=1, le=1000, description="all if left out")] = None,
    skip: Annotated[int, Query(ge=0, le=MOST_INT)] = 0,
) -> Response:
    """List the SIP users of one's domain, oneself included, oldest first."""
    async with services.database.read() as session:
        here = await load_self(session, who)
        users = await users_in(session, who.domain, take=take, skip=skip)
        return ok(await show_app_users(session, services, here.domain, users))
