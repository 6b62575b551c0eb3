"""The port to the media engine: what a call asks of the audio of one leg, and what it hears back.

An engine opens legs; a leg owns two UDP ports, plays, sends and hears digits, and records. All
its methods but `close` return at once: what comes of them is told as an event.
"""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol
from uuid import UUID

from opentact.kit.faults import Fault
from opentact.voice.sdp.offer_answer import Negotiated


class NoMediaPorts(Fault):
    """All media ports are in use: no further call can be taken until one ends."""

    code = "no_media_ports"
    status = 503


class MediaUnavailable(Fault):
    """The media engine does not run, and could not be started."""

    code = "media_unavailable"
    status = 503


@dataclass(frozen=True, slots=True)
class DigitHeard:
    """A key the peer pressed; `at` is when it went down, in seconds since connect."""

    digit: str
    at: float
    duration_ms: int
    kind: str = "rfc4733"


@dataclass(frozen=True, slots=True)
class Played:
    """A play, or digits sent, are over. `detail` says what failed."""

    play: int
    reason: Literal["end", "stopped", "failed"]
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A recording is whole and on disk; `size` is of the file, in bytes."""

    record: int
    duration_ms: int
    size: int
    reason: Literal["stopped", "max", "silence", "closed"]


@dataclass(frozen=True, slots=True)
class RecordFailed:
    """A recording could not be written; what was written is readable."""

    record: int
    reason: str


@dataclass(frozen=True, slots=True)
class Latched:
    """The source of the peer's audio is known: from now on no other is heard."""

    address: tuple[str, int]


@dataclass(frozen=True, slots=True)
class RtpTimeout:
    """No RTP came for so long, though it may; told once per silence."""

    seconds: float


@dataclass(frozen=True, slots=True)
class MediaGone:
    """The engine died, and with it the audio of this leg."""

    reason: str


MediaEvent = DigitHeard | Played | Recorded | RecordFailed | Latched | RtpTimeout | MediaGone


@dataclass(frozen=True, slots=True)
class MediaStats:
    """What went through a leg. `first_rtp` and `last_rtp` are in seconds since connect.

    Bytes are of RTP payload. `strangers` are packets of others than the peer, `invalid` those
    that are no RTP or of no payload type agreed on.
    """

    packets_sent: int = 0
    bytes_sent: int = 0
    packets_received: int = 0
    bytes_received: int = 0
    lost: int = 0
    jitter_ms: float = 0.0
    first_rtp: float | None = None
    last_rtp: float | None = None
    strangers: int = 0
    invalid: int = 0


class MediaLeg(Protocol):
    """The audio of one leg of a call. `host` and `port` are what its description tells the peer."""

    leg: UUID
    host: str
    port: int
    events: asyncio.Queue[MediaEvent]

    def connect(self, negotiated: Negotiated) -> None:
        """Begin to send and hear, or go on as renegotiated (hold, another address or codec)."""

    def play(self, play: int, audio: Path, loop: int = 1) -> None:
        """Play raw 16-bit little-endian mono at 8 kHz, `loop` times, 0 until stopped.

        A play begins where the one before ends, to the sample. Ends with `Played`.
        """

    def stop(self) -> None:
        """Stop what plays and forget the queue; each ends with `Played(..., "stopped")`."""

    def bridge(self, other: "MediaLeg") -> None:
        """Send on what each peer sends to the other one, from now on and until `unbridge`.

        What plays is heard instead of the other side, or mixed with it. Keys are passed on, and
        are told on the leg of who pressed them. A leg has one other at a time: the one before is
        let go. It may be asked before either leg is connected.
        """

    def unbridge(self) -> None:
        """Let the two legs go their own ways again; nothing if there is no other."""

    def send_digits(self, play: int, digits: str, tone_ms: int = 160, gap_ms: int = 90) -> None:
        """Send keys as telephone events, in the queue of plays. Ends with `Played`."""

    def record(
        self,
        record: int,
        path: Path,
        *,
        max_ms: int | None = None,
        silence_ms: int | None = None,
    ) -> None:
        """Record what the peer sends, to a new WAV file. Ends with `Recorded` or `RecordFailed`.

        `max_ms` ends it by time, `silence_ms` by so much silence in a row.
        """

    def stop_record(self, record: int) -> None:
        """End a recording."""

    async def close(self) -> MediaStats:
        """Say goodbye, free the ports, and finish recordings. Twice is once."""


class MediaEngine(Protocol):
    """Where legs come from."""

    async def open(self, leg: UUID, host: str) -> MediaLeg:
        """Bind the ports of a leg on the local address `host`.

        Raises `NoMediaPorts` or `MediaUnavailable`.
        """

    def snapshot(self) -> list[dict[str, object]]:
        """Tell of each leg what it does, at most some seconds old.

        Keys: leg, host, port, peer, latched, codec, direction, packets_sent, packets_received,
        lost, jitter_ms, strangers, invalid, playing, queued, recording.
        """

    async def close(self) -> None:
        """Close all legs, and end the process if there is one."""
