"""What an operator does to accounts without the API: open them, give tokens and credit."""

import secrets
import string
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from opentact.accounts.accounts import get_account
from opentact.accounts.passwords import MIN_LENGTH, Passwords
from opentact.accounts.tokens import create_token
from opentact.accounts.users import Role, User, add_user, open_account, same_email, user_by_email
from opentact.billing.ledger import Line, RefType, post
from opentact.billing.notices import balance_notices
from opentact.events.log import EventLog
from opentact.kit.clock import Clock
from opentact.kit.faults import Fault, NotFound
from opentact.kit.units import Storage
from opentact.messaging.profiles import default_profile

CREDIT_ACTION = "payment"
TOKEN_LENGTH = 48
_ALPHANUMERIC = string.ascii_letters + string.digits


class WrongValue(Fault):
    """A value given on the command line cannot be used; the sentence says which, and why."""

    code = "wrong_value"


@dataclass(frozen=True, slots=True)
class Opened:
    """A new account with its first user."""

    account: UUID
    user: UUID


def new_secret() -> str:
    """Draw an API key: 48 alphanumerics."""
    return "".join(secrets.choice(_ALPHANUMERIC) for _ in range(TOKEN_LENGTH))


async def create_account(
    storage: Storage,
    passwords: Passwords,
    clock: Clock,
    *,
    email: str,
    password: str,
    name: str,
    role: Role,
) -> Opened:
    """Open an account with one user. Raises `UserExists`, or `WrongValue`."""
    if "@" not in email.strip("@"):
        raise WrongValue(f"{email!r} is no e-mail address: give one like ann@example.com")
    if len(password) < MIN_LENGTH:
        raise WrongValue(f"The password is too short: give at least {MIN_LENGTH} characters")
    password_hash, now = await passwords.hash(password), clock.now()
    async with storage.write() as session:
        account = await open_account(session, name=name, email=same_email(email), now=now)
        user = User(
            account_uuid=account.uuid,
            email=email,
            password_hash=password_hash,
            role=role,
            created_on=now,
            modified_on=now,
        )
        await add_user(session, user)
        await default_profile(session, account.uuid, now)
    return Opened(account.uuid, user.uuid)


async def give_token(
    storage: Storage, clock: Clock, *, email: str, secret: str, name: str, ttl: int | None
) -> UUID:
    """Give the user an API token that reads `secret`."""
    now = clock.now()
    async with storage.write() as session:
        user = await user_by_email(session, email)
        if user is None or user.deleted_on is not None:
            raise NotFound(f"There is no user {email}")
        token = await create_token(
            session, user.account_uuid, user.uuid, secret, name=name, ttl=ttl, now=now
        )
    return token.uuid


async def give_credit(
    storage: Storage, events: EventLog, clock: Clock, *, email: str, amount: Decimal, note: str
) -> Decimal:
    """Post credit (or, if negative, a correction) to the user's account; returns the balance."""
    if not amount.is_finite() or amount != round(amount, 5) or not amount:
        raise WrongValue(f"{amount} is no amount: give dollars, with at most five decimals")
    now = clock.now()
    async with storage.write() as session:
        user = await user_by_email(session, email)
        if user is None:
            raise NotFound(f"There is no user {email}")
        line = Line(amount, RefType.PAYMENT, None, note)
        balance = await post(session, user.account_uuid, [line], now=now)
        account = await get_account(session, user.account_uuid)
        told = balance_notices(account, balance, CREDIT_ACTION)
        await events.append(session, account.uuid, *told, now=now)
    return balance
