"""Transcripts: what was said in a recording, in words (spec/09 `asr`, D-19).

One is asked for with its recording, made once the call is over, and ends as stored or failed with
its reason. It is deleted with its recording.
"""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import ForeignKey, Text, delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from opentact.kit.entities import Base, JsonColumn, Stamped
from opentact.kit.faults import Fault
from opentact.kit.ids import new_id

from .calls import Call
from .recordings import Recording
from .speech import DriverInfo


class TranscriptState(StrEnum):
    """How far a transcript is."""

    REQUESTED = "requested"
    STORED = "stored"
    FAILED = "failed"


class Transcript(Stamped, Base):
    """The words of one recording. `segments` are as `Segment` says, in the order of speaking."""

    __tablename__ = "transcript"

    account_uuid: Mapped[UUID] = mapped_column(ForeignKey("account.uuid"))
    call_uuid: Mapped[UUID]
    recording_uuid: Mapped[UUID] = mapped_column(unique=True)
    state: Mapped[TranscriptState] = mapped_column(index=True)
    language: Mapped[str | None] = mapped_column(default=None)
    text: Mapped[str] = mapped_column(Text, default="")
    segments: Mapped[list[dict[str, Any]]] = mapped_column(JsonColumn, default_factory=list)
    reason: Mapped[str | None] = mapped_column(default=None)


@dataclass(frozen=True, slots=True)
class Segment:
    """What somebody said in one go.

    `start` and `end` are in seconds from the recording's beginning, `confidence` from 0 to 1.
    `channel` counts from 1: of two, the first is the leg that was recorded.
    """

    start: float
    end: float
    text: str
    confidence: float
    channel: int = 1


@dataclass(frozen=True, slots=True)
class Words:
    """All that was said; `language` is an ISO 639 code, None if nothing was."""

    language: str | None
    segments: tuple[Segment, ...]

    def as_members(self) -> dict[str, Any]:
        """Give them as the members of a transcript."""
        return {
            "language": self.language,
            "text": " ".join(each.text for each in self.segments),
            "segments": [asdict(each) for each in self.segments],
        }


class Transcriber(Protocol):
    """Turns sound into words."""

    async def transcribe(self, file: Path, channels: int) -> Words:
        """Write down what is said in a recording, each channel by itself.

        Raises `NoTranscriber` or `TranscriptionFailed`.
        """

    def drivers(self) -> list[DriverInfo]:
        """Tell every driver the platform knows, installed or not."""

    async def rest(self) -> None:
        """Let go of what is needed only while there is something to do."""


class NoTranscriber(Fault):
    """Nothing is installed that turns speech into words: run `make transcription`."""

    code = "no_transcriber"
    status = 503


class TranscriptionFailed(Fault):
    """The words of this recording could not be made out."""

    code = "transcription_failed"
    status = 502


@dataclass(frozen=True, slots=True)
class Due:
    """A transcript that can be made now, and whose recording it is of."""

    transcript: UUID
    recording: Recording


def new_transcript(recording: Recording) -> Transcript:
    """Ask for the words of a recording that begins."""
    return Transcript(
        uuid=new_id(),
        account_uuid=recording.account_uuid,
        call_uuid=recording.call_uuid,
        recording_uuid=recording.uuid,
        state=TranscriptState.REQUESTED,
        created_on=recording.created_on,
        modified_on=recording.created_on,
    )


async def next_due(session: AsyncSession, node: str) -> Due | None:
    """Find the oldest that is waiting, of the calls of this node that are over."""
    found = await session.execute(
        select(Transcript.uuid, Recording)
        .join(Recording, Recording.uuid == Transcript.recording_uuid)
        .join(Call, Call.uuid == Transcript.call_uuid)
        .where(
            Transcript.state == TranscriptState.REQUESTED,
            Call.node == node,
            Call.destroy_on.is_not(None),
        )
        .order_by(Transcript.created_on, Transcript.uuid)
        .limit(1)
    )
    row = found.one_or_none()
    return None if row is None else Due(*row)


async def transcripts_of(
    session: AsyncSession, recordings: Collection[Recording]
) -> dict[UUID, Transcript]:
    """Find the transcripts of these recordings, by the recordings' ids."""
    if not recordings:
        return {}
    wanted = [each.uuid for each in recordings]
    found = await session.scalars(select(Transcript).where(Transcript.recording_uuid.in_(wanted)))
    return {each.recording_uuid: each for each in found}


async def forget_transcripts(session: AsyncSession, recordings: Collection[UUID]) -> None:
    """Delete what was said in recordings that are deleted."""
    await session.execute(delete(Transcript).where(Transcript.recording_uuid.in_(recordings)))


async def settle_transcript(
    session: AsyncSession, uuid: UUID, now: datetime, **members: Any
) -> Transcript | None:
    """Write how it ended; None if it has ended already, or is not wanted any more."""
    found = await session.scalar(
        select(Transcript)
        .where(Transcript.uuid == uuid, Transcript.state == TranscriptState.REQUESTED)
        .with_for_update()
    )
    if found is not None:
        for name, value in {**members, "modified_on": now}.items():
            setattr(found, name, value)
    return found
