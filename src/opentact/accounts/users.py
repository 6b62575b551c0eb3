"""Users: people and programs that act for an account (spec/02)."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from opentact.events.log import open_log
from opentact.kit.entities import Base, Stamped
from opentact.kit.faults import Conflict, NotFound

from .accounts import Account


class Role(StrEnum):
    """What a user may do (spec/11 D-35)."""

    ADMIN = "Admin"
    USER = "User"
    PROVIDER = "Provider"


class Gender(StrEnum):
    """As the API writes it (spec/11 C13)."""

    MALE = "Male"
    FEMALE = "Female"
    OTHER = "Other"


class User(Stamped, Base):
    """Someone who can log in. `password_hash` is argon2id; the password itself is never kept."""

    __tablename__ = "user"

    account_uuid: Mapped[UUID] = mapped_column(ForeignKey("account.uuid"), index=True)
    email: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str]
    role: Mapped[Role] = mapped_column(default=Role.USER)
    phone_number: Mapped[str | None] = mapped_column(default=None)
    first_name: Mapped[str | None] = mapped_column(default=None)
    last_name: Mapped[str | None] = mapped_column(default=None)
    gender: Mapped[Gender | None] = mapped_column(default=None)
    dob: Mapped[date | None] = mapped_column(default=None)
    avatar: Mapped[str | None] = mapped_column(default=None)
    deleted_on: Mapped[datetime | None] = mapped_column(default=None)


class UserExists(Conflict):
    """User already exists: another user has this e-mail address. Log in, or use another one."""

    code = "user_exists"


def same_email(email: str) -> str:
    """Fold an address to the form in which it is unique."""
    return email.strip().lower()


async def user_by_email(session: AsyncSession, email: str) -> User | None:
    """Find the user with this address, deleted ones included."""
    return await session.scalar(select(User).where(User.email == same_email(email)))


async def get_user(session: AsyncSession, account: UUID, uuid: UUID) -> User:
    """Load a user of the account, or `NotFound`."""
    user = await session.scalar(select(User).where(User.uuid == uuid, User.account_uuid == account))
    if user is None:
        raise NotFound("User not found")
    return user


async def users_of(session: AsyncSession, account: UUID) -> list[User]:
    """List the account's users, the deactivated ones included, oldest first."""
    found = await session.scalars(
        select(User).where(User.account_uuid == account).order_by(User.created_on, User.uuid)
    )
    return list(found)


async def open_account(
    session: AsyncSession, *, name: str, email: str, time_zone: str = "UTC", now: datetime
) -> Account:
    """Open an account with an empty balance and an empty event log."""
    account = Account(name=name, email=email, time_zone=time_zone, created_on=now, modified_on=now)
    session.add(account)
    await session.flush()
    await open_log(session, account.uuid)
    return account


async def add_user(session: AsyncSession, user: User) -> User:
    """Add a user whose e-mail address nobody has, or `UserExists`."""
    user.email = same_email(user.email)
    if await user_by_email(session, user.email):
        raise UserExists(f"User already exists: {user.email}")
    try:
        async with session.begin_nested():
            session.add(user)
    except IntegrityError:  # somebody else took it since we looked
        raise UserExists(f"User already exists: {user.email}") from None
    return user


async def rename(session: AsyncSession, user: User, email: str) -> None:
    """Give the user another e-mail address, which nobody else has, or `UserExists`."""
    try:
        async with session.begin_nested():
            user.email = same_email(email)
    except IntegrityError:
        raise UserExists(f"User already exists: {email}") from None


async def count_users(session: AsyncSession) -> int:
    """Count all users there are; 0 means the platform was never set up."""
    return await session.scalar(select(func.count()).select_from(User)) or 0
