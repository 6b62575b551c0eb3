"""One leg inside the engine: its two sockets, and what it says, hears and reports."""

import secrets
import socket
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from opentact.voice.media import MediaEvent, MediaStats, Played, Recorded, RecordFailed
from opentact.voice.rtp.dtmf import Press
from opentact.voice.rtp.g711 import Codec
from opentact.voice.rtp.packet import RtpPacket
from opentact.voice.sdp.offer_answer import Negotiated

from .background import Background
from .commands import Command, Connect, Play, Record, SendDigits, Stop, StopRecord, Unbridge
from .inbound import Inbound
from .outbound import Address, Outbound
from .prompts import Prompts
from .recording import Recording
from .reports import Reports
from .settings import MediaSettings

# At once, in one leg: one of the flow, one of the call, and room for the unforeseen.
MAX_RECORDINGS = 8

Vitals = dict[str, object]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the legs of an engine share."""

    settings: MediaSettings
    prompts: Prompts
    writer: Background
    wall: Callable[[], float]
    monotonic: Callable[[], float]
    tell: Callable[[UUID, MediaEvent], None]
    vitals: Callable[[UUID, Vitals], None]


class Leg:
    """Times are in seconds of the engine's clock."""

    def __init__(
        self,
        leg: UUID,
        rtp: socket.socket,
        rtcp: socket.socket,
        around: Surroundings,
    ) -> None:
        """Own the bound sockets."""
        self.leg = leg
        self.rtp, self.rtcp = rtp, rtcp
        self.host, self.port = rtp.getsockname()[:2]
        self.ptime = 20
        self.closed = False
        self._around = around
        self._negotiated: Negotiated | None = None
        self._out: Outbound | None = None
        self._in = Inbound(rtp, self._tell, around.settings.rtp_timeout)
        self._reports = Reports(rtcp, around.settings.cname, around.wall)
        self._report_at = 0.0
        self._closing: Callable[[MediaStats], None] | None = None
        self._other: Leg | None = None

    def execute(self, command: Command, now: float) -> None:
        """Do what a call asks; what cannot be done before `Connect` fails by its event."""
        match command:
            case Connect(negotiated):
                self._connect(negotiated, now)
            case Play(play, path, loop):
                self._play(play, path, loop)
            case SendDigits():
                self._send_digits(command)
            case Stop():
                if self._out:
                    self._out.playout.stop()
                    self._tell_finished(self._out)
            case Record():
                self._record(command, now)
            case Unbridge():
                self.unbridge()
            case StopRecord(record):
                if record in self._in.recordings:
                    self._in.recordings[record].finish("stopped", now)

    @property
    def connected(self) -> bool:
        """Whether the leg wants its ticks."""
        return self._out is not None

    def tick(self, now: float) -> None:
        """Send the packet that is due, and do what else is."""
        out, heard = self._out, self._in
        if out is None or heard.latch is None:
            return
        out.tick(heard.latch.address, now)
        if out.playout.finished:
            self._tell_finished(out)
        heard.tick(now)
        if now >= self._report_at:
            self._report(out, now)

    def skipped(self, milliseconds: int) -> None:
        """Take note that the engine stood still."""
        if self._out:
            self._out.skipped(milliseconds)

    def hear(self, now: float) -> None:
        """Read the RTP socket."""
        self._in.read(now)

    def hear_reports(self, _: float) -> None:
        """Read the RTCP socket."""
        if self._out and self._in.latch:
            self._reports.read(self._out.ssrc, self._in.latch.address)
        else:
            self._reports.read(0, None)

    def bridge(self, other: "Leg") -> None:
        """Send on what each peer sends to the other one; whom either was bridged with is let go."""
        if other is self or other is self._other:
            return
        self.unbridge()
        other.unbridge()
        self._meet(other)
        other._meet(self)  # noqa: SLF001 - another of us

    def unbridge(self) -> None:
        """Go each its own way; nothing if there is no other."""
        other = self._other
        if other:
            self._part()
            other._part()  # noqa: SLF001 - another of us

    def close(self, now: float, done: Callable[[MediaStats], None]) -> None:
        """Say goodbye, free the sockets; `done` comes when the recordings are whole."""
        self.unbridge()
        if self._out and not self.closed:
            self._out.playout.stop()
            self._tell_finished(self._out)
            if self._out.packets or self._in.packets:
                self._reports.send(self._out, self._in, self._rtcp_address(), bye=True)
        self.closed = True
        self.rtp.close()
        self.rtcp.close()
        self._closing = done
        for recording in [*self._in.recordings.values()]:
            recording.finish("closed", now)
        self._close_if_done()

    def stats(self) -> MediaStats:
        """Count what went through."""
        out, heard = self._out, self._in
        return MediaStats(
            packets_sent=out.packets if out else 0,
            bytes_sent=out.octets if out else 0,
            packets_received=heard.packets,
            bytes_received=heard.octets,
            lost=heard.lost,
            jitter_ms=heard.reception.jitter_ms if heard.reception else 0.0,
            first_rtp=heard.since_connect(heard.first_at),
            last_rtp=heard.since_connect(heard.last_at),
            strangers=heard.strangers,
            invalid=heard.invalid,
        )

    def vitals(self) -> Vitals:
        """Tell what the leg is doing, in plain values."""
        stats, heard, out = self.stats(), self._in, self._out
        agreed = self._negotiated
        return {
            "leg": str(self.leg),
            "host": self.host,
            "port": self.port,
            "peer": "{}:{}".format(*heard.latch.address) if heard.latch else None,
            "latched": bool(heard.latch and heard.latch.locked),
            "codec": agreed.codec if agreed else None,
            "direction": agreed.direction if agreed else None,
            "packets_sent": stats.packets_sent,
            "packets_received": stats.packets_received,
            "lost": stats.lost,
            "jitter_ms": round(stats.jitter_ms, 2),
            "strangers": stats.strangers,
            "invalid": stats.invalid,
            "playing": out.playout.playing if out else None,
            "queued": out.playout.queued if out else 0,
            "recording": sorted(heard.recordings),
            "peer_hears": {
                "fraction_lost": round(self._reports.fraction_lost, 3),
                "jitter_ms": self._reports.jitter_ms,
                "round_trip_ms": self._reports.round_trip_ms,
            },
        }

    def _meet(self, other: "Leg") -> None:
        self._other = other
        self._in.forward, self._in.forward_press = other._relay, other._relay_press  # noqa: SLF001
        if self._out:
            self._out.bridged = True

    def _part(self) -> None:
        self._other = self._in.forward = self._in.forward_press = None
        if self._out:
            self._out.bridged = False

    def _relay(self, packet: RtpPacket, codec: Codec | None, now: float) -> None:
        """Send on a packet that the other leg heard."""
        out, latch = self._out, self._in.latch
        if out and latch:
            out.relay(packet, codec, latch.address, now)

    def _relay_press(self, press: Press) -> None:
        """Sound a key that the other leg heard, to a peer that would not know its event."""

    def _connect(self, negotiated: Negotiated, now: float) -> None:
        self._negotiated = negotiated
        self.ptime = negotiated.ptime
        self._in.connect(negotiated, now)
        if self._out:
            self._out.renegotiated(negotiated)
        else:
            self._begin(negotiated, now)
        self._around.vitals(self.leg, self.vitals())

    def _begin(self, negotiated: Negotiated, now: float) -> None:
        # The sequence begins in the lower half, so that it does not wrap in the first minutes,
        # which receivers that encrypt cannot tell from an old packet (RFC 3711 section 3.3.1).
        self._out = Outbound(
            self.rtp,
            negotiated,
            ssrc=secrets.randbits(32),
            sequence=secrets.randbits(15),
            timestamp=secrets.randbits(32),
        )
        self._out.bridged = self._other is not None
        # The first report early, the others around the interval (RFC 3550 section 6.2).
        self._report_at = now + self._interval() / 2

    def _play(self, play: int, path: str, loop: int) -> None:
        out = self._out
        if out is None:
            self._tell(Played(play, "failed", "not connected"))
            return
        out.playout.add_audio(play, loop)
        codec: Codec = out.playout.codec

        def ready(audio: bytes | OSError | ValueError) -> None:
            if isinstance(audio, bytes):
                out.playout.loaded(play, audio, codec)
            else:
                strerror = audio.strerror if isinstance(audio, OSError) else None
                out.playout.failed(play, strerror or str(audio))
            self._tell_finished(out)

        self._around.prompts.get(path, codec, ready)

    def _send_digits(self, command: SendDigits) -> None:
        if self._out is None or self._negotiated is None:
            self._tell(Played(command.play, "failed", "not connected"))
        elif self._negotiated.dtmf_payload is None:
            self._tell(Played(command.play, "failed", "the peer takes no telephone events"))
        else:
            self._out.playout.add_digits(
                command.play, command.digits, command.tone_ms, command.gap_ms
            )
            self._tell_finished(self._out)

    def _record(self, command: Record, now: float) -> None:
        recordings = self._in.recordings
        if self._out is None:
            self._tell(RecordFailed(command.record, "not connected"))
            return
        if command.record in recordings or len(recordings) == MAX_RECORDINGS:
            why = f"already recording as {command.record}, or {MAX_RECORDINGS} times"
            self._tell(RecordFailed(command.record, why))
            return

        def done(event: Recorded | RecordFailed) -> None:
            del recordings[command.record]
            self._tell(event)
            self._close_if_done()

        recordings[command.record] = Recording(command, self._around.writer, done, now)

    def _close_if_done(self) -> None:
        if self._closing and not self._in.recordings:
            closing, self._closing = self._closing, None
            closing(self.stats())

    def _report(self, out: Outbound, now: float) -> None:
        self._report_at = now + self._interval()
        self._reports.send(out, self._in, self._rtcp_address())
        self._around.vitals(self.leg, self.vitals())

    def _interval(self) -> float:
        """Half to one and a half times the interval, so that legs do not report in step."""
        return self._around.settings.report_every * (0.5 + secrets.randbelow(1_000) / 1_000)

    def _rtcp_address(self) -> Address:
        latch, agreed = self._in.latch, self._negotiated
        if latch is None or agreed is None:
            raise RuntimeError("reports before connect")
        if agreed.rtcp and latch.address == agreed.remote:
            return agreed.rtcp
        return latch.address[0], min(latch.address[1] + 1, 65_535)

    def _tell(self, event: MediaEvent) -> None:
        self._around.tell(self.leg, event)

    def _tell_finished(self, out: Outbound) -> None:
        finished, out.playout.finished = out.playout.finished, []
        for each in finished:
            self._tell(Played(each.play, each.reason, each.detail))
