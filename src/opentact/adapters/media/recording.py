"""One recording, of a peer or of both sides: placed by timestamp, written in the background.

The call comes before its recording: a disk that does not keep up ends the recording, not the call.
"""

import secrets
from collections.abc import Callable
from typing import Literal

from opentact.voice.media import Recorded, RecordFailed
from opentact.voice.rtp.g711 import SAMPLES_PER_MS, Codec, loudness
from opentact.voice.rtp.placement import Placement

from .background import Background
from .commands import Record
from .mp3_file import Mp3File
from .wav_file import Block, WavFile

Reason = Literal["stopped", "max", "silence", "closed"]

# Nobody meant to record longer; 230 MB of disk.
LONGEST_MS = 4 * 3_600_000
# What a crash may cost, and how often the file is touched: four times a second.
_FLUSH_EVERY = 0.25
# Ten seconds behind: the disk will not catch up.
_MAX_BACKLOG = 40
# -42 dB of full scale: above line noise, below speech.
_SILENT_BELOW = 250


class Recording:
    """Runs from its making until `finish`; `done` then gets one event, when the file is whole."""

    def __init__(
        self,
        command: Record,
        background: Background,
        done: Callable[[Recorded | RecordFailed], None],
        now: float,
    ) -> None:
        """`now` is in seconds, as all times here."""
        self.record = command.record
        self.finished = False
        self._limit = min(command.max_ms or LONGEST_MS, LONGEST_MS) * SAMPLES_PER_MS
        self._silence = None if command.silence_ms is None else command.silence_ms / 1_000
        self._background, self._done = background, done
        self._started = self._loud_at = now
        # Those that begin together are not all written at once: the tick would feel it.
        self._flushed_at = now - _FLUSH_EVERY * secrets.randbelow(1_000) / 1_000
        self.both = command.both or command.channels > 1
        self._heard, self._said = Placement(), Placement()
        self._blocks: list[Block] = []
        self._backlog = 0
        self._error: OSError | ValueError | None = None
        self._file = _file(command, self._limit, tracks=2 if self.both else 1)
        self._in_background(self._file.open)

    def heard(self, payload: bytes, codec: Codec, ssrc: int, timestamp: int, now: float) -> None:
        """Take a packet of the peer's audio."""
        position = self._heard.place(ssrc, timestamp, self._elapsed(now))
        self._blocks.append((0, position, payload, codec))
        if self._silence is not None and loudness(payload, codec) >= _SILENT_BELOW:
            self._loud_at = now

    def said(self, payload: bytes, codec: Codec, timestamp: int, now: float) -> None:
        """Take a packet of what the peer is sent."""
        position = self._said.place(0, timestamp, self._elapsed(now))
        self._blocks.append((1, position, payload, codec))

    def tick(self, now: float) -> None:
        """Write what is due; end when time or silence say so."""
        if now - self._flushed_at >= _FLUSH_EVERY:
            self._flush(now)
        if self._elapsed(now) >= self._limit:
            self.finish("max", now)
        elif self._silence is not None and now - self._loud_at >= self._silence:
            self.finish("silence", now)

    def finish(self, reason: Reason, now: float) -> None:
        """End the recording; a second time is none."""
        if self.finished:
            return
        self._flush(now)
        if self.finished:
            return
        self.finished = True
        samples = min(self._elapsed(now), self._limit)

        def whole(size: int | OSError | ValueError) -> None:
            if self._error:
                self._failed(self._error)
            elif isinstance(size, int):
                self._make_sure(Recorded(self.record, samples // SAMPLES_PER_MS, size, reason))
            else:
                self._failed(size)

        self._background.run(lambda: self._file.finish(samples), whole)

    def _make_sure(self, end: Recorded) -> None:
        """Tell the end once the file is on the disk.

        A disk takes its time, and recordings that still run must not wait for it.
        """

        def sure(failed: OSError | ValueError | None) -> None:
            if failed is None:
                self._done(end)
            else:
                self._failed(failed)

        self._background.run_beside(self._file.sync, sure)

    def _elapsed(self, now: float) -> int:
        """Count the samples since the start."""
        return int((now - self._started) * 1_000 * SAMPLES_PER_MS)

    def _flush(self, now: float) -> None:
        self._flushed_at = now
        if not self.finished:
            blocks, self._blocks = self._blocks, []
            elapsed = self._elapsed(now)
            self._in_background(lambda: self._file.write(blocks, elapsed))

    def _in_background(self, job: Callable[[], None]) -> None:
        if self._backlog == _MAX_BACKLOG:
            self._failed(OSError("the disk does not keep up"))
            return
        self._backlog += 1
        self._background.run(job, self._written)

    def _written(self, result: OSError | ValueError | None) -> None:
        self._backlog -= 1
        if result is None or self._error:
            return
        self._error = result
        if not self.finished:
            self._failed(result)

    def _failed(self, error: OSError | ValueError) -> None:
        self.finished = True
        self._background.run(self._file.close, lambda _: None)
        said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        self._done(RecordFailed(self.record, said))


def _file(command: Record, limit: int, *, tracks: int) -> WavFile | Mp3File:
    made = Mp3File if command.format == "mp3" else WavFile
    return made(command.path, limit, tracks=tracks, channels=command.channels)
