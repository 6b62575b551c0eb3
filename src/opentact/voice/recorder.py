"""One call's recordings, from their start to their stored file.

Every recording ends as stored or failed with its reason, and says so; none is just missing.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from opentact.kit.clock import Clock

from .call_book import CallBook
from .call_events import CallCard
from .callflow.call_steps import DoDial, DoRecordWait
from .callflow.steps import At, Done, DoRecordStart, DoRecordStop, Failed, Reply
from .leg_audio import LegAudio, RecordEnd
from .line import Line
from .partner import Partner
from .recordings import Recording, RecordingState
from .tape import Archive, Tape, TapeKind, tape_for

MOST_AT_ONCE = 4  # of one call's flow; the media engine has room for eight on a leg
FINISH_S = 5.0  # how long a recording may take to be written out once it is stopped


@dataclass(slots=True)
class _Running:
    tape: Tape
    command: DoRecordStart
    line: LegAudio
    ended: "asyncio.Future[None]"
    number: int = 0
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
        self._archive = Archive(book, clock, folder)
        self._all: list[_Running] = []
        self._whole: _Running | None = None
        line.on_key = self._key

    def start(self, ask: DoRecordStart) -> Reply:
        """Begin a recording of the caller, on an answered call."""
        partner = self._partner()
        if ask.leg == "bleg" and partner is None:
            return Failed("there is no other leg in this call that could be recorded")
        if sum(not each.ended.done() for each in self._all) >= MOST_AT_ONCE:
            return Failed(f"{MOST_AT_ONCE} recordings run already")
        line = partner.line if partner is not None and ask.leg == "bleg" else self._line
        self._all.append(self._begin(ask, line))
        words = "recording; its words are written down once the call is over"
        return Done(words if ask.asr else "recording")

    def record_all(self, kind: TapeKind) -> None:
        """Record both sides from now to the call's end, as its profile wants. Twice is once.

        The flow has no part in it: none of its commands finds or ends this recording.
        """
        if self._whole is None:
            at = At("", 0)
            how = DoRecordStart(at=at, leg="both", format=kind.format, channels=kind.channels)
            self._whole = self._begin(how, self._line)

    def joined(self, partner: Partner, ask: DoDial) -> None:
        """Record a connection, if its Dial or the profile it went out by wants that.

        What is recorded as a whole is not recorded again because a profile says so.
        """
        asked = wanted(ask, partner)
        if asked is not None and (ask.record or self._whole is None):
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
        return _came_of(running.tape.recording)

    async def wait(self, ask: DoRecordWait) -> Reply:
        """Wait until the recording of the tag, or the latest, has ended by itself."""
        running = self._find(ask.tag)
        if running is None:
            return _no_recording(ask.tag)
        await asyncio.wait({running.ended}, timeout=ask.timeout_ms / 1000)
        if not running.ended.done():
            return Failed(f"the recording still runs after {ask.timeout_ms} ms")
        return _came_of(running.tape.recording)

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
        return running.tape.path

    def _begin(self, ask: DoRecordStart, line: LegAudio) -> _Running:
        channels = ask.channels or (2 if ask.leg == "both" else 1)
        kind = TapeKind(ask.format, channels, asr=ask.asr)
        tape = Tape(self._card, kind, self._archive, ask.at.tag)
        running = _Running(tape, ask, line, asyncio.get_running_loop().create_future())
        tape.asked()
        running.number = line.record(
            tape.path,
            lambda end: self._ended(running, end),
            max_ms=ask.max_ms,
            silence_ms=ask.silence_ms,
            channels=channels,
            format=ask.format,
            both=ask.leg == "both" or channels == 2,  # noqa: PLR2004 - stereo is both
        )
        tape.runs()
        return running

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
        of_tag = [each for each in self._all if tag is None or each.tape.recording.tag == tag]
        return next(
            (each for each in reversed(of_tag) if not each.ended.done()),
            of_tag[-1] if of_tag else None,
        )

    def _ended(self, running: _Running, end: RecordEnd) -> None:
        if not running.ended.done():
            running.ended.set_result(None)
            running.tape.ended(end, running.ended_by)
        if running is self._whole and end.reason == "max" and self._line.over is None:
            # A file is as long as files may be; the call goes on, and so does its recording.
            self._whole = self._begin(running.command, running.line)


def wanted(ask: DoDial, partner: Partner) -> DoRecordStart | None:
    """Say how a connection is to be recorded, None if not: as the profile says before the Dial."""
    placed = partner.attempt.placed
    kind = tape_for(placed.profile, placed.card.call.from_, placed.card.call.to)
    if kind is not None:
        return DoRecordStart(at=ask.at, leg="both", format=kind.format, channels=kind.channels)
    return DoRecordStart(at=ask.at, leg="both") if ask.record else None


def _no_recording(tag: str | None) -> Reply:
    named = f" with the tag {tag!r}" if tag else ""
    return Failed(f"there is no recording{named} in this call")


def _came_of(recording: Recording) -> Reply:
    if recording.state is RecordingState.FAILED:
        return Failed(f"the recording failed: {recording.reason}")
    return Done("recorded")
