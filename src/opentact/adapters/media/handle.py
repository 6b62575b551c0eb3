"""A leg as the call holds it: it turns what is asked into commands, wherever the engine runs."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from uuid import UUID

from opentact.voice.media import MediaEvent, MediaGone, MediaLeg, MediaStats
from opentact.voice.rtp.tones import Tone
from opentact.voice.sdp.offer_answer import Negotiated

from .commands import (
    Bridge,
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


@dataclass(eq=False)
class LegHandle:
    """Implements `opentact.voice.media.MediaLeg`."""

    leg: UUID
    host: str
    port: int
    execute: Callable[[UUID, Command], None] = field(repr=False)
    close_leg: Callable[[UUID], Awaitable[MediaStats]] = field(repr=False)
    events: asyncio.Queue[MediaEvent] = field(default_factory=asyncio.Queue, repr=False)
    gone: bool = False
    _closing: asyncio.Future[MediaStats] | None = field(default=None, repr=False)

    def connect(self, negotiated: Negotiated) -> None:
        """Begin, or go on as renegotiated."""
        self._do(Connect(negotiated))

    def play(self, play: int, audio: Path, loop: int = 1, *, mix: bool = False) -> None:
        """Play a file of raw samples."""
        self._do(Play(play, str(audio), loop, mix))

    def tones(self, play: int, tones: Sequence[Tone], loop: int = 1, *, mix: bool = False) -> None:
        """Play tones."""
        self._do(PlayTones(play, tuple(tones), loop, mix))

    def listen(self, *, asked: bool = True) -> None:
        """Listen for keys in the audio itself."""
        self._do(Listen(asked))

    def stop(self) -> None:
        """Stop all plays."""
        self._do(Stop())

    def send_digits(self, play: int, digits: str, tone_ms: int = 160, gap_ms: int = 90) -> None:
        """Send keys."""
        self._do(SendDigits(play, digits, tone_ms, gap_ms))

    def record(
        self,
        record: int,
        path: Path,
        *,
        max_ms: int | None = None,
        silence_ms: int | None = None,
        channels: Literal[1, 2] = 1,
        format: Literal["wav", "mp3"] = "wav",  # noqa: A002 - the word of the trade
        both: bool = False,
    ) -> None:
        """Record what the peer sends, or both sides."""
        self._do(Record(record, str(path), max_ms, silence_ms, channels, format, both))

    def stop_record(self, record: int) -> None:
        """End a recording."""
        self._do(StopRecord(record))

    def bridge(self, other: MediaLeg) -> None:
        """Send on what each peer sends to the other one."""
        self._do(Bridge(other.leg))

    def unbridge(self) -> None:
        """Let the two legs go their own ways again."""
        self._do(Unbridge())

    async def close(self) -> MediaStats:
        """Close the leg; a second caller waits for the same end."""
        if self._closing is None:
            self._closing = asyncio.ensure_future(self.close_leg(self.leg))
        # Shielded: one caller's cancellation must not leave the leg half closed.
        return await asyncio.shield(self._closing)

    def tell(self, event: MediaEvent) -> None:
        """Queue an event; after `MediaGone` nothing more is asked of the engine."""
        if isinstance(event, MediaGone):
            self.gone = True
        self.events.put_nowait(event)

    def _do(self, command: Command) -> None:
        if not self.gone and self._closing is None:
            self.execute(self.leg, command)
