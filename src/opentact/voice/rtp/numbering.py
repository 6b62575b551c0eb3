"""The numbers of one outgoing stream, whoever speaks in it: ourselves, or a source passed on.

A receiver must see one source whose sequence and time go on (RFC 3550 sections 5.1 and 7.1),
though prompts, holds and several bridges follow one another in it. What is passed on keeps its
losses and its order: each run of packets of one source is shifted as a whole to where the stream
stands.
"""

from typing import Final

_SEQUENCES: Final = 0xFFFF
_TIMESTAMPS: Final = 0xFFFF_FFFF
_HALF: Final = 0x8000_0000
# As `reception` has them: beyond these a source began anew.
_MAX_DROPOUT: Final = 3_000
_MAX_MISORDER: Final = 100
# A source is at most so far (samples) from our clock: jitter and drift fit in, made-up times not.
_LEEWAY: Final = 8_000
# The press of a key keeps the time it began, and lasts up to so long (RFC 4733 section 2.5.1.3).
_LONGEST_PRESS: Final = 0xFFFF


class Numbering:
    """`sequence` and `timestamp` are of the next packet of our own; `frame` is in samples."""

    # A thousand of these are touched in turn: what is dense stays in the processor's cache.
    __slots__ = (
        "_beyond", "_by", "_first", "_later", "_newest", "_ssrc", "frame", "sequence",
        "timestamp",
    )  # fmt: skip

    def __init__(self, sequence: int, timestamp: int, frame: int) -> None:
        self.sequence = sequence
        self.timestamp = timestamp
        self.frame = frame
        self._ssrc: int | None = None  # whose run it is; None for our own
        self._first = self._newest = 0
        self._by = self._later = 0  # how far the run is shifted: sequence, timestamp
        self._beyond = timestamp  # where the run ends

    def passed(self, samples: int) -> None:
        """Let time pass."""
        self.timestamp = (self.timestamp + samples) & _TIMESTAMPS

    def interrupt(self) -> None:
        """End the run under way: what is passed on next follows at once, whatever it missed."""
        if self._ssrc is not None:
            self._ssrc = None
            if _signed(self._beyond - self.timestamp) > 0:
                self.timestamp = self._beyond

    def own(self) -> tuple[int, bool]:
        """Give a packet of ours its sequence, and tell whether a run of ours begins with it."""
        fresh = self._ssrc is not None
        if fresh:
            self.interrupt()
        sequence = self.sequence
        self.sequence = (sequence + 1) & _SEQUENCES
        return sequence, fresh

    def relayed(
        self, ssrc: int, sequence: int, timestamp: int, *, event: bool = False
    ) -> tuple[int, int, bool] | None:
        """Give a packet passed on its sequence and timestamp; tell whether a run begins with it.

        None for one that has no place: from before its run, or of a source that runs away.
        """
        ahead = ((sequence - self._newest + 0x8000) & _SEQUENCES) - 0x8000
        if ssrc != self._ssrc or not -_MAX_MISORDER <= ahead < _MAX_DROPOUT:
            return self._begin(ssrc, sequence, timestamp)
        shifted = (timestamp + self._later) & _TIMESTAMPS
        drift = _signed(shifted - self.timestamp)
        if drift > _LEEWAY or drift < -(_LEEWAY + _LONGEST_PRESS if event else _LEEWAY):
            return self._begin(ssrc, sequence, timestamp)
        if ahead >= 0:
            self._newest = sequence
            self.sequence = (sequence + self._by + 1) & _SEQUENCES
            self._beyond = (shifted + self.frame) & _TIMESTAMPS
        elif (sequence - self._first) & 0x8000:
            return None
        return (sequence + self._by) & _SEQUENCES, shifted, False

    @property
    def shift(self) -> tuple[int, int]:
        """How far the run under way is shifted: sequence and timestamp."""
        return self._by, self._later

    def runs(self, ssrc: int, sequence: int) -> bool:
        """Tell whether that packet is the newest of the run under way."""
        return ssrc == self._ssrc and sequence == self._newest

    def followed(self, count: int, step: int) -> None:
        """Take note of packets of the run, each the very next one and `step` samples later."""
        self._newest = (self._newest + count) & _SEQUENCES
        self.sequence = (self.sequence + count) & _SEQUENCES
        self._beyond = (self._beyond + count * step) & _TIMESTAMPS

    def room(self, step: int) -> int:
        """How many such packets may follow before the run is ahead of the clock, or behind it."""
        drift = _signed(self._beyond - self.frame + step - self.timestamp)
        return 1 + (_LEEWAY - drift) // step if -_LEEWAY <= drift <= _LEEWAY else 0

    def _begin(self, ssrc: int, sequence: int, timestamp: int) -> tuple[int, int, bool] | None:
        start = self.timestamp
        ahead = _signed(self._beyond - start) if self._ssrc is not None else 0
        if ahead > _LEEWAY:
            return None
        if ahead > 0:
            start = self._beyond
        self._ssrc = ssrc
        self._first = self._newest = sequence
        self._by = self.sequence - sequence
        self._later = start - timestamp
        self.sequence = (self.sequence + 1) & _SEQUENCES
        self._beyond = (start + self.frame) & _TIMESTAMPS
        return (sequence + self._by) & _SEQUENCES, start, True


def _signed(difference: int) -> int:
    """Read a difference of timestamps the shorter way round."""
    return ((difference + _HALF) & _TIMESTAMPS) - _HALF
