"""The hearing half of a leg: whose packets these are, what they say, and when they stay away."""

import socket
from collections.abc import Callable

from opentact.voice.media import DigitHeard, Latched, MediaEvent, RtpTimeout
from opentact.voice.rtp.dtmf import DigitReceiver, Press
from opentact.voice.rtp.g711 import Codec
from opentact.voice.rtp.latch import Latch
from opentact.voice.rtp.packet import MAX_BYTES, RtpPacket, is_rtcp, parse
from opentact.voice.rtp.reception import Reception
from opentact.voice.sdp.offer_answer import CODECS, STATIC_TYPES, Negotiated

from .recording import Recording

_COMFORT_NOISE = 13  # RFC 3389: a sign of life, but nothing to hear
Forward = Callable[[RtpPacket, Codec | None, float], None]

_NOWHERE = {"0.0.0.0", "::"}  # noqa: S104 - a hold as of RFC 2543, not an address to bind


class Inbound:
    """Packets in, events out. `tell` gets the events; times are in seconds."""

    def __init__(
        self, rtp: socket.socket, tell: Callable[[MediaEvent], None], timeout: float
    ) -> None:
        """Before the first `connect`, everything that arrives is thrown away."""
        self.recordings: dict[int, Recording] = {}
        self.packets = 0
        self.octets = 0
        self.invalid = 0
        self.first_at: float | None = None
        self.last_at: float | None = None
        self.reception: Reception | None = None
        self.latch: Latch | None = None
        # Where packets go on a bridge: audio with its law, events without.
        self.forward: Forward | None = None
        self.forward_press: Callable[[Press], None] | None = None
        self._rtp, self._tell, self._timeout = rtp, tell, timeout
        self._strangers = 0
        self._lost_before = 0
        self._connected_at = self._quiet_since = 0.0
        self._receives = False
        self._digits = DigitReceiver()
        self._codecs: dict[int, Codec] = {}
        self._events: frozenset[int] = frozenset()
        self._remote: tuple[str, int] | None = None

    @property
    def lost(self) -> int:
        """Packets lost, of all sources the peer had."""
        return self._lost_before + (self.reception.lost if self.reception else 0)

    @property
    def strangers(self) -> int:
        """Packets that came from somebody else."""
        return self._strangers + (self.latch.strangers if self.latch else 0)

    def connect(self, negotiated: Negotiated, now: float) -> None:
        """Expect what was agreed on. Another address is learnt anew; a hold forgets nothing."""
        if self.latch is None:
            self._connected_at = now
        self._quiet_since = now
        self._receives = negotiated.receives
        # Some peers send the other law though they offered both: it can be told by its number.
        self._codecs = {STATIC_TYPES[codec]: codec for codec in CODECS}
        self._codecs[negotiated.payload_type] = negotiated.codec
        events = {negotiated.dtmf_payload, negotiated.dtmf_expected} - {None}
        self._events = frozenset(event for event in events if event is not None)
        moved = negotiated.remote != self._remote and negotiated.remote[0] not in _NOWHERE
        if self.latch is None or moved or not self.latch.locked:
            self._strangers = self.strangers
            types = self._events | {negotiated.payload_type}
            self.latch = Latch(negotiated.remote, types)
            self._remote = negotiated.remote

    def read(self, now: float) -> None:
        """Read one packet from the socket, at most.

        One, because the next call costs less than asking in vain; and because it bounds a
        flood: a port gets a packet in each go of the loop, and the kernel drops the rest.
        """
        try:
            data, source = self._rtp.recvfrom(MAX_BYTES + 1)
        except OSError:
            return  # nothing there after all, or an ICMP error of an earlier packet
        if is_rtcp(data):
            return  # not agreed on for this port, but some send it
        try:
            packet = parse(data)
        except ValueError:
            self.invalid += 1
        else:
            self._arrived(packet, source[:2], now)

    def tick(self, now: float) -> None:
        """Do what is due though nothing arrived."""
        if self._digits.wake_at is not None:
            self._pressed(self._digits.woken(now))
        if self.recordings:
            for recording in [*self.recordings.values()]:
                recording.tick(now)
        if self._receives and now - self._quiet_since >= self._timeout:
            self._tell(RtpTimeout(self._timeout))
            self._quiet_since = float("inf")  # until something is heard again

    def _arrived(self, packet: RtpPacket, source: tuple[str, int], now: float) -> None:
        latch = self.latch
        if latch is None:
            self._strangers += 1
            return
        was_locked = latch.locked
        if not latch.admit(source, packet):
            return
        if not was_locked:
            self._tell(Latched(source))
        if packet.ssrc != (self.reception.ssrc if self.reception else None):
            self._lost_before = self.lost
            self.reception = Reception(packet.ssrc)
            self._digits = DigitReceiver()
        self._hear(packet, now)

    def _hear(self, packet: RtpPacket, now: float) -> None:
        self.packets += 1
        self.octets += len(packet.payload)
        self.last_at = self._quiet_since = now
        if self.first_at is None:
            self.first_at = now
        is_event = packet.payload_type in self._events
        if self.reception:
            timestamp = None if is_event else packet.timestamp
            self.reception.received(packet.sequence, timestamp, now)
        if is_event:
            if self.forward:
                self.forward(packet, None, now)
            self._hear_event(packet, now)
        elif packet.payload_type in self._codecs:
            codec = self._codecs[packet.payload_type]
            if self.forward:
                self.forward(packet, codec, now)
            for recording in self.recordings.values():
                recording.heard(packet, codec, now)
        elif packet.payload_type != _COMFORT_NOISE:
            self.invalid += 1

    def _hear_event(self, packet: RtpPacket, now: float) -> None:
        try:
            self._pressed(self._digits.received(packet.timestamp, packet.payload, now))
        except ValueError:
            self.invalid += 1

    def _pressed(self, presses: list[Press]) -> None:
        for press in presses:
            at = press.at - self._connected_at
            self._tell(DigitHeard(press.digit, at, press.duration_ms))
            if self.forward_press:
                self.forward_press(press)

    def since_connect(self, moment: float | None) -> float | None:
        """Turn a moment into seconds since connect."""
        return None if moment is None else moment - self._connected_at
