"""The run of a bridge: packets each as the one before lets expect, passed on with a new header.

Nearly all packets of nearly all calls are of a run, so what is done for each is the least there
is: one comparison of its header, one new header, in place. What else each packet stands for,
counts and numbers, is caught up with when somebody asks (`settle`).
"""

import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Protocol

from opentact.voice.rtp.g711 import Codec
from opentact.voice.rtp.latch import Latch
from opentact.voice.rtp.numbering import Numbering
from opentact.voice.rtp.packet import HEADER_BYTES, MAX_BYTES, RtpPacket
from opentact.voice.rtp.reception import RATE, Reception

# Every packet of the process is read into it: one loop reads, and is done before it reads on.
PACKET = bytearray(MAX_BYTES + 1)
VIEW = memoryview(PACKET)

_SEQUENCE_AT = 64  # from the right, in bits
_VERSION_2 = 0x8000_0000
_SEQUENCES, _TIMESTAMPS = 1 << 16, 1 << 32


class Ear(Protocol):
    """What listens to all that a peer says."""

    def heard(self, payload: bytes, codec: Codec, ssrc: int, timestamp: int, now: float) -> None:
        """Take a packet of the peer's audio."""


class Tap(Protocol):
    """What listens to all that a peer is sent."""

    def said(self, payload: bytes, codec: Codec, timestamp: int, now: float) -> None:
        """Take a packet of audio."""


@dataclass(slots=True)
class Tally:
    """What went one way; `octets` without headers, `errors` could not be sent."""

    packets: int = 0
    octets: int = 0
    errors: int = 0

    def add(self, packets: int, octets: int) -> None:
        """Count packets of so many bytes each."""
        self.packets += packets
        self.octets += packets * octets


@dataclass(frozen=True, slots=True)
class Heard:
    """Where a run comes from."""

    reception: Reception
    tally: Tally
    ears: Mapping[int, Ear]


@dataclass(frozen=True, slots=True)
class Said:
    """Where a run goes to: `ssrc` and `payload_type` are the stream's, `codec` that of the run."""

    rtp: socket.socket
    latch: Latch
    numbers: Numbering
    tally: Tally
    ssrc: int
    payload_type: int
    codec: Codec
    taps: Iterable[Tap]


class Run:
    """Goes on until `end`, or until a packet is not the expected one.

    A header is read and written as one number of its twelve bytes: version to sequence, timestamp,
    SSRC. A loop over a thousand calls waits for memory more than for anything else, and each
    number is a place in memory.
    """

    # A thousand of these are touched in turn: what is dense stays in the processor's cache.
    __slots__ = (
        "_counted", "_heard", "_jitter", "_latch", "_left", "_most", "_next", "_overheard",
        "_said", "_send", "_shift", "_size", "_spoke", "_step", "_unsent", "_view", "at", "source",
    )  # fmt: skip

    def __init__(
        self,
        first: RtpPacket,
        source: object,
        heard: Heard,
        said: Said,
        now: float,
        most: int | None,
    ) -> None:
        """Begin after `first`, which was passed on as any other; for `most` packets at most."""
        step = len(first.payload)
        by, later = said.numbers.shift
        sequence, timestamp = first.sequence + 1, first.timestamp + step
        out = (sequence + by) % _SEQUENCES, (timestamp + later) % _TIMESTAMPS
        # Numbers that begin anew are not of the run; both kinds, as they come and as they go.
        to_last = _SEQUENCES - max(sequence, out[0]), (_TIMESTAMPS - max(timestamp, out[1])) // step
        self.source, self.at = source, now
        self._heard, self._said = heard, said
        self._overheard = bool(heard.ears or said.taps)
        self._send, self._latch = said.rtp.sendto, said.latch
        self._size, self._view = HEADER_BYTES + step, VIEW[: HEADER_BYTES + step]
        self._next = self._counted = _header(first.payload_type, sequence, timestamp, first.ssrc)
        self._shift = _header(said.payload_type, *out, said.ssrc) - self._next
        self._step, self._spoke = _step(step), False
        self._jitter, self._unsent = heard.reception.jitter, 0
        self._most = max(0, min(to_last if most is None else (most, *to_last)))
        self._left = 0
        self.renew()

    def take(self, size: int, now: float) -> bool:
        """Pass on the packet in `PACKET`; False if it is not the expected one."""
        header, left = int.from_bytes(PACKET[:HEADER_BYTES]), self._left
        if header != self._next or not left or size != self._size:
            return False
        self._left = left - 1
        self._next = header + self._step
        # RFC 3550 section A.8, of two packets as far apart as they should be.
        late = (now - self.at) * RATE - size + HEADER_BYTES
        self._jitter += ((late if late > 0 else -late) - self._jitter) / 16
        self.at = now
        PACKET[:HEADER_BYTES] = (header + self._shift).to_bytes(HEADER_BYTES)
        try:
            self._send(self._view, self._latch.address)
        except OSError:
            self._unsent += 1
        if self._overheard:
            self._tell(header, now)
        return True

    def settle(self) -> None:
        """Catch up with what was passed on since the last time."""
        count, unsent = self._next - self._counted >> _SEQUENCE_AT, self._unsent
        if count:
            self._spoke = True
            self._counted, self._unsent, self._most = self._next, 0, self._most - count
            heard, said, octets = self._heard, self._said, self._size - HEADER_BYTES
            heard.tally.add(count, octets)
            last = self._next - self._step
            heard.reception.followed(count, self._jitter, self.at, _timestamp(last))
            said.tally.add(count - unsent, octets)
            said.tally.errors += unsent
            said.numbers.followed(count, octets)

    def spoke(self) -> bool:
        """Tell whether anything was passed on since this was last asked."""
        self.settle()
        spoke, self._spoke = self._spoke, False
        return spoke

    def renew(self) -> bool:
        """Let it go on for as many packets as the clock of its stream allows; tell if any."""
        self._left = min(self._most, self._said.numbers.room(self._size - HEADER_BYTES))
        return self._left > 0

    def end(self) -> None:
        """Take no more packets."""
        self.settle()
        self._left = 0

    def _tell(self, header: int, now: float) -> None:
        heard, said = self._heard, self._said
        payload, codec = bytes(self._view[HEADER_BYTES:]), said.codec
        for tap in said.taps:
            tap.said(payload, codec, _timestamp(header + self._shift), now)
        for ear in heard.ears.values():
            ear.heard(payload, codec, heard.reception.ssrc, _timestamp(header), now)


def _header(payload_type: int, sequence: int, timestamp: int, ssrc: int) -> int:
    return (_VERSION_2 | payload_type << 16 | sequence) << _SEQUENCE_AT | timestamp << 32 | ssrc


def _timestamp(header: int) -> int:
    return header >> 32 & _TIMESTAMPS - 1


@cache
def _step(samples: int) -> int:
    """From the header of a packet to that of the next; one object for all runs."""
    return (1 << _SEQUENCE_AT) + (samples << 32)
