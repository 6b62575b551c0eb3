"""The hearing half of a leg: whose packets these are, what they say, and when they stay away."""

import socket
from collections.abc import Callable
from typing import Literal

from opentact.voice.media import DigitHeard, Latched, MediaEvent, RtpTimeout
from opentact.voice.rtp import packet as rtp
from opentact.voice.rtp.dtmf import DigitReceiver, Press
from opentact.voice.rtp.g711 import Codec, loudness
from opentact.voice.rtp.inband import ToneListener
from opentact.voice.rtp.latch import Address, Latch
from opentact.voice.rtp.reception import Reception
from opentact.voice.sdp.offer_answer import CODECS, STATIC_TYPES, Negotiated

from .ears import Ears
from .facts import LOUD, NOTHING_HEARD_S, SILENT_S, Facts
from .outbound import Outbound
from .recording import Recording
from .run import PACKET, VIEW, Heard, Run, Tally

_COMFORT_NOISE = 13  # RFC 3389: a sign of life, but nothing to hear
_NOWHERE = {"0.0.0.0", "::"}  # noqa: S104 - a hold as of RFC 2543, not an address to bind
# A peer that is silent so long may have moved; longer than any jitter, shorter than patience.
_MOVES_AFTER_S = 3.0
# Every so many packets one is looked at for anybody speaking, until somebody does.
_LOOK_EVERY = 32

_Source = tuple[str, int] | tuple[str, int, int, int]


