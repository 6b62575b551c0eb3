"""/rest/auth, /rest/user, /rest/account: who is logged in, and who else may (spec/02)."""

import re
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import AfterValidator, BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncSession

from opentact.accounts.accounts import Account, get_account
from opentact.accounts.passwords import MAX_LENGTH, MIN_LENGTH
from opentact.accounts.users import (
    Gender,
    Role,
    User,
    UserExists,
    add_user,
    get_user,
    open_account,
    rename,
    same_email,
    user_by_email,
    users_of,
)
from opentact.kit.faults import Conflict, Fault, Forbidden
from opentact.messaging.profiles import default_profile

from .auth import Principal
from .envelope import Envelope, errors, ok
from .fields import Line, Name, sound
from .services import Caller, Inject, Services
from .wire.accounts import LoginOut, UserOut, user_out


class SignUpClosed(Fault):
    """Self-service sign-up is closed here: ask the operator for an account."""

    code = "sign_up_closed"
    status = 401


def _email(text: str) -> str:
    if not re.fullmatch(r"[^@\s]{1,64}@[^@\s]{1,189}", text):
        raise ValueError("not an e-mail address")
    return same_email(text)


Email = Annotated[str, Field(max_length=254), AfterValidator(sound), AfterValidator(_email)]
Password = Annotated[
    str, Field(min_length=MIN_LENGTH, max_length=MAX_LENGTH), AfterValidator(sound)
]


class AccountNew(BaseModel):
    """The account to open with a new user."""

    name: Name
    email: Email


class UserNew(BaseModel):
    """A new user."""

    email: Email
    password: Password
    phone_number: Line | None = None
    first_name: Line | None = None
    last_name: Line | None = None
    gender: Gender | None = None
    dob: date | None = None
    avatar: Line | None = None
    role: Role | None = None
    account: AccountNew | None = None


class UserUpdate(BaseModel):
    """What to change of a user."""

    email: Email | None = None
    password: Password | None = None
    phone_number: Line | None = None
    first_name: Line | None = None
    last_name: Line | None = None
    gender: Gender | None = None
    dob: date | None = None
    avatar: Line | None = None
    role: Role | None = None


router = APIRouter(prefix="/rest", tags=["Auth"])


def shown(services: Services, user: User, account: Account | None = None) -> UserOut:
    """Write a user with whether it is online now."""
    return user_out(user, online=services.online(user.uuid), account=account)


async def everyone(session: AsyncSession, services: Services, account: UUID) -> list[UserOut]:
    """Write all users of the account."""
    return [shown(services, user) for user in await users_of(session, account)]


async def fresh(services: Services, body: UserNew, account: UUID, role: Role) -> User:
    """Make a user of the body, its password hashed."""
    now = services.clock.now()
    values = body.model_dump(exclude={"password", "account", "role"})
    secret = await services.passwords.hash(body.password)
    return User(
        **values,
        account_uuid=account,
        role=role,
        password_hash=secret,
        created_on=now,
        modified_on=now,
    )


@router.get("/auth", operation_id="Auth", response_model=Envelope[LoginOut], responses=errors())
async def log_in(who: Caller, services: Inject) -> Response:
    """Log in by any scheme; the answer carries a JWT that is good for a day."""
    async with services.database.read() as session:
        user = await get_user(session, who.account, who.user)
        account = await get_account(session, who.account)
    token = services.jwt.issue(user.uuid, user.role.value, services.clock.now())
    return ok({**shown(services, user, account), "token": token})


@router.post(
    "/user",
    status_code=201,
    tags=["User"],
    operation_id="CreateUser",
    response_model=Envelope[UserOut],
    responses=errors(401, 409, public=True),
)
async def sign_up(body: UserNew, services: Inject) -> Response:
    """Sign up: a new user with an account of its own. A role that is asked for is ignored."""
    if not services.sign_up_open:
        raise SignUpClosed
    async with services.database.read() as session:
        if await user_by_email(session, body.email):
            raise UserExists(f"User already exists: {body.email}")
    user = await fresh(services, body, UUID(int=0), Role.USER)
    wanted = body.account or AccountNew(name=body.email, email=body.email)
    async with services.database.write() as session:
        account = await open_account(
            session, name=wanted.name, email=wanted.email, now=services.clock.now()
        )
        await default_profile(session, account.uuid, services.clock.now())
        user.account_uuid = account.uuid
        await add_user(session, user)
    return ok(shown(services, user, account), 201)


@router.get(
    "/user",
    tags=["User"],
    operation_id="GetCurrentUser",
    response_model=Envelope[UserOut],
    responses=errors(),
)
async def current(who: Caller, services: Inject) -> Response:
    """Show the user who asks."""
    async with services.database.read() as session:
        user = await get_user(session, who.account, who.user)
        return ok(shown(services, user, await get_account(session, who.account)))


@router.get(
    "/user/{uuid}",
    tags=["User"],
    operation_id="GetUserByUUID",
    response_model=Envelope[UserOut],
    responses=errors(404),
)
async def one(uuid: UUID, who: Caller, services: Inject) -> Response:
    """Show a user of the account."""
    async with services.database.read() as session:
        return ok(shown(services, await get_user(session, who.account, uuid)))


@router.patch(
    "/user/{uuid}",
    tags=["User"],
    operation_id="UpdateUserByUUID",
    response_model=Envelope[UserOut],
    responses=errors(404, 409),
)
async def modify(uuid: UUID, body: UserUpdate, who: Caller, services: Inject) -> Response:
    """Change a user of the account. Only an admin may give roles."""
    changes = body.model_dump(exclude_unset=True)
    if changes.get("role") not in {None, Role.USER} and who.role is not Role.ADMIN:
        raise Forbidden("Forbidden: only an admin may give roles")
    password = changes.pop("password", None)
    if password is not None:
        changes["password_hash"] = await services.passwords.hash(password)
    async with services.database.write() as session:
        user = await get_user(session, who.account, uuid)
        _may_change(who, user)
        email = changes.pop("email", None)
        if email is not None:
            await rename(session, user, email)
        for name, value in changes.items():
            if value is not None or name != "role":
                setattr(user, name, value)
        user.modified_on = services.clock.now()
    services.access_changed(who.account)
    return ok(shown(services, user))


def _may_change(who: Principal, user: User) -> None:
    if user.role is Role.ADMIN and who.role is not Role.ADMIN:
        raise Forbidden("Forbidden: only an admin may change an admin")


async def deactivate(services: Services, uuid: UUID, who: Principal) -> list[UserOut]:
    """Stop a user from logging in; the last active one of an account stays."""
    async with services.database.write() as session:
        user = await get_user(session, who.account, uuid)
        _may_change(who, user)
        active = [u for u in await users_of(session, who.account) if u.deleted_on is None]
        if [u.uuid for u in active] == [uuid]:
            raise Conflict("The last active user of an account cannot be deactivated")
        if user.deleted_on is None:
            user.deleted_on = user.modified_on = services.clock.now()
        await session.flush()
        left = await everyone(session, services, who.account)
    services.access_changed(who.account)
    return left


@router.delete(
    "/user/{uuid}",
    tags=["User"],
    operation_id="DeleteUserByUUID",
    response_model=Envelope[UserOut],
    responses=errors(404, 409),
)
async def remove(uuid: UUID, who: Caller, services: Inject) -> Response:
    """Deactivate a user of the account; it can be reactivated."""
    left = await deactivate(services, uuid, who)
    return ok(next(user for user in left if user["uuid"] == str(uuid)))
