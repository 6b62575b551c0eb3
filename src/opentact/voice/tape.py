"""One recording of a call at work: its row, a state with an event for each step, and its file.

Whoever records (a flow, voice/recorder.py; a bridge, voice/bridge_tape.py) has one for each file,
and tells it what the media engine tells.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from opentact.kit.clock import Clock

from .call_book import CallBook, new_recording
from .call_events import CallCard
from .facts import ProfileFacts
from .media import Recorded, RecordFailed
from .recordings import FileName, Recording, RecordingState
from .transcripts import new_transcript

OWN, ALL = 1, 2  # of a profile's record_calls
RecordEnd = Recorded | RecordFailed


@dataclass(frozen=True, slots=True)
class TapeKind:
    """How a recording is kept; of two channels each has one side, the leg recorded the first.

    With `asr` its words are wanted too.
    """

    format: Literal["wav", "mp3"] = "wav"
    channels: Literal[1, 2] = 1
    asr: bool = False


@dataclass(frozen=True, slots=True)
class Archive:
    """Where recordings are written down, and the folder that their files are in."""

    book: CallBook
    clock: Clock
    folder: Path


class Tape:
    """A recording of the call of `card`. It ends once, as stored or failed."""

    def __init__(
        self, card: CallCard, kind: TapeKind, archive: Archive, tag: str | None = None
    ) -> None:
        self.is_over = False
        self.kind = kind
        self.recording: Recording = new_recording(
            card,
            tag,
            "",
            archive.clock.now(),
            state=RecordingState.REQUESTED,
            format=kind.format,
            channels=kind.channels,
        )
        name = FileName(card.call.uuid, self.recording.uuid, kind.channels, kind.format)
        self.recording.file = str(name)
        self.path = archive.folder / self.recording.file
        self._card = card
        self._book = archive.book

    def asked(self) -> None:
        """Write it down, and tell that it was asked for."""
        words = new_transcript(self.recording) if self.kind.asr else None
        self._book.recording_opened(self._card, self.recording, words)

    def runs(self) -> None:
        """Tell that the media engine was told to write it."""
        self._closed(state=RecordingState.WRITING)

    def ended(self, end: RecordEnd, by: str | None = None) -> None:
        """Tell how it ended; `by` is what ended it, if that was not the engine. Twice is once."""
        if self.is_over:
            return
        self.is_over = True
        if isinstance(end, RecordFailed):
            self._closed(state=RecordingState.FAILED, reason=end.reason)
            return
        self._card.recordings.append(self.recording.uuid)
        self._closed(
            state=RecordingState.STORED,
            duration=end.duration_ms,
            size=end.size,
            ended_by=by or end.reason,
        )

    def _closed(self, **values: object) -> None:
        self._book.recording_closed(self._card, self.recording, **values)


def tape_for(profile: ProfileFacts | None, *numbers: str | None) -> TapeKind | None:
    """Say how a call between these numbers is to be recorded, None if not (spec/04).

    A profile records all its calls (`record_calls` 2), or those from or to its own number (1).
    """
    if profile is None:
        return None
    asked = profile.profile
    own = profile.caller_id is not None and str(profile.caller_id) in {
        each.lstrip("+") for each in numbers if each
    }
    if asked.record_calls != ALL and not (asked.record_calls == OWN and own):
        return None
    return TapeKind(
        "mp3" if asked.file_format == "mp3" else "wav", 2 if asked.audio_track_type else 1
    )