class Inbound:
    """Packets in, events out. `tell` gets the events; times are in seconds."""

    # A thousand of these are touched in turn: what is dense stays in the processor's cache.
    __slots__ = (
        "_agreed_type", "_asked_to_listen", "_codecs", "_connected_at", "_digits", "_ears",
        "_events", "_expected_before", "_far", "_far_press", "_last_at", "_listener",
        "_lost_before", "_loud", "_quiet_since", "_receives", "_reception", "_remote", "_rtp",
        "_run", "_sends_events", "_strangers", "_tally", "_tell", "_timed_out", "_timeout",
        "facts", "first_at", "invalid", "latch", "recordings",
    )  # fmt: skip

    def __init__(
        self, port: socket.socket, tell: Callable[[MediaEvent], None], timeout: float, ears: Ears
    ) -> None:
        """Before the first `connect`, everything that arrives is thrown away."""
        self.recordings: dict[int, Recording] = {}
        self._tally = Tally()
        self.first_at: float | None = None
        self._last_at: float | None = None
        self._reception: Reception | None = None
        self._run: Run | None = None  # of the bridge, while each packet is as expected
        self.latch: Latch | None = None
        self.facts = Facts()
        self._far: Outbound | None = None
        self._far_press: Callable[[Press], None] | None = None
        self._rtp, self._tell, self._timeout, self._ears = port, tell, timeout, ears
        self._strangers = self.invalid = 0
        self._lost_before = self._expected_before = 0
        self._connected_at = self._quiet_since = 0.0
        self._timed_out = False
        self._receives = self._loud = False
        self._digits = DigitReceiver()
        self._listener: ToneListener | None = None
        self._asked_to_listen = self._sends_events = False
        self._codecs: dict[int, Codec] = {}
        self._agreed_type = -1
        self._events: frozenset[int] = frozenset()
        self._remote: Address | None = None

    @property
    def got(self) -> Tally:
        """What the peer sent until now."""
        self._settle()
        return self._tally

    @property
    def reception(self) -> Reception | None:
        """How its stream was heard until now."""
        self._settle()
        return self._reception

    @property
    def last_at(self) -> float | None:
        """When a packet last came."""
        return self._run.at if self._run else self._last_at

    @property
    def lost(self) -> int:
        """Packets lost, of all sources the peer had."""
        heard = self.reception
        return self._lost_before + (heard.lost if heard else 0)

    @property
    def expected(self) -> int:
        """Packets sent to us, of all sources the peer had, as far as their numbers tell."""
        heard = self.reception
        return self._expected_before + (heard.expected if heard else 0)

    @property
    def strangers(self) -> int:
        """Packets that came from somebody else."""
        return self._strangers + (self.latch.strangers if self.latch else 0)

    def connect(self, negotiated: Negotiated, now: float) -> Latch:
        """Expect what was agreed on. Another address is learnt anew; a hold forgets nothing."""
        if self.latch is None:
            self._connected_at = now
        self.end_run()
        self._quiet_since, self._timed_out = now, False
        self._receives = negotiated.receives
        # Some peers send the other law though they offered both: it can be told by its number.
        self._codecs = {STATIC_TYPES[codec]: codec for codec in CODECS}
        self._codecs[negotiated.payload_type] = negotiated.codec
        self._agreed_type = negotiated.payload_type
        events = negotiated.dtmf_payload, negotiated.dtmf_expected
        self._events = frozenset(event for event in events if event is not None)
        self._listen()
        moved = negotiated.remote != self._remote and negotiated.remote[0] not in _NOWHERE
        if self.latch is None or moved or not self.latch.locked:
            self._strangers = self.strangers
            self.latch = Latch(negotiated.remote, self._events | {negotiated.payload_type})
            self._remote = negotiated.remote
            self.facts.described(negotiated, now - self._connected_at)
        return self.latch

    def listen(self, *, asked: bool) -> None:
        """Listen for keys in the audio, though the peer agreed on telephone events; or stop."""
        self._asked_to_listen = asked
        self._listen()

    def pass_on(self, far: Outbound | None, press: Callable[[Press], None] | None) -> None:
        """Send what comes on to the other side of a bridge, and tell it what was pressed."""
        self.end_run()
        self._far, self._far_press = far, press

    def read(self, now: float) -> None:
        """Read one packet from the socket, at most.

        One, because the next call costs less than asking in vain; and because it bounds a
        flood: a port gets a packet in each go of the loop, and the kernel drops the rest.
        """
        try:
            size, source = self._rtp.recvfrom_into(PACKET)
        except OSError:
            return  # nothing there after all, or an ICMP error of an earlier packet
        run = self._run
        if run is not None and source == run.source and run.take(size, now):
            return
        self.end_run()
        data = bytes(VIEW[:size])
        if rtp.is_rtcp(data):
            return  # not agreed on for this port, but some send it
        try:
            packet = rtp.parse(data)
        except ValueError:
            self.invalid += 1
        else:
            self._arrived(packet, source, now)

    def tick(self, now: float) -> None:
        """Do what is due though nothing arrived."""
        if self._digits.wake_at is not None:
            self._pressed(self._digits.woken(now))
        if self.recordings:
            for recording in [*self.recordings.values()]:
                recording.tick(now)
        since = self._run.at if self._run else self._quiet_since
        if now - since >= self._timeout and self._receives and not self._timed_out:
            self.end_run()
            self._timed_out = True
            self._tell(RtpTimeout(self._timeout))

    def review(self, now: float, sent: Tally) -> None:
        """See what did not happen, though we `sent` so much: no packet, no voice."""
        at = now - self._connected_at
        self.end_run()
        quiet = now - self._quiet_since
        if self._receives and quiet >= NOTHING_HEARD_S:
            self.facts.unheard(at, quiet, self._remote, sent, ever=self.first_at is not None)
        heard_for = now - self.first_at if self.first_at is not None else 0.0
        if heard_for >= SILENT_S and not self._loud and self._receives:
            self.facts.note("silence", at, f"packets for {heard_for:.0f} s, and no voice in them")

    def _settle(self) -> None:
        if self._run:
            self._run.settle()

    def end_run(self) -> None:
        """Have packets looked at again; catch up with those that were not."""
        run, self._run = self._run, None
        if run:
            run.end()
            self._last_at = self._quiet_since = run.at

    def _begin_run(self, packet: rtp.RtpPacket, source: _Source, now: float) -> None:
        """Have the next packets of a bridge passed on without a look, until one is odd."""
        codec, heard = self._codecs.get(packet.payload_type), self._reception
        if self._far and codec and heard and heard.newest(packet.sequence) and not self._listener:
            most = None if self._loud else (-self._tally.packets - 1) % _LOOK_EVERY
            whence = Heard(heard, self._tally, self.recordings)
            self._run = self._far.run(packet, source, codec, whence, now, most)

    def _arrived(self, packet: rtp.RtpPacket, source: _Source, now: float) -> None:
        latch, address = self.latch, source[:2]
        if latch is None:
            self._strangers += 1
            return
        was_at = latch.address if latch.locked else None
        if not latch.admit(address, packet) and not self._moved(latch, address, packet, now):
            if was_at and self._reception:
                self.facts.note("stranger", now - self._connected_at, "from {}:{}".format(*address))
            return
        if latch.address != was_at:
            self._tell(Latched(address))
            if was_at is None and self._remote:
                self.facts.latched(self._remote, address, now - self._connected_at)
        if packet.ssrc != (self._reception.ssrc if self._reception else None):
            self._lost_before, self._expected_before = self.lost, self.expected
            self._reception = Reception(packet.ssrc)
            self._digits = DigitReceiver()
        self._hear(packet, now)
        self._begin_run(packet, source, now)

    def _moved(self, latch: Latch, address: Address, packet: rtp.RtpPacket, now: float) -> bool:
        """Tell whether the peer's own stream goes on from another address, the old one silent."""
        heard = self._reception
        if self._last_at is None or now - self._last_at < _MOVES_AFTER_S or heard is None:
            return False
        goes_on = packet.ssrc == heard.ssrc and heard.continues(packet.sequence)
        if not goes_on or not latch.follow(address, packet):
            return False
        self.facts.note("source_moved", now - self._connected_at, "to {}:{}".format(*address))
        return True

    def _hear(self, packet: rtp.RtpPacket, now: float) -> None:
        self._tally.add(1, len(packet.payload))
        self._last_at = self._quiet_since = now
        self._timed_out = False
        self.first_at = now if self.first_at is None else self.first_at
        kind = packet.payload_type
        is_event = kind in self._events
        if self._reception:
            timestamp = None if is_event else packet.timestamp
            self._reception.received(packet.sequence, timestamp, now)
        if is_event:
            self._hear_event(packet, now)
        elif kind in self._codecs:
            self._hear_audio(packet, self._codecs[kind], now)
        elif kind != _COMFORT_NOISE:
            self.invalid += 1
            self._odd("wrong_payload_type", kind, now)

    def _hear_audio(self, packet: rtp.RtpPacket, codec: Codec, now: float) -> None:
        if packet.payload_type != self._agreed_type:
            self._odd("other_law", packet.payload_type, now)
        if self._far:
            self._far.relay(packet, codec, now)
        for recording in self.recordings.values():
            recording.heard(packet.payload, codec, packet.ssrc, packet.timestamp, now)
        if self._listener:
            self._ears.hear(self._listener, packet.payload, codec, self._sounded, now)
        if not self._loud and not self._tally.packets % _LOOK_EVERY:
            self._loud = loudness(packet.payload, codec) >= LOUD

    def _hear_event(self, packet: rtp.RtpPacket, now: float) -> None:
        if self._far:
            self._far.relay(packet, None, now)
        # Who sends events may sound the key as well: it is one press.
        self._sends_events, self._listener = True, None
        try:
            self._pressed(self._digits.received(packet.timestamp, packet.payload, now))
        except ValueError:
            self.invalid += 1

    def _listen(self) -> None:
        self.end_run()
        wanted = (self._asked_to_listen or not self._events) and not self._sends_events
        self._listener = (self._listener or ToneListener()) if wanted else None

    def _odd(self, kind: Literal["wrong_payload_type", "other_law"], got: int, now: float) -> None:
        agreed = ", ".join(map(str, sorted({self._agreed_type} | self._events)))
        detail = f"payload type {got} came, agreed on: {agreed}"
        self.facts.note(kind, now - self._connected_at, detail)

    def _pressed(self, presses: list[Press], kind: str = "rfc4733") -> None:
        for press in presses:
            at = max(0.0, press.at - self._connected_at)
            self._tell(DigitHeard(press.digit, at, press.duration_ms, kind))
            if self._far_press and kind == "rfc4733":
                self._far_press(press)

    def _sounded(self, presses: list[Press]) -> None:
        if self._listener:
            self._pressed(presses, "inband")

    def since_connect(self, moment: float | None) -> float | None:
        """Turn a moment into seconds since connect."""
        return None if moment is None else moment - self._connected_at
