"""/rest/sip/domain/{domain}/user: who registers at a domain and calls from it (spec/05)."""

from datetime import date
from typing import Annotated, Any, ClassVar
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import AfterValidator, Field, ValidationInfo, field_validator
from sqlalchemy.ext.asyncio import AsyncSession

from opentact.accounts.users import Gender
from opentact.numbers.leases import get_lease
from opentact.voice.sip_users import (
    LEAST_PASSWORD,
    MOST_LOGIN,
    MOST_PASSWORD,
    change_user,
    create_user,
    get_user,
    remove_user,
    sound_login,
    users_in,
    weakness,
)

from .around import owner
from .envelope import Envelope, errors, ok
from .fields import MOST_INT, Changes, Flag, Line, sound
from .services import Caller, Inject
from .sip_domain_view import find_domain, show_users
from .sip_fields import Columns
from .users import Email
from .wire.sip_users import SipUserOut

Login = Annotated[
    str,
    Field(min_length=1, max_length=MOST_LOGIN),
    AfterValidator(sound),
    AfterValidator(sound_login),
]
Password = Annotated[
    str, Field(min_length=LEAST_PASSWORD, max_length=MOST_PASSWORD), AfterValidator(sound)
]


class Person(Columns):
    """What a SIP user says of itself."""

    first_name: Line | None = None
    last_name: Line | None = None
    email: Email | None = None
    phone_number: Line | None = None
    avatar: Line | None = None
    dob: date | None = None
    gender: Gender | None = None


class SipUserSelf(Person):
    """A new SIP user, as whoever has an invite may make it."""

    login: Login
    password: Password
    same_domain_calls_only: Flag = False

    @field_validator("password")
    @classmethod
    def _not_easy(cls, password: str, so_far: ValidationInfo) -> str:
        why = weakness(password, so_far.data.get("login", ""))
        if why is not None:
            raise ValueError(why)
        return password


class SipUserNew(SipUserSelf):
    """A new SIP user."""

    renamed: ClassVar[dict[str, str]] = {"tn_lease": "tn_lease_uuid"}

    is_active: Flag = True
    tn_lease: UUID | None = None


class SipUserUpdate(Person, Changes):
    """What to change of a SIP user. Another login needs the password as well."""

    renamed: ClassVar[dict[str, str]] = {"tn_lease": "tn_lease_uuid"}

    login: Login = ""
    password: Password = ""
    is_active: Flag = True
    same_domain_calls_only: Flag = False
    tn_lease: UUID | None = None


router = APIRouter(prefix="/rest/sip/domain/{domain}/user", tags=["SIP User"])


async def _check_lease(session: AsyncSession, account: UUID, values: dict[str, Any]) -> None:
    if values.get("tn_lease_uuid") is not None:
        await get_lease(session, account, values["tn_lease_uuid"])


@router.get(
    "",
    operation_id="ListSIPUsersBySIPDomainUUID",
    response_model=Envelope[list[SipUserOut]],
    responses=errors(404),
)
async def listed(
    domain: str,
    who: Caller,
    services: Inject,
    take: Annotated[int | None, Query(ge=1, le=1000, description="all if left out")] = None,
    skip: Annotated[int, Query(ge=0, le=MOST_INT)] = 0,
) -> Response:
    """List the domain's SIP users, oldest first."""
    async with services.database.read() as session:
        found = await find_domain(session, services, who.account, domain)
        users = await users_in(session, found.uuid, take=take, skip=skip)
        return ok(await show_users(session, services, found, users))


@router.post(
    "",
    status_code=201,
    operation_id="CreateSIPUser",
    response_model=Envelope[SipUserOut],
    responses=errors(404, 409),
)
async def create(domain: str, body: SipUserNew, who: Caller, services: Inject) -> Response:
    """Create a SIP user, who may register at once. The password is never shown."""
    values = body.columns()
    async with services.database.write() as session:
        found = await find_domain(session, services, who.account, domain, to_change=True)
        await _check_lease(session, who.account, values)
        made = owner(who).makes(services.clock.now())
        user = await create_user(session, found, values, made)
        await services.sip_changes.note(session, found.uuid)
        [out] = await show_users(session, services, found, [user])
    return ok(out, 201)


@router.get(
    "/{uuid}",
    operation_id="GetSIPUserByUUID",
    response_model=Envelope[SipUserOut],
    responses=errors(404),
)
async def one(domain: str, uuid: UUID, who: Caller, services: Inject) -> Response:
    """Show a SIP user."""
    async with services.database.read() as session:
        found = await find_domain(session, services, who.account, domain)
        user = await get_user(session, found.uuid, uuid)
        [out] = await show_users(session, services, found, [user])
        return ok(out)


@router.patch(
    "/{uuid}",
    operation_id="ModifySIPUser",
    response_model=Envelope[SipUserOut],
    responses=errors(404, 409),
)
async def modify(
    domain: str, uuid: UUID, body: SipUserUpdate, who: Caller, services: Inject
) -> Response:
    """Change a SIP user; what is left out stays. `tn_lease` is the number it calls as."""
    values, now = body.columns(only_set=True), services.clock.now()
    async with services.database.write() as session:
        found = await find_domain(session, services, who.account, domain)
        user = await get_user(session, found.uuid, uuid, to_change=True)
        await _check_lease(session, who.account, values)
        owner(who).changes(user, {}, now)
        await change_user(session, found, user, values)
        await services.sip_changes.note(session, found.uuid)
        [out] = await show_users(session, services, found, [user])
    return ok(out)


@router.delete(
    "/{uuid}",
    operation_id="RemoveSIPUserByUUID",
    response_model=Envelope[SipUserOut],
    responses=errors(404),
)
async def remove(domain: str, uuid: UUID, who: Caller, services: Inject) -> Response:
    """Remove a SIP user, with the groups it made; its phones are not let in any more."""
    async with services.database.write() as session:
        found = await find_domain(session, services, who.account, domain)
        user = await get_user(session, found.uuid, uuid, to_change=True)
        [out] = await show_users(session, services, found, [user])
        await remove_user(session, user)
        await services.sip_changes.note(session, found.uuid)
    return ok(out)
