"""Secrets of the platform itself, the same on every node and across restarts."""

from datetime import datetime

from sqlalchemy import LargeBinary, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from opentact.kit.entities import Base


class PlatformSecret(Base):
    """A named random value, made when it is first asked for."""

    __tablename__ = "platform_secret"

    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[bytes] = mapped_column(LargeBinary)
    created_on: Mapped[datetime]


async def platform_secret(
    session: AsyncSession, name: str, fresh: bytes, *, now: datetime
) -> bytes:
    """Read the secret; `fresh` random bytes become it if there is none yet."""
    known = await session.scalar(select(PlatformSecret).where(PlatformSecret.name == name))
    if known is not None:
        return known.value
    session.add(PlatformSecret(name=name, value=fresh, created_on=now))
    await session.flush()
    return fresh
