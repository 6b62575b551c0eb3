"""One call's recordings, from their start to their stored file.

Every recording ends as stored or failed with its reason, and says so; none is just missing.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from opentact.kit.clock import Clock

from .call_book import CallBook, new_recording
from .call_events import CallCard
from .callflow.call_steps import DoDial, DoRecordWait
from .callflow.steps import Done, DoRecordStart, DoRecordStop, Failed, Reply
from .leg_audio import LegAudio, RecordEnd
from .line import Line
from .media import RecordFailed
from .partner import Partner
from .recordings import Recording, RecordingState

MOST_AT_ONCE = 4  # of one call; the media engine has room for eight on a leg
OWN, ALL = 1, 2  # of a profile's record_calls
FINISH_S = 5.0  # how long a recording may take to be written out once it is stopped


@dataclass(slots=True)
class _Running:
    recording: Recording
    number: int
    path: Path
    command: DoRecordStart
    line: LegAudio
    ended: "asyncio.Future[None]"
    ended_by: str | None = None


class CallRecorder:
    """Starts, stops and looks after the recordings of one call."""

    def __init__(
        self,
        card: CallCard,
        line: Line,
        book: CallBook,
        clock: Clock,
        folder: Path,
        partner: Callable[[], Partner | None] = lambda: None,
    ) -> None:
        """Write into `folder`; `partner` gives who the caller is connected with, if anybody."""
        self._card = card
        self._partner = partner
        self._line = line
        self._book = book
        self._clock = clock
        self._folder = folder
        self._all: list[_Running] = []
        line.on_key = self._key

    def start(self, ask: DoRecordStart) -> Reply:
        """Begin a recording of the caller, on an answered call."""
        partner = self._partner()
        if ask.leg == "bleg" and partner is None:
            return Failed("there is no other leg in this call that could be recorded")
        if sum(not each.ended.done() for each in self._all) >= MOST_AT_ONCE:
            return Failed(f"{MOST_AT_ONCE} recordings run already")
        line = partner.line if partner is not None and ask.leg == "bleg" else self._line
        channels = ask.channels or (2 if ask.leg == "both" else 1)
        recording = new_recording(
            self._card,
            ask.tag,
            "",
            self._clock.now(),
            state=RecordingState.REQUESTED,
            format=ask.format,
            channels=channels,
        )
        recording.file = f"{recording.uuid}.{ask.format}"
        path = self._folder / recording.file
        ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        running = _Running(recording, 0, path, ask, line, ended)
        self._all.append(running)
        self._book.recording_opened(self._card, recording)
        running.number = line.record(
            path,
            lambda end: self._ended(running, end),
            max_ms=ask.max_ms,
            silence_ms=ask.silence_ms,
            channels=channels,
            format=ask.format,
            both=ask.leg == "both" or channels == 2,  # noqa: PLR2004 - stereo is both
        )
        self._book.recording_closed(self._card, recording, state=RecordingState.WRITING)
        return Done("recording; it will not be transcribed yet" if ask.asr else "recording")

    def joined(self, partner: Partner, ask: DoDial) -> None:
        """Record a connection, if its Dial or the profile it went out by wants that."""
        asked = wanted(ask, partner)
        if asked is not None:
            self.start(asked)

    def parted(self, ask: DoDial) -> None:
        """End the recording of a connection."""
        running = next((r for r in reversed(self._all) if r.command.path == ask.path), None)
        if running is not None:
            self._end(running)

    async def stop(self, ask: DoRecordStop) -> Reply:
        """End the recording that this command began, else of its tag, else the latest."""
        running = self._meant(ask)
        if running is None:
            return _no_recording(ask.tag)
        return await self._finish(running)

    async def _finish(self, running: _Running) -> Reply:
        self._end(running)
        await asyncio.wait({running.ended}, timeout=FINISH_S)
        if not running.ended.done():
            return Failed(f"the recording was not written out within {FINISH_S:.0f} s")
        return _came_of(running.recording)

    async def wait(self, ask: DoRecordWait) -> Reply:
        """Wait until the recording of the tag, or the latest, has ended by itself."""
        running = self._find(ask.tag)
        if running is None:
            return _no_recording(ask.tag)
        await asyncio.wait({running.ended}, timeout=ask.timeout_ms / 1000)
        if not running.ended.done():
            return Failed(f"the recording still runs after {ask.timeout_ms} ms")
        return _came_of(running.recording)

    def let_go(self, ask: DoRecordStop) -> None:
        """End the same, and do not wait until it is stored."""
        running = self._meant(ask)
        if running is not None:
            self._end(running)

    async def file_of(self, tag: str) -> Path | None:
        """Give the finished file of the recording of that tag; one that runs is ended first."""
        running = self._find(tag)
        if running is None or isinstance(await self._finish(running), Failed):
            return None
        return running.path

    def _end(self, running: _Running) -> None:
        if not running.ended.done():
            running.line.media.stop_record(running.number)

    def _key(self, key: str) -> bool:
        """End what this key was said to end; such a key is no answer to the next question."""
        meant = [
            each for each in self._all if key in each.command.stop_keys and not each.ended.done()
        ]
        for running in meant:
            running.ended_by = "dtmf"
            self._end(running)
        return bool(meant)

    def _meant(self, ask: DoRecordStop) -> _Running | None:
        of_command = [each for each in self._all if each.command.path == ask.path]
        return of_command[-1] if of_command else self._find(ask.tag)

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
            ended_by=running.ended_by or end.reason,
        )


def wanted(ask: DoDial, partner: Partner) -> DoRecordStart | None:
    """Say how a connection is to be recorded, None if not (spec/04 `record_calls`).

    A profile records all calls (2), or those that show its own number (1).
    """
    facts = partner.attempt.placed.profile
    profile = facts.profile if facts is not None else None
    by_profile = False
    if facts is not None and profile is not None:
        shown = partner.attempt.placed.card.call.from_.lstrip("+") == str(facts.caller_id)
        by_profile = profile.record_calls == ALL or (profile.record_calls == OWN and shown)
    if not ask.record and not by_profile:
        return None
    if profile is None or not by_profile:
        return DoRecordStart(at=ask.at, leg="both")
    stereo = bool(profile.audio_track_type)
    mp3 = profile.file_format == "mp3"
    return DoRecordStart(
        at=ask.at, leg="both", format="mp3" if mp3 else "wav", channels=2 if stereo else 1
    )


def _no_recording(tag: str | None) -> Reply:
    named = f" with the tag {tag!r}" if tag else ""
    return Failed(f"there is no recording{named} in this call")


def _came_of(recording: Recording) -> Reply:
    if recording.state is RecordingState.FAILED:
        return Failed(f"the recording failed: {recording.reason}")
    return Done("recorded")
