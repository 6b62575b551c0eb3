"""One call's recordings, from their start to their stored file.

Every recording ends as stored or failed with its reason, and says so; none is just missing.
"""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from opentact.kit.clock import Clock

from .call_book import CallBook, new_recording
from .call_events import CallCard
from .callflow.steps import Done, DoRecordStart, Failed, Reply
from .line import Line, RecordEnd
from .media import RecordFailed
from .recordings import Recording, RecordingState

FINISH_S = 5.0  # how long a recording may take to be written out once it is stopped


@dataclass(slots=True)
class _Running:
    recording: Recording
    number: int
    path: Path
    ended: "asyncio.Future[None]"


class CallRecorder:
    """Starts, stops and looks after the recordings of one call."""

    def __init__(
        self, card: CallCard, line: Line, book: CallBook, clock: Clock, folder: Path
    ) -> None:
        """Write into `folder`."""
        self._card = card
        self._line = line
        self._book = book
        self._clock = clock
        self._folder = folder
        self._all: list[_Running] = []

    def start(self, ask: DoRecordStart) -> Reply:
        """Begin a recording of the caller."""
        if not self._line.answered:
            return Failed("a call is recorded after it is answered: put Answer before")
        recording = new_recording(
            self._card, ask.tag, "", self._clock.now(), state=RecordingState.WRITING
        )
        recording.file = f"{recording.uuid}.wav"
        path = self._folder / recording.file
        running = _Running(recording, 0, path, asyncio.get_running_loop().create_future())
        running.number = self._line.record(
            path,
            lambda end: self._ended(running, end),
            max_ms=ask.max_ms,
            silence_ms=ask.silence_ms,
        )
        self._all.append(running)
        self._book.recording_opened(self._card, recording)
        return Done("recording")

    async def stop(self, tag: str | None) -> Reply:
        """End the recording of that tag, or without one the latest."""
        running = self._find(tag)
        if running is None:
            named = f" with the tag {tag!r}" if tag else ""
            return Failed(f"there is no recording{named} in this call")
        if not running.ended.done():
            self._line.media.stop_record(running.number)
        await asyncio.wait({running.ended}, timeout=FINISH_S)
        if running.recording.state is RecordingState.FAILED:
            return Failed(f"the recording failed: {running.recording.reason}")
        return Done("recorded")

    async def file_of(self, tag: str) -> Path | None:
        """Give the finished file of the recording of that tag; one that runs is ended first."""
        running = self._find(tag)
        if running is None or isinstance(await self.stop(tag), Failed):
            return None
        return running.path

    def _find(self, tag: str | None) -> _Running | None:
        of_tag = [each for each in self._all if tag is None or each.recording.tag == tag]
        return next(
            (each for each in reversed(of_tag) if not each.ended.done()),
            of_tag[-1] if of_tag else None,
        )

    def _ended(self, running: _Running, end: RecordEnd) -> None:
        if running.ended.done():
            return
        running.ended.set_result(None)
        if isinstance(end, RecordFailed):
            self._book.recording_closed(
                self._card, running.recording, state=RecordingState.FAILED, reason=end.reason
            )
            return
        self._card.recordings.append(running.recording.uuid)
        self._book.recording_closed(
            self._card,
            running.recording,
            state=RecordingState.STORED,
            duration=end.duration_ms,
            size=end.size,
            ended_by=end.reason,
        )
