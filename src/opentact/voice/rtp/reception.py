"""How one source is heard: loss, order and jitter (RFC 3550 sections 6.4.1, A.1, A.3 and A.8)."""

from typing import Final

from .rtcp import ReportBlock

_SEQUENCES: Final = 1 << 16
_MAX_DROPOUT: Final = 3_000  # a jump forward larger than this is a source that began anew
_MAX_MISORDER: Final = 100  # so is one further back than this
RATE: Final = 8_000


class Reception:
    """Counts what arrives from one SSRC. `now` is in seconds, of any clock that never goes back."""

    # A thousand of these are touched in turn: what is dense stays in the processor's cache.
    __slots__ = (
        "_bad", "_base", "_heard", "_highest", "_jitter", "_lost_before", "_reported",
        "_transit", "packets", "ssrc",
    )  # fmt: skip

    def __init__(self, ssrc: int) -> None:
        self.ssrc = ssrc
        self.packets = 0
        self._base: int | None = None
        self._highest = 0  # extended: the cycles are in the upper bits
        self._bad: int | None = None
        self._lost_before = 0
        self._heard = 0
        self._transit: float | None = None
        self._jitter = 0.0
        self._reported = (0, 0)

    @property
    def expected(self) -> int:
        """How many packets were sent, as far as their numbers tell."""
        return 0 if self._base is None else self._highest - self._base + 1

    @property
    def lost(self) -> int:
        """How many never came; below zero when duplicates came."""
        return self._lost_before + self.expected - self._heard

    @property
    def jitter_ms(self) -> float:
        """Interarrival jitter, smoothed over some 16 packets, in milliseconds."""
        return self._jitter * 1_000 / RATE

    @property
    def jitter(self) -> float:
        """The same in units of timestamps."""
        return self._jitter

    def newest(self, sequence: int) -> bool:
        """Tell whether none heard was sent later than the packet of that number."""
        return sequence == self._highest % _SEQUENCES

    def followed(self, count: int, jitter: float, now: float, timestamp: int) -> None:
        """Count packets each the very next one; `now` and `timestamp` are of the last."""
        self.packets += count
        self._highest += count
        self._heard += count
        self._jitter = jitter
        self._transit = now * RATE - timestamp

    def continues(self, sequence: int) -> bool:
        """Tell whether a packet of that number could be the stream's next, after some losses."""
        return 0 < (sequence - self._highest) % _SEQUENCES < _MAX_DROPOUT

    def received(self, sequence: int, timestamp: int | None, now: float) -> None:
        """Count a packet. No timestamp for events: theirs is not the time they were sent."""
        self.packets += 1
        if self._base is not None and sequence == (self._highest + 1) % _SEQUENCES:
            # Nearly every packet; in full, counting costs as much as reading it.
            self._highest += 1
            self._heard += 1
        elif not self._count(sequence):
            return
        if timestamp is not None:
            self._measure(timestamp, now)

    def report(self, *, last_sr: int = 0, delay: int = 0) -> ReportBlock:
        """Make the block of a report, counting what was lost since the last one."""
        expected, heard = self.expected, self._heard
        before_expected, before_heard = self._reported
        self._reported = (expected, heard)
        sent = expected - before_expected
        lost = sent - (heard - before_heard)
        fraction = min(255, (lost << 8) // sent) if sent > 0 and lost > 0 else 0
        highest = self._highest & 0xFFFF_FFFF
        return ReportBlock(
            self.ssrc, fraction, self.lost, highest, int(self._jitter), last_sr, delay
        )

    def _count(self, sequence: int) -> bool:
        """Tell whether the packet is of the stream, rather than the first sign of a new one."""
        if self._base is None:
            self._begin(sequence)
            return True
        step = (sequence - self._highest) % _SEQUENCES
        if step < _MAX_DROPOUT:
            self._highest += step
        elif step <= _SEQUENCES - _MAX_MISORDER:
            # Two in a row out of place: the source began anew without telling.
            if sequence != self._bad:
                self._bad = (sequence + 1) % _SEQUENCES
                return False
            self._lost_before = self.lost
            self._begin(sequence)
            return True
        self._heard += 1
        return True

    def _begin(self, sequence: int) -> None:
        self._base = self._highest = sequence
        self._heard = 1
        self._bad = self._transit = None
        self._reported = (0, 0)

    def _measure(self, timestamp: int, now: float) -> None:
        transit = now * RATE - timestamp
        if self._transit is not None:
            difference = transit - self._transit
            if abs(difference) > RATE:
                # Timestamps wrap at 32 bits: the shorter way round is the true difference.
                difference = (difference + 2**31) % 2**32 - 2**31
            self._jitter += (min(abs(difference), RATE) - self._jitter) / 16
        self._transit = transit
