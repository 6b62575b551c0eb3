"""Keys pressed, as telephone events (RFC 4733): one digit per press, whatever the net does to it.

A press is known by the timestamp of its packets. It is over at the first packet with the end
bit, at the first packet of another press, or when its packets stop coming.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from struct import Struct
from typing import Final

KEYS: Final = "0123456789*#ABCD"
RATE: Final = 8_000

# A press without end bit is over when its packets, normally 20 to 50 ms apart, stay away so long.
SILENT_S: Final = 0.2
END_REPEATS: Final = 3  # RFC 4733 section 2.5.1.4

_EVENT: Final = Struct("!BBH")
_END: Final = 0x80
_VOLUME: Final = 10  # -10 dBm0, the level of a telephone's own keys
_LONGEST: Final = 0xFFFF
_TIMESTAMPS: Final = 1 << 32


@dataclass(frozen=True, slots=True)
class Press:
    """One key, from when its first packet came (`at`, seconds of the caller's clock)."""

    digit: str
    at: float
    duration_ms: int


@dataclass(slots=True)
class _Pressing:
    event: int
    first: int  # timestamp of the press, and of each segment of a long one
    segment: int
    at: float
    heard_at: float
    duration: int = 0


class DigitReceiver:
    """Turns event packets into presses. Feed it in the order of arrival; wake it now and then."""

    def __init__(self) -> None:
        self._now: _Pressing | None = None
        self._last: int | None = None  # newest timestamp of a press that is over

    @property
    def wake_at(self) -> float | None:
        """When `woken` wants to be called, if nothing arrives before."""
        return self._now.heard_at + SILENT_S if self._now else None

    def received(self, timestamp: int, payload: bytes, now: float) -> list[Press]:
        """Take a packet; give the presses it completes. ValueError if it is too short."""
        if len(payload) < _EVENT.size:
            raise ValueError(f"telephone event of {len(payload)} bytes, expected 4")
        event, flags, duration = _EVENT.unpack_from(payload)
        if event >= len(KEYS) or self._is_late(timestamp):
            return []
        ended: list[Press] = []
        pressing = self._now
        if pressing is None or not self._continues(pressing, event, timestamp):
            ended = self._end()
            pressing = self._now = _Pressing(event, timestamp, timestamp, now, now)
        pressing.segment = timestamp
        pressing.heard_at = now
        held = (timestamp - pressing.first) % _TIMESTAMPS + duration
        pressing.duration = max(pressing.duration, held)
        return ended + self._end() if flags & _END else ended

    def woken(self, now: float) -> list[Press]:
        """End the press whose packets stay away."""
        due = self.wake_at
        return self._end() if due is not None and due <= now else []

    def _is_late(self, timestamp: int) -> bool:
        """Tell a packet of a press that is over, or of a segment that is."""
        newest = self._now.segment if self._now else self._last
        if newest is None:
            return False
        behind = (newest - timestamp) % _TIMESTAMPS
        return 0 < behind < _TIMESTAMPS // 2 or (behind == 0 and self._now is None)

    def _continues(self, pressing: _Pressing, event: int, timestamp: int) -> bool:
        """Tell the same press: same timestamp, or the next segment of a long one (2.5.1.3)."""
        if event != pressing.event:
            return False
        step = (timestamp - pressing.segment) % _TIMESTAMPS
        until_now = (pressing.segment - pressing.first) % _TIMESTAMPS + _LONGEST
        return step == 0 or (step == _LONGEST and pressing.duration >= until_now - RATE)

    def _end(self) -> list[Press]:
        pressing, self._now = self._now, None
        if pressing is None:
            return []
        self._last = pressing.segment
        milliseconds = pressing.duration * 1_000 // RATE
        return [Press(KEYS[pressing.event], pressing.at, milliseconds)]


@dataclass(frozen=True, slots=True)
class EventFrame:
    """What goes out in one packet time: an event packet, `age` samples after its press began."""

    payload: bytes
    age: int
    marker: bool


def event_frames(digits: str, *, frame: int, tone: int, gap: int) -> Iterator[EventFrame | None]:
    """Give what to send in each packet time of `frame` samples; None where nothing is.

    `tone` and `gap` are in samples. The end is sent thrice, so that a gap has room for the two
    repeats and a frame of rest. A tone longer than 65535 samples (8 s) is cut to that.
    Raises ValueError at once for what is no key, and for no keys.
    """
    keys = digits.upper()
    strange = next((key for key in keys if key not in KEYS), None)
    if strange is not None or not keys:
        raise ValueError(f"no key: {strange or ''!r}, expected one of {KEYS}")
    return _event_frames(keys, frame, tone, gap)


def _event_frames(keys: str, frame: int, tone: int, gap: int) -> Iterator[EventFrame | None]:
    frames = max(1, min(tone, _LONGEST) // frame)
    rests = max(END_REPEATS, -(-gap // frame)) - (END_REPEATS - 1)
    for key in keys:
        event = KEYS.index(key)
        for count in range(1, frames + 1):
            end = _END if count == frames else 0
            payload = _EVENT.pack(event, end | _VOLUME, count * frame)
            yield EventFrame(payload, (count - 1) * frame, marker=count == 1)
        for repeat in range(END_REPEATS - 1):
            yield EventFrame(payload, (frames + repeat) * frame, marker=False)
        yield from (None for _ in range(rests))
