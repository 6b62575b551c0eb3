"""The sending half of a leg: what plays, one packet per packet time; or the other side, at once."""

import socket

from opentact.voice.rtp.dtmf import EventFrame
from opentact.voice.rtp.g711 import SAMPLES_PER_MS, Codec, change_law
from opentact.voice.rtp.latch import Address, Latch
from opentact.voice.rtp.numbering import Numbering
from opentact.voice.rtp.packet import HEADER_BYTES, RtpPacket, pack_header
from opentact.voice.rtp.playout import Playout
from opentact.voice.sdp.offer_answer import Negotiated

from .run import Heard, Run, Said, Tally, Tap

__all__ = ["Address", "Outbound"]

# When the other side of a bridge is silent so long, silence is sent in its place: the peer's NAT
# and its timers want a stream. Longer than jitter, so that a late packet finds its run unbroken.
_QUIET_MS = 200
# While it speaks there is little to do: the tick comes more rarely, if the wheel can hold it.
_RARE, _LONGEST_STEP_MS = 3, 60


class Outbound:
    """Sequence number, timestamp and SSRC start where chance says (RFC 3550 section 5.1)."""

    # A thousand of these are touched in turn: what is dense stays in the processor's cache.
    __slots__ = (
        "_buffer", "_latch", "_marker", "_negotiated", "_numbers", "_payload_type",
        "_ptime", "_quiet_ms", "_rtp", "_run", "_sends", "_tally", "bridged", "playout", "ssrc",
        "taps",
    )  # fmt: skip

    def __init__(
        self,
        rtp: socket.socket,
        negotiated: Negotiated,
        latch: Latch,
        *,
        ssrc: int,
        sequence: int,
        timestamp: int,
    ) -> None:
        """Begin a stream on the socket `rtp`, to where `latch` says."""
        self.ssrc = ssrc
        self._tally = Tally()
        self._run: Run | None = None  # of the other side of a bridge
        self.playout = Playout(negotiated.codec, negotiated.ptime)
        self.bridged = False
        self.taps: list[Tap] = []
        self._rtp = rtp
        self._numbers = Numbering(sequence, timestamp, negotiated.ptime * SAMPLES_PER_MS)
        self._buffer = bytearray(HEADER_BYTES)
        self._marker = True
        self._quiet_ms = _QUIET_MS
        self.renegotiated(negotiated, latch)

    @property
    def sent(self) -> Tally:
        """What was sent until now."""
        if self._run:
            self._run.settle()
        return self._tally

    @property
    def timestamp(self) -> int:
        """Of the packet that is due next."""
        return self._numbers.timestamp

    @property
    def takes_events(self) -> bool:
        """Whether the peer understands telephone events."""
        return self._negotiated.dtmf_payload is not None

    def renegotiated(self, negotiated: Negotiated, latch: Latch) -> None:
        """Go on as agreed anew."""
        self.end_run()
        self._latch = latch
        self.playout.renegotiated(negotiated.codec, negotiated.ptime)
        self._negotiated = negotiated
        self._ptime = negotiated.ptime
        self._numbers.frame = negotiated.ptime * SAMPLES_PER_MS
        self._sends = negotiated.sends
        self._payload_type = negotiated.payload_type

    def skipped(self, milliseconds: int) -> None:
        """Let the timestamp keep up with time that nothing was sent in."""
        self._numbers.passed(milliseconds * SAMPLES_PER_MS)
        self._marker = True

    def tick(self, now: float) -> int:
        """Send one packet, or let its time pass where the peer wants none; tell how long it was.

        What is not sent does not count as played: a prompt waits while the call is on hold.
        Bridged, with nothing of our own to say, it is for the other side to speak.
        """
        step = self._ptime
        if self._run and not self._goes_on(self._run):
            self.end_run()
        if not self._sends:
            self._marker = True
            self._numbers.interrupt()
        elif self.bridged and self._quiet_ms < _QUIET_MS and self.playout.idle:
            if step * _RARE <= _LONGEST_STEP_MS:
                step *= _RARE
            self._quiet_ms += step
        else:
            self._say(self.playout.take(), now)
        self._numbers.passed(step * SAMPLES_PER_MS)
        return step

    def relay(self, packet: RtpPacket, codec: Codec | None, now: float) -> None:
        """Send on a packet of the other side at once: audio in `codec`, or a telephone event."""
        if not self._sends:
            return
        if not self.playout.idle:
            if codec is not None:
                self.playout.other_side(packet.payload, codec)
            return
        payload, payload_type = packet.payload, self._payload_type
        if codec is None:
            if self._negotiated.dtmf_payload is None:
                return
            payload_type = self._negotiated.dtmf_payload
        elif codec != self.playout.codec:
            payload = change_law(payload, self.playout.codec)
        _, marker, sequence, timestamp, ssrc, _ = packet
        placed = self._numbers.relayed(ssrc, sequence, timestamp, event=codec is None)
        if placed is None:
            return
        sequence, timestamp, fresh = placed
        self._quiet_ms = 0
        self._marker = False
        self._send(payload, payload_type, sequence, timestamp, marker=marker or fresh)
        if self.taps and codec is not None:
            self._tap(payload, timestamp, now)

    def run(
        self,
        first: RtpPacket,
        source: object,
        codec: Codec,
        heard: Heard,
        now: float,
        most: int | None,
    ) -> Run | None:
        """Begin a run with `first`, which was passed on already; None if it has to go as it came.

        What follows it needs a new header and no more, for `most` packets at most.
        """
        if codec != self.playout.codec or not self._sends or not self.playout.idle:
            return None
        numbers = self._numbers
        if not first.payload or most == 0 or not numbers.runs(first.ssrc, first.sequence):
            return None
        said = Said(
            self._rtp, self._latch, numbers, self._tally, self.ssrc, self._payload_type, codec,
            self.taps,
        )  # fmt: skip
        self._run = Run(first, source, heard, said, now, most)
        return self._run

    def end_run(self) -> None:
        """Have what the other side says next looked at again."""
        if self._run:
            self._run.end()
            self._run = None

    def _goes_on(self, run: Run) -> bool:
        """Tell whether the other side still is to be passed on as it comes."""
        if run.spoke():
            self._quiet_ms = 0
        return self._quiet_ms < _QUIET_MS and self.playout.idle and run.renew()

    def _say(self, taken: bytes | EventFrame, now: float) -> None:
        sequence, fresh = self._numbers.own()
        timestamp = self._numbers.timestamp
        if isinstance(taken, EventFrame):
            payload_type = self._negotiated.dtmf_payload
            if payload_type is not None:
                began = (timestamp - taken.age) & 0xFFFF_FFFF
                self._send(taken.payload, payload_type, sequence, began, marker=taken.marker)
            return
        marker, self._marker = self._marker or fresh, False
        self._send(taken, self._payload_type, sequence, timestamp, marker=marker)
        if self.taps:
            self._tap(taken, timestamp, now)

    def _tap(self, payload: bytes, timestamp: int, now: float) -> None:
        for tap in self.taps:
            tap.said(payload, self.playout.codec, timestamp, now)

    def _send(
        self,
        payload: bytes,
        payload_type: int,
        sequence: int,
        timestamp: int,
        *,
        marker: bool,
    ) -> None:
        buffer = self._buffer
        pack_header(buffer, payload_type, sequence, timestamp, self.ssrc, marker=marker)
        buffer[HEADER_BYTES:] = payload
        try:
            self._rtp.sendto(buffer, self._latch.address)
        except OSError:
            # No route for a moment, or a full queue: a lost packet, as the net has others.
            self._tally.errors += 1
            return
        self._tally.add(1, len(payload))
