"""What a leg is to say: a queue of audio and digits, taken one packet time after the other.

Audio is already encoded. One piece follows the other to the sample; silence is given where there
is nothing to say, so that the peer's NAT and its timers always see a stream.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from .dtmf import EventFrame, event_frames
from .g711 import SAMPLES_PER_MS, SILENCE, Codec, change_law
from .mixer import mix

# What a flow can reasonably line up; more is a flow gone wild.
MAX_QUEUED: Final = 256
# Of the other side, while it is mixed in: what jitter brings at once, and no lasting delay.
_MAX_WAITING: Final = 4

Reason = Literal["end", "stopped", "failed"]


@dataclass(frozen=True, slots=True)
class Finished:
    """A play that is over, and why; `detail` says what failed."""

    play: int
    reason: Reason
    detail: str = ""


@dataclass(slots=True)
class _Audio:
    play: int
    left: int  # times still to play, 0 without end
    data: bytes | None = None  # None until it is loaded
    at: int = 0
    mix: bool = False


@dataclass(slots=True)
class _Digits:
    play: int
    frames: Iterator[EventFrame | None]
    mix: bool = False


class Playout:
    """The queue of one leg. `finished` collects what is over until somebody empties it."""

    # A thousand of these are touched in turn: what is dense stays in the processor's cache.
    __slots__ = (
        "_codec", "_frame", "_other_side", "_queue", "_silence", "finished",
    )  # fmt: skip

    def __init__(self, codec: Codec, ptime: int) -> None:
        self.finished: list[Finished] = []
        self._queue: deque[_Audio | _Digits] = deque()
        self._other_side = bytearray()
        self._codec = codec
        self._frame = ptime * SAMPLES_PER_MS
        self._silence = SILENCE[codec] * self._frame

    @property
    def playing(self) -> int | None:
        """The play at the head of the queue."""
        return self._queue[0].play if self._queue else None

    @property
    def idle(self) -> bool:
        """Whether there is nothing to say, or it is not there yet."""
        if not self._queue:
            return True
        track = self._queue[0]
        return isinstance(track, _Audio) and track.data is None

    @property
    def queued(self) -> int:
        """How many plays wait behind it."""
        return max(0, len(self._queue) - 1)

    @property
    def codec(self) -> Codec:
        """The law of the audio given."""
        return self._codec

    def renegotiated(self, codec: Codec, ptime: int) -> None:
        """Go on in another codec, or with another packet time, from the next packet on."""
        if codec != self._codec:
            for track in self._queue:
                if isinstance(track, _Audio) and track.data is not None:
                    track.data = change_law(track.data, codec)
            self._other_side.clear()
        self._codec = codec
        self._frame = ptime * SAMPLES_PER_MS
        self._silence = SILENCE[codec] * self._frame

    def add_audio(self, play: int, loop: int, *, mix: bool = False) -> None:
        """Line up a piece whose samples come later, by `loaded` or `failed`.

        With `mix` the other side of a bridge is heard with it, otherwise instead of it.
        """
        if self._has_room(play):
            self._queue.append(_Audio(play, loop, mix=mix))

    def add_digits(self, play: int, digits: str, tone_ms: int, gap_ms: int) -> None:
        """Line up digits; what is no key fails the play as a whole."""
        tone, gap = tone_ms * SAMPLES_PER_MS, gap_ms * SAMPLES_PER_MS
        try:
            frames = event_frames(digits, frame=self._frame, tone=tone, gap=gap)
        except ValueError as error:
            self.finished.append(Finished(play, "failed", str(error)))
            return
        if self._has_room(play):
            self._queue.append(_Digits(play, frames))

    def loaded(self, play: int, data: bytes, codec: Codec) -> None:
        """Hand in the samples of a piece."""
        if not data:
            self.failed(play, "no audio in the file")
            return
        for track in self._queue:
            if isinstance(track, _Audio) and track.play == play and track.data is None:
                track.data = data if codec == self._codec else change_law(data, self._codec)
                return

    def failed(self, play: int, detail: str) -> None:
        """Drop a piece that cannot be had."""
        for track in self._queue:
            if track.play == play:
                self._queue.remove(track)
                self.finished.append(Finished(play, "failed", detail))
                return

    def stop(self) -> None:
        """Stop what plays and forget the queue."""
        self.finished += [Finished(track.play, "stopped") for track in self._queue]
        self._queue.clear()
        self._other_side.clear()

    def other_side(self, payload: bytes, codec: Codec) -> None:
        """Hear what the other side of the bridge says meanwhile, if what plays lets it through."""
        if not self._queue or not self._queue[0].mix:
            return
        self._other_side += payload if codec == self._codec else change_law(payload, self._codec)
        del self._other_side[: -_MAX_WAITING * self._frame]

    def take(self) -> bytes | EventFrame:
        """Give the next packet's content, moving on by one packet time."""
        if not self._queue:
            return self._silence
        track = self._queue[0]
        if isinstance(track, _Digits):
            return self._take_digits(track)
        if not track.mix:
            return self._take_audio(track)
        waiting, frame = self._other_side, self._frame
        if len(waiting) < frame:
            return self._take_audio(track)
        other = bytes(waiting[:frame])
        del waiting[:frame]
        return mix(self._take_audio(track), other, self._codec)

    def _take_audio(self, track: _Audio) -> bytes:
        data, at = track.data, track.at
        if data is None:
            return self._silence
        end = at + self._frame
        if end < len(data):
            track.at = end
            return data[at:end]
        return self._take_across()

    def _take_across(self) -> bytes:
        """Give a packet that reaches the end of a piece: the next one begins within it."""
        parts: list[bytes] = []
        missing = self._frame
        while missing and self._queue:
            track = self._queue[0]
            if isinstance(track, _Digits) or track.data is None:
                break
            part = track.data[track.at : track.at + missing]
            parts.append(part)
            missing -= len(part)
            track.at += len(part)
            if track.at == len(track.data):
                self._again_or_next(track)
        return b"".join(parts) + self._silence[:missing]

    def _again_or_next(self, track: _Audio) -> None:
        track.at = 0
        if track.left == 1:
            self._queue.popleft()
            self._other_side.clear()
            self.finished.append(Finished(track.play, "end"))
        elif track.left > 1:
            track.left -= 1

    def _take_digits(self, track: _Digits) -> bytes | EventFrame:
        try:
            frame = next(track.frames)
        except StopIteration:
            self._queue.popleft()
            self.finished.append(Finished(track.play, "end"))
            return self.take()
        return self._silence if frame is None else frame

    def _has_room(self, play: int) -> bool:
        if len(self._queue) < MAX_QUEUED:
            return True
        self.finished.append(Finished(play, "failed", f"more than {MAX_QUEUED} plays in the queue"))
        return False
