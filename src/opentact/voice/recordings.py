"""Recordings: asked for, being written, stored, or failed with the reason (spec/07, D-36).

A recording is fetched by a link that is signed and expires; nobody can guess one, and one that
leaked is worth nothing a little later.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Self
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from opentact.kit.entities import Base, Stamped
from opentact.kit.faults import Fault, NotFound

LINK_LIFE_S = 3600


class RecordingState(StrEnum):
    """How far a recording is: asked for, being written, on disk, or not."""

    REQUESTED = "requested"
    WRITING = "writing"
    STORED = "stored"
    FAILED = "failed"


class Recording(Stamped, Base):
    """One recording. `file` is its name in the recordings folder; `duration` is in ms."""

    __tablename__ = "recording"

    account_uuid: Mapped[UUID] = mapped_column(ForeignKey("account.uuid"), index=True)
    call_uuid: Mapped[UUID] = mapped_column(index=True)
    state: Mapped[RecordingState] = mapped_column(index=True)
    tag: Mapped[str | None]
    file: Mapped[str]
    format: Mapped[str] = mapped_column(default="wav")
    channels: Mapped[int] = mapped_column(default=1)
    duration: Mapped[int] = mapped_column(default=0)
    size: Mapped[int] = mapped_column(BigInteger, default=0)
    ended_by: Mapped[str | None] = mapped_column(default=None)
    reason: Mapped[str | None] = mapped_column(default=None)
    deleted_on: Mapped[datetime | None] = mapped_column(default=None)


@dataclass(frozen=True, slots=True)
class FileName:
    """What the name of a recording's file says, for a start after a crash that cost its row."""

    call: UUID
    recording: UUID
    channels: int
    format: str

    def __str__(self) -> str:
        return f"{self.call}.{self.recording}.{self.channels}.{self.format}"

    @classmethod
    def read(cls, name: str) -> Self | None:
        """Read the name of a file; None if it is no recording's."""
        try:
            call, recording, channels, form = name.split(".")
            read = cls(UUID(call), UUID(recording), int(channels), form)
        except ValueError:
            return None
        return read if str(read) == name else None


class BadLink(Fault):
    """The link is not one of ours, was altered, or has expired: ask for a new one."""

    code = "bad_recording_link"
    status = 401


class RecordingLinks:
    """Makes and checks the signed part of a recording's link."""

    def __init__(self, secret: bytes, base: str) -> None:
        """Sign with `secret`; `base` is the public URL of the API, without a slash at its end."""
        self._secret = secret
        self._base = base

    def link(self, uuid: UUID, now: datetime, life_s: int = LINK_LIFE_S) -> str:
        """Make a link that works for `life_s` seconds from `now`."""
        expires = int(now.timestamp()) + life_s
        signature = self._sign(uuid, expires)
        path = f"/rest/record/{uuid}/file?expires={expires}&signature={signature}"
        return f"{self._base}{path}"

    def check(self, uuid: UUID, expires: int, signature: str, now: datetime) -> None:
        """Raise `BadLink` unless the link is good now."""
        good = hmac.compare_digest(self._sign(uuid, expires).encode(), signature.encode())
        if not good or expires < now.timestamp():
            raise BadLink

    def _sign(self, uuid: UUID, expires: int) -> str:
        return hmac.new(self._secret, f"{uuid}:{expires}".encode(), hashlib.sha256).hexdigest()


async def get_recording(session: AsyncSession, account: UUID | None, uuid: UUID) -> Recording:
    """Load a recording that is not deleted; of any account if None (a signed link came)."""
    query = select(Recording).where(Recording.uuid == uuid, Recording.deleted_on.is_(None))
    if account is not None:
        query = query.where(Recording.account_uuid == account)
    found = await session.scalar(query)
    if found is None:
        raise NotFound("Recording not found")
    return found


async def delete_old_recordings(
    session: AsyncSession, before: datetime, now: datetime, *, most: int = 200
) -> dict[UUID, str]:
    """Delete up to `most` recordings made before then; their files, named here, go after that.

    Call it again and again until it names none, each time in a unit of work of its own.
    """
    found = await session.scalars(
        select(Recording)
        .where(
            Recording.created_on < before,
            Recording.deleted_on.is_(None),
            Recording.state.in_((RecordingState.STORED, RecordingState.FAILED)),
        )
        .order_by(Recording.created_on)
        .limit(most)
    )
    old = list(found)
    for each in old:
        each.deleted_on = each.modified_on = now
    return {each.uuid: each.file for each in old}


async def recordings_of(session: AsyncSession, call: UUID) -> list[Recording]:
    """List a call's recordings, oldest first."""
    found = await session.scalars(
        select(Recording)
        .where(Recording.call_uuid == call, Recording.deleted_on.is_(None))
        .order_by(Recording.created_on, Recording.uuid)
    )
    return list(found)
