"""Opaque tokens, the API keys of spec/02: shown once, kept as a hash."""

import hashlib
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ForeignKey, delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from opentact.kit.entities import Base, Stamped
from opentact.kit.faults import NotFound

LENGTH = 48
MIN_TTL = 60


class Token(Stamped, Base):
    """An API key. `hint` is its last four characters, so that a person can tell keys apart."""

    __tablename__ = "token"

    user_uuid: Mapped[UUID] = mapped_column(ForeignKey("user.uuid"), index=True)
    account_uuid: Mapped[UUID] = mapped_column(ForeignKey("account.uuid"))
    name: Mapped[str]
    ttl: Mapped[int | None]
    token_hash: Mapped[str] = mapped_column(unique=True)
    hint: Mapped[str]
    expired_on: Mapped[datetime | None]


class TokenNotFound(NotFound):
    """Token not found: it is not one of yours, or it was removed."""

    code = "token_not_found"


def hash_token(token: str) -> str:
    """Hash a token for keeping. It has 285 bits of randomness: no salt, no slow hash needed."""
    return hashlib.sha256(token.encode()).hexdigest()


def expires(created_on: datetime, ttl: int | None) -> datetime | None:
    """Tell when a token made then ends; a token without `ttl` (seconds) does not end."""
    return None if ttl is None else created_on + timedelta(seconds=ttl)


async def create_token(
    session: AsyncSession,
    account: UUID,
    user: UUID,
    secret: str,
    *,
    name: str,
    ttl: int | None,
    now: datetime,
) -> Token:
    """Keep the hash of `secret`, 48 alphanumerics that the caller has drawn."""
    token = Token(
        user_uuid=user,
        account_uuid=account,
        name=name,
        ttl=ttl,
        token_hash=hash_token(secret),
        hint=secret[-4:],
        expired_on=expires(now, ttl),
        created_on=now,
        modified_on=now,
    )
    session.add(token)
    await session.flush()
    return token


async def tokens_of(session: AsyncSession, user: UUID) -> list[Token]:
    """List the user's tokens, oldest first."""
    found = await session.scalars(
        select(Token).where(Token.user_uuid == user).order_by(Token.created_on, Token.uuid)
    )
    return list(found)


async def get_token(session: AsyncSession, user: UUID, uuid: UUID) -> Token:
    """Load one of the user's tokens, or `TokenNotFound`."""
    token = await session.scalar(select(Token).where(Token.uuid == uuid, Token.user_uuid == user))
    if token is None:
        raise TokenNotFound
    return token


async def remove_token(session: AsyncSession, user: UUID, secret: str) -> Token:
    """Remove the user's token that reads `secret`, or `TokenNotFound`."""
    token = await session.scalar(
        select(Token).where(Token.token_hash == hash_token(secret), Token.user_uuid == user)
    )
    if token is None:
        raise TokenNotFound
    await session.delete(token)
    return token


async def remove_all_tokens(session: AsyncSession, user: UUID) -> None:
    """Remove every token of the user."""
    await session.execute(delete(Token).where(Token.user_uuid == user))
