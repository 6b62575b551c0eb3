"""The sending half of a leg: one packet per packet time, from the queue of plays."""

import socket

from opentact.voice.rtp.dtmf import EventFrame
from opentact.voice.rtp.g711 import SAMPLES_PER_MS
from opentact.voice.rtp.packet import HEADER_BYTES, pack_header
from opentact.voice.rtp.playout import Playout
from opentact.voice.sdp.offer_answer import Negotiated

Address = tuple[str, int]


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
        self.timestamp = timestamp
        self.packets = 0
        self.octets = 0
        self.errors = 0
        self.playout = Playout(negotiated.codec, negotiated.ptime)
        self._rtp = rtp
        self._sequence = sequence
        self._buffer = bytearray(HEADER_BYTES)
        self._marker = True
        self.renegotiated(negotiated)

    def renegotiated(self, negotiated: Negotiated) -> None:
        """Go on as agreed anew."""
        self.playout.renegotiated(negotiated.codec, negotiated.ptime)
        self._negotiated = negotiated
        self._samples = negotiated.ptime * SAMPLES_PER_MS
        self._sends = negotiated.sends
        self._payload_type = negotiated.payload_type

    def skipped(self, milliseconds: int) -> None:
        """Let the timestamp keep up with time that nothing was sent in."""
        self.timestamp = (self.timestamp + milliseconds * SAMPLES_PER_MS) & 0xFFFF_FFFF
        self._marker = True

    def tick(self, address: Address) -> None:
        """Send one packet, or let its time pass where the peer wants none.

        What is not sent does not count as played: a prompt waits while the call is on hold.
        """
        if self._sends:
            taken = self.playout.take()
            if isinstance(taken, EventFrame):
                self._send_event(taken, address)
            else:
                marker, self._marker = self._marker, False
                self._send(taken, self._payload_type, self.timestamp, address, marker=marker)
        else:
            self._marker = True
        self.timestamp = (self.timestamp + self._samples) & 0xFFFF_FFFF

    def _send_event(self, event: EventFrame, address: Address) -> None:
        payload_type = self._negotiated.dtmf_payload
        if payload_type is not None:
            began = (self.timestamp - event.age) & 0xFFFF_FFFF
            self._send(event.payload, payload_type, began, address, marker=event.marker)

    def _send(
        self, payload: bytes, payload_type: int, timestamp: int, address: Address, *, marker: bool
    ) -> None:
        buffer = self._buffer
        pack_header(buffer, payload_type, self._sequence, timestamp, self.ssrc, marker=marker)
        buffer[HEADER_BYTES:] = payload
        self._sequence = (self._sequence + 1) & 0xFFFF
        try:
            self._rtp.sendto(buffer, address)
        except OSError:
            # No route for a moment, or a full queue: a lost packet, as the net has others.
            self.errors += 1
            return
        self.packets += 1
        self.octets += len(payload)
