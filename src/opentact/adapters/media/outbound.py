"""The sending half of a leg: what plays, one packet per packet time; or the other side, at once."""

import socket
from typing import Protocol

from opentact.voice.rtp.dtmf import EventFrame
from opentact.voice.rtp.g711 import SAMPLES_PER_MS, Codec, change_law
from opentact.voice.rtp.numbering import Numbering
from opentact.voice.rtp.packet import HEADER_BYTES, RtpPacket, pack_header
from opentact.voice.rtp.playout import Playout
from opentact.voice.sdp.offer_answer import Negotiated

Address = tuple[str, int]

# When the other side of a bridge is silent so long, silence is sent in its place: the peer's NAT
# and its timers want a stream. Longer than jitter, so that a late packet finds its run unbroken.
_QUIET_MS = 200


class Tap(Protocol):
    """What listens to all that the peer is sent."""

    def said(self, payload: bytes, codec: Codec, timestamp: int, now: float) -> None:
        """Take a packet of audio."""


class Outbound:
    """Sequence number, timestamp and SSRC start where chance says (RFC 3550 section 5.1)."""

    def __init__(
        self,
        rtp: socket.socket,
        negotiated: Negotiated,
        *,
        ssrc: int,
        sequence: int,
        timestamp: int,
    ) -> None:
        """Begin a stream on the socket `rtp`."""
        self.ssrc = ssrc
        self.packets = 0
        self.octets = 0
        self.errors = 0
        self.playout = Playout(negotiated.codec, negotiated.ptime)
        self.bridged = False
        self.taps: list[Tap] = []
        self._rtp = rtp
        self._numbers = Numbering(sequence, timestamp, negotiated.ptime * SAMPLES_PER_MS)
        self._buffer = bytearray(HEADER_BYTES)
        self._marker = True
        self._quiet_ms = _QUIET_MS
        self.renegotiated(negotiated)

    @property
    def timestamp(self) -> int:
        """Of the packet that is due next."""
        return self._numbers.timestamp

    @property
    def takes_events(self) -> bool:
        """Whether the peer understands telephone events."""
        return self._negotiated.dtmf_payload is not None

    def renegotiated(self, negotiated: Negotiated) -> None:
        """Go on as agreed anew."""
        self.playout.renegotiated(negotiated.codec, negotiated.ptime)
        self._negotiated = negotiated
        self._ptime = negotiated.ptime
        self._samples = self._numbers.frame = negotiated.ptime * SAMPLES_PER_MS
        self._sends = negotiated.sends
        self._payload_type = negotiated.payload_type

    def skipped(self, milliseconds: int) -> None:
        """Let the timestamp keep up with time that nothing was sent in."""
        self._numbers.passed(milliseconds * SAMPLES_PER_MS)
        self._marker = True

    def tick(self, address: Address, now: float) -> None:
        """Send one packet, or let its time pass where the peer wants none.

        What is not sent does not count as played: a prompt waits while the call is on hold.
        Bridged, with nothing of our own to say, it is for the other side to speak.
        """
        if not self._sends:
            self._marker = True
        elif self.bridged and self.playout.idle and self._quiet_ms < _QUIET_MS:
            self._quiet_ms += self._ptime
        else:
            self._say(self.playout.take(), address, now)
        self._numbers.passed(self._samples)

    def relay(self, packet: RtpPacket, codec: Codec | None, address: Address, now: float) -> None:
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
        self._send(payload, payload_type, sequence, timestamp, address, marker=marker or fresh)
        if self.taps and codec is not None:
            self._tap(payload, timestamp, now)

    def _say(self, taken: bytes | EventFrame, address: Address, now: float) -> None:
        sequence, fresh = self._numbers.own()
        timestamp = self._numbers.timestamp
        if isinstance(taken, EventFrame):
            payload_type = self._negotiated.dtmf_payload
            if payload_type is not None:
                began = (timestamp - taken.age) & 0xFFFF_FFFF
                payload, marker = taken.payload, taken.marker
                self._send(payload, payload_type, sequence, began, address, marker=marker)
            return
        marker, self._marker = self._marker or fresh, False
        self._send(taken, self._payload_type, sequence, timestamp, address, marker=marker)
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
        address: Address,
        *,
        marker: bool,
    ) -> None:
        buffer = self._buffer
        pack_header(buffer, payload_type, sequence, timestamp, self.ssrc, marker=marker)
        buffer[HEADER_BYTES:] = payload
        try:
            self._rtp.sendto(buffer, address)
        except OSError:
            # No route for a moment, or a full queue: a lost packet, as the net has others.
            self.errors += 1
            return
        self.packets += 1
        self.octets += len(payload)
