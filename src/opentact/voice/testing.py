"""Paper twins of what a call stands on: here a caller's leg and its media.

They behave as the real ones do at the port and do nothing else, so that any order of things can
be played without sockets, processes or waiting. For tests of ours and of who builds on us;
speech, the web and the journal are in `voice/testing_engines.py`.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

from .media import (
    DigitHeard,
    MediaEvent,
    MediaGone,
    MediaLeg,
    MediaStats,
    Played,
    Recorded,
    RecordFailed,
)
from .rtp.tones import Tone
from .sdp.offer_answer import Negotiated
from .testing_legs import OFFER, PaperLeg

__all__ = ["OFFER", "STATS", "PaperLeg", "PaperMedia", "PaperMediaLeg"]

STATS = MediaStats(packets_sent=50, packets_received=49, lost=1)


@dataclass(eq=False)
class PaperMediaLeg:
    """The audio of a leg. A play lasts `play_s` seconds of the loop; None until told to end."""

    leg: UUID
    host: str = "192.0.2.1"
    port: int = 20_000
    play_s: float | None = 1.0
    record_fault: str | None = None
    close_fault: Exception | None = None
    hangs: bool = False
    events: asyncio.Queue[MediaEvent] = field(default_factory=asyncio.Queue)
    connected: Negotiated | None = None
    played: list[tuple[str, int]] = field(default_factory=list)
    playing: list[int] = field(default_factory=list)
    recording: dict[int, dict[str, Any]] = field(default_factory=dict)
    bridged: "PaperMediaLeg | None" = None
    listening: bool = False
    closed: bool = False
    gone: bool = False

    def connect(self, negotiated: Negotiated) -> None:
        """Note what was agreed."""
        self.connected = negotiated

    def play(self, play: int, audio: Path, loop: int = 1, *, mix: bool = False) -> None:
        """Queue a play; it fails before `connect`, as in the engine."""
        del mix
        if self.connected is None:
            self.events.put_nowait(Played(play, "failed", "not connected"))
            return
        self.played.append((str(audio), loop))
        self.playing.append(play)
        if self.play_s is not None and loop:
            length = self.play_s * loop * len(self.playing)
            asyncio.get_running_loop().call_later(length, partial(self.ends_play, play))

    def stop(self) -> None:
        """Stop all plays."""
        for play in [*self.playing]:
            self.ends_play(play, "stopped")

    def send_digits(self, play: int, digits: str, tone_ms: int = 160, gap_ms: int = 90) -> None:
        """Count digits as a play."""
        del tone_ms, gap_ms
        self.play(play, Path(f"digits {digits}"))

    def tones(self, play: int, tones: Sequence[Tone], loop: int = 1, *, mix: bool = False) -> None:
        """Count tones as a play, named by their frequencies."""
        self.play(play, Path("tones " + " ".join(str(tone.hertz) for tone in tones)), loop, mix=mix)

    def listen(self, *, asked: bool = True) -> None:
        """Note whether keys in the audio are listened for."""
        self.listening = asked

    def record(
        self,
        record: int,
        path: Path,
        *,
        max_ms: int | None = None,
        silence_ms: int | None = None,
        channels: Literal[1, 2] = 1,
        format: Literal["wav", "mp3"] = "wav",  # noqa: A002 - the port's
        both: bool = False,
    ) -> None:
        """Begin a recording; it fails at once with `record_fault`."""
        if self.record_fault is not None:
            self.events.put_nowait(RecordFailed(record, self.record_fault))
            return
        self.recording[record] = {
            "path": path,
            "max_ms": max_ms,
            "silence_ms": silence_ms,
            "channels": channels,
            "format": format,
            "both": both,
        }

    def stop_record(self, record: int) -> None:
        """End a recording."""
        self.ends_record(record, "stopped")

    def bridge(self, other: MediaLeg) -> None:
        """Belong together, and to nobody else."""
        if not isinstance(other, PaperMediaLeg):
            raise TypeError(f"a paper leg is bridged with a paper leg, not {other!r}")
        self.unbridge()
        other.unbridge()
        self.bridged, other.bridged = other, self

    def unbridge(self) -> None:
        """Go their own ways."""
        other, self.bridged = self.bridged, None
        if other is not None:
            other.bridged = None

    async def close(self) -> MediaStats:
        """End everything; `hangs` never comes back."""
        if self.hangs:
            await asyncio.Event().wait()
        if self.close_fault is not None:
            raise self.close_fault
        self.stop()
        self.unbridge()
        for record in [*self.recording]:
            self.ends_record(record, "closed")
        self.closed = True
        return STATS

    def ends_play(self, play: int, reason: Literal["end", "stopped", "failed"] = "end") -> None:
        """Let a play end."""
        if play in self.playing and not self.gone:
            self.playing.remove(play)
            detail = "no such file" if reason == "failed" else ""
            self.events.put_nowait(Played(play, reason, detail))

    def ends_record(
        self, record: int, reason: Literal["stopped", "max", "silence", "closed"]
    ) -> None:
        """Let a recording end well, unless the engine is gone or slow to answer."""
        if self.recording.pop(record, None) is not None and not self.gone:
            self.events.put_nowait(Recorded(record, 2000, 32_044, reason))

    def presses(self, keys: str) -> None:
        """Let the caller press keys."""
        for key in keys:
            self.events.put_nowait(DigitHeard(key, 0.0, 100))

    def dies(self) -> None:
        """Let the engine die."""
        self.gone = True
        self.events.put_nowait(MediaGone("the media process died"))


@dataclass
class PaperMedia:
    """The engine: opens paper legs, or fails with `fault`. `prepare` may change a fresh leg."""

    fault: Exception | None = None
    legs: list[PaperMediaLeg] = field(default_factory=list)
    prepare: Callable[[PaperMediaLeg], None] = lambda _: None
    gate: asyncio.Event | None = None

    async def open(self, leg: UUID, host: str) -> PaperMediaLeg:
        """Open a leg, once `gate` is open if there is one."""
        if self.gate is not None:
            await self.gate.wait()
        if self.fault is not None:
            raise self.fault
        opened = PaperMediaLeg(leg, host)
        self.prepare(opened)
        self.legs.append(opened)
        return opened

    def snapshot(self) -> list[dict[str, object]]:
        """Name the legs."""
        return [{"leg": str(each.leg)} for each in self.legs if not each.closed]

    async def close(self) -> None:
        """Close all legs."""
        for each in self.legs:
            await each.close()
