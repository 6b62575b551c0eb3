"""/rest/account: the tenant, its users and its notices (spec/02)."""

from typing import Annotated
from uuid import UUID
from zoneinfo import available_timezones

from fastapi import APIRouter, Response
from pydantic import AfterValidator, BaseModel

from opentact.accounts.accounts import get_account
from opentact.accounts.users import Role, add_user, get_user
from opentact.kit.faults import Forbidden, NotFound
from opentact.kit.money import dollars
from opentact.kit.quick import quick

from .envelope import Envelope, errors, ok
from .fields import Amount, Changes, Count, Countries, Flag, Pace
from .services import Admin, Caller, Inject
from .users import UserNew, deactivate, everyone, fresh, shown
from .wire.accounts import AccountOut, UserOut, account_with_notices

router = APIRouter(prefix="/rest/account", tags=["Account"])


class NotificationUpdate(BaseModel):
    """Which notices about the balance the account wants (spec/11 D-22)."""

    balance_changed: Flag | None = None
    balance_threshold: Amount | None = None


def _zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError("expected a time zone's name, such as America/New_York")
    return name


class AccountUpdate(Changes):
    """What to change of one's own account; null countries are the platform's usual ones."""

    time_zone: Annotated[str, AfterValidator(_zone)] | None = None
    countries: Countries | None = None


class AccountLimits(Changes):
    """What the operator limits of an account's calls, all together; null is no limit."""

    channel_limit: Count | None = None
    calls_per_second: Pace | None = None


@router.get(
    "",
    operation_id="GetAccount",
    response_model=Envelope[AccountOut],
    responses=errors(404),
)
async def account(who: Caller, services: Inject) -> Response:
    """Show the account of whoever asks."""
    with quick():
        async with services.database.read() as session:
            found = await get_account(session, who.account)
            return ok(account_with_notices(found, await everyone(session, services, who.account)))


@router.patch(
    "",
    operation_id="ModifyAccount",
    response_model=Envelope[AccountOut],
    responses=errors(),
)
async def modify(body: AccountUpdate, who: Caller, services: Inject) -> Response:
    """Change where the account is, and which countries its calls may go to."""
    async with services.database.write() as session:
        found = await get_account(session, who.account)
        if body.time_zone is not None:
            found.time_zone = body.time_zone
        if "countries" in body.model_fields_set:
            found.countries = body.countries
        found.modified_on = services.clock.now()
    return ok(account_with_notices(found))


@router.patch(
    "/notification",
    operation_id="UpdateAccountNotification",
    response_model=Envelope[AccountOut],
    responses=errors(),
)
async def notification(body: NotificationUpdate, who: Caller, services: Inject) -> Response:
    """Switch balance notices on or off (spec/11 D-22)."""
    async with services.database.write() as session:
        found = await get_account(session, who.account)
        if body.balance_changed is not None:
            found.balance_changed = body.balance_changed
        if "balance_threshold" in body.model_fields_set:
            limit = body.balance_threshold
            found.balance_threshold = None if limit is None else dollars(str(limit))
        found.modified_on = services.clock.now()
    return ok(account_with_notices(found))


@router.get(
    "/user",
    operation_id="GetUsersByAccount",
    response_model=Envelope[list[UserOut]],
    responses=errors(),
)
async def users(who: Caller, services: Inject) -> Response:
    """List the users of the account."""
    async with services.database.read() as session:
        return ok(await everyone(session, services, who.account))


@router.post(
    "/user",
    status_code=201,
    operation_id="AddUserToAccount",
    response_model=Envelope[UserOut],
    responses=errors(409),
)
async def add(body: UserNew, who: Caller, services: Inject) -> Response:
    """Add a user to the account. Only an admin may give roles."""
    role = body.role or Role.USER
    if role is not Role.USER and who.role is not Role.ADMIN:
        raise Forbidden("Forbidden: only an admin may give roles")
    user = await fresh(services, body, who.account, role)
    async with services.database.write() as session:
        await add_user(session, user)
    return ok(shown(services, user), 201)


@router.put(
    "/user/{uuid}",
    operation_id="ReactivateUserAccountByUUID",
    response_model=Envelope[list[UserOut]],
    responses=errors(404),
)
async def reactivate(uuid: UUID, who: Caller, services: Inject) -> Response:
    """Let a deactivated user log in again."""
    async with services.database.write() as session:
        user = await get_user(session, who.account, uuid)
        user.deleted_on, user.modified_on = None, services.clock.now()
        await session.flush()
        listed = await everyone(session, services, who.account)
    return ok(listed)


@router.delete(
    "/user/{uuid}",
    operation_id="DeactivateUserAccountByUUID",
    response_model=Envelope[list[UserOut]],
    responses=errors(404, 409),
)
async def deactivated(uuid: UUID, who: Caller, services: Inject) -> Response:
    """Stop a user from logging in."""
    return ok(await deactivate(services, uuid, who))


@router.get(
    "/{uuid}",
    operation_id="GetAccountByUUID",
    response_model=Envelope[AccountOut],
    responses=errors(404),
)
async def account_by_uuid(uuid: UUID, who: Caller, services: Inject) -> Response:
    """Show an account: one's own, or any to an admin."""
    if uuid != who.account and who.role is not Role.ADMIN:
        raise NotFound("Account not found")
    async with services.database.read() as session:
        found = await get_account(session, uuid)
        return ok(account_with_notices(found, await everyone(session, services, uuid)))


@router.patch(
    "/{uuid}/limits",
    operation_id="LimitAccount",
    response_model=Envelope[AccountOut],
    responses=errors(404),
)
async def limits(uuid: UUID, body: AccountLimits, who: Admin, services: Inject) -> Response:
    """Limit all calls of an account together (admins)."""
    del who
    async with services.database.write() as session:
        found = await get_account(session, uuid)
        for name in body.model_fields_set:
            setattr(found, name, getattr(body, name))
        found.modified_on = services.clock.now()
    return ok(account_with_notices(found))
