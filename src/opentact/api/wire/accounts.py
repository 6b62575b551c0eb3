"""Accounts, users and tokens as the wire spells them (spec/02)."""

from typing_extensions import NotRequired, TypedDict  # noqa: UP035 - pydantic needs these on 3.11

from opentact.accounts.accounts import Account
from opentact.accounts.tokens import Token
from opentact.accounts.users import User
from opentact.kit.clock import stamp


class NotificationOut(TypedDict):
    """Which notices about the balance are wanted (spec/11 D-22)."""

    balance_changed: bool
    balance_threshold: float | None


class AccountOut(TypedDict):
    """An account. The short form that other objects carry has no `disabled_on` and so on."""

    created_on: str
    modified_on: str
    uuid: str
    email: str
    name: str
    level: str
    deleted_on: str | None
    balance: float
    disabled_on: NotRequired[str | None]
    phone: NotRequired[str | None]
    address1: NotRequired[str | None]
    address2: NotRequired[str | None]
    zip_code: NotRequired[str | None]
    city: NotRequired[str | None]
    time_zone: NotRequired[str]
    countries: NotRequired[list[str] | None]
    channel_limit: NotRequired[int | None]
    calls_per_second: NotRequired[int | None]
    notification: NotRequired[NotificationOut]
    users: NotRequired[list["UserOut"]]


class UserOut(TypedDict):
    """A user; never with a password."""

    uuid: str
    email: str
    wss_online: bool
    role: str
    created_on: str
    modified_on: str
    deleted_on: str | None
    phone_number: str | None
    dob: str | None
    avatar: str | None
    first_name: str | None
    last_name: str | None
    gender: str | None
    account: NotRequired[AccountOut]


class LoginOut(UserOut):
    """The user with the JWT that logs in for a day."""

    token: str


class TokenOut(TypedDict):
    """An API key. `token` is the secret when it is created, and masked ever after."""

    name: str
    ttl: int | None
    token: str
    expired_on: str | None
    uuid: str
    created_on: str
    modified_on: str


def account_short(account: Account) -> AccountOut:
    """Write the form that other objects carry."""
    return {
        "created_on": stamp(account.created_on),
        "modified_on": stamp(account.modified_on),
        "uuid": str(account.uuid),
        "email": account.email,
        "name": account.name,
        "level": account.level.value,
        "deleted_on": stamp(account.deleted_on) if account.deleted_on else None,
        "balance": float(account.balance),
    }


def account_out(account: Account, users: list[UserOut] | None = None) -> AccountOut:
    """Write the account itself."""
    out = account_short(account)
    out["disabled_on"] = stamp(account.disabled_on) if account.disabled_on else None
    out["phone"] = account.phone
    out["address1"] = account.address1
    out["address2"] = account.address2
    out["zip_code"] = account.zip_code
    out["city"] = account.city
    out["time_zone"] = account.time_zone
    if users is not None:
        out["users"] = users
    return out


def account_with_notices(account: Account, users: list[UserOut] | None = None) -> AccountOut:
    """Write the account with what its users want to be told."""
    limit = account.balance_threshold
    out = account_out(account, users)
    out["notification"] = {
        "balance_changed": account.balance_changed,
        "balance_threshold": None if limit is None else float(limit),
    }
    out["countries"] = account.countries
    out["channel_limit"] = account.channel_limit
    out["calls_per_second"] = account.calls_per_second
    return out


def user_out(user: User, *, online: bool, account: Account | None = None) -> UserOut:
    """Write a user; `online` tells whether an authenticated websocket of theirs is open."""
    out: UserOut = {
        "uuid": str(user.uuid),
        "email": user.email,
        "wss_online": online,
        "role": user.role.value,
        "created_on": stamp(user.created_on),
        "modified_on": stamp(user.modified_on),
        "deleted_on": stamp(user.deleted_on) if user.deleted_on else None,
        "phone_number": user.phone_number,
        "dob": user.dob.isoformat() if user.dob else None,
        "avatar": user.avatar,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "gender": user.gender.value if user.gender else None,
    }
    if account is not None:
        out["account"] = account_short(account)
    return out


def token_out(token: Token, secret: str | None = None) -> TokenOut:
    """Write a token; its secret is known only at the moment it is made."""
    return {
        "name": token.name,
        "ttl": token.ttl,
        "token": secret or f"…{token.hint}",
        "expired_on": stamp(token.expired_on) if token.expired_on else None,
        "uuid": str(token.uuid),
        "created_on": stamp(token.created_on),
        "modified_on": stamp(token.modified_on),
    }
