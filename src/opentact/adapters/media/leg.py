"""One leg inside the engine: its two sockets, and what it says, hears and reports."""

import secrets
import socket
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from opentact.voice.media import MediaEvent, MediaStats, Recorded, RecordFailed
from opentact.voice.rtp.latch import Latch
from opentact.voice.sdp.offer_answer import Negotiated

from .background import Background
from .commands import (
    Command,
    Connect,
    Listen,
    Play,
    PlayTones,
    Record,
    SendDigits,
    Stop,
    StopRecord,
    Unbridge,
)
from .ears import Ears
from .figures import Vitals, stats, vitals
from .inbound import Inbound
from .outbound import Address, Outbound
from .plays import Plays
from .prompts import Prompts
from .recording import Recording
from .reports import Reports
from .settings import MediaSettings

# At once, in one leg: one of the flow, one of the call, and room for the unforeseen.
MAX_RECORDINGS = 8


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the legs of an engine share."""

    settings: MediaSettings
    prompts: Prompts
    writer: Background
    ears: Ears
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
        self._in = Inbound(rtp, self._tell, around.settings.rtp_timeout, around.ears)
        # Read the RTP socket: straight to where packets are understood, of which there are many.
        self.hear = self._in.read
        self._plays = Plays(around.prompts, self._tell)
        self._reports = Reports(rtcp, around.settings.cname, around.wall)
        self._report_at = 0.0
        self._closing: Callable[[MediaStats], None] | None = None
        self._other: Leg | None = None

    def execute(self, command: Command, now: float) -> None:
        """Do what a call asks; what cannot be done before `Connect` fails by its event."""
        match command:
            case Connect(negotiated):
                self._connect(negotiated, now)
            case Play() | PlayTones() | SendDigits() | Stop():
                self._plays.do(command)
            case Listen(asked):
                self._in.listen(asked=asked)
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
        if out is None:
            return
        self.ptime = out.tick(now)
        if out.playout.finished:
            self._plays.tell_finished(out)
        heard.tick(now)
        if now >= self._report_at:
            self._report(out, now)

    def skipped(self, milliseconds: int) -> None:
        """Take note that the engine stood still."""
        if self._out:
            self._out.skipped(milliseconds)

    def hear_reports(self, _: float) -> None:
        """Read the RTCP socket."""
        latch = self._in.latch
        self._reports.read(self._out, latch.address if latch else None)

    def bridge(self, other: "Leg") -> None:
        """Send on what each peer sends to the other one; whom either was bridged with is let go.

        Bridged with itself, a leg is an echo.
        """
        if other is self._other:
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
            self._in.review(now, self._out.sent)
            self._plays.stop()
            if self._out.sent.packets or self._in.got.packets:
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
        return stats(self._out, self._in, self._reports)

    def vitals(self) -> Vitals:
        """Tell what the leg is doing, in plain values."""
        where: Vitals = {"leg": str(self.leg), "host": self.host, "port": self.port}
        bridged: Vitals = {"bridged": str(self._other.leg) if self._other else None}
        return where | vitals(self._out, self._in, self._reports, self._negotiated) | bridged

    def _meet(self, other: "Leg") -> None:
        self._other = other
        self._in.pass_on(other._out, other._plays.sound)  # noqa: SLF001 - another of us
        if self._out:
            self._out.bridged = True

    def _part(self) -> None:
        self._other = None
        self._in.pass_on(None, None)
        if self._out:
            self._out.bridged = False

    def _connect(self, negotiated: Negotiated, now: float) -> None:
        self._negotiated = negotiated
        latch = self._in.connect(negotiated, now)
        if self._out:
            self._out.renegotiated(negotiated, latch)
        else:
            self.ptime = negotiated.ptime
            self._begin(negotiated, latch, now)
        self._around.vitals(self.leg, self.vitals())

    def _begin(self, negotiated: Negotiated, latch: Latch, now: float) -> None:
        # The sequence begins in the lower half, so that it does not wrap in the first minutes,
        # which receivers that encrypt cannot tell from an old packet (RFC 3711 section 3.3.1).
        self._out = self._plays.out = Outbound(
            self.rtp,
            negotiated,
            latch,
            ssrc=secrets.randbits(32),
            sequence=secrets.randbits(15),
            timestamp=secrets.randbits(32),
        )
        if self._other:
            self._out.bridged = True
            self._other._meet(self)  # noqa: SLF001 - another of us
        # The first report early, the others around the interval (RFC 3550 section 6.2).
        self._report_at = now + self._interval() / 2

    def _record(self, command: Record, now: float) -> None:
        recordings = self._in.recordings
        if self._out is None:
            self._tell(RecordFailed(command.record, "not connected"))
            return
        if command.record in recordings or len(recordings) == MAX_RECORDINGS:
            why = f"already recording as {command.record}, or {MAX_RECORDINGS} times"
            self._tell(RecordFailed(command.record, why))
            return

        taps = self._out.taps

        def done(event: Recorded | RecordFailed) -> None:
            del recordings[command.record]
            if made in taps:
                taps.remove(made)
            self._tell(event)
            self._close_if_done()

        made = Recording(command, self._around.writer, done, now)
        recordings[command.record] = made
        self._in.end_run()
        if made.both:
            self._out.end_run()
            taps.append(made)

    def _close_if_done(self) -> None:
        if self._closing and not self._in.recordings:
            closing, self._closing = self._closing, None
            closing(self.stats())

    def _report(self, out: Outbound, now: float) -> None:
        self._report_at = now + self._interval()
        self._in.review(now, out.sent)
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
