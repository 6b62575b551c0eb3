"""The port to the media engine: what a call asks of the audio of one leg, and what it hears back.

An engine opens legs; a leg owns two UDP ports, plays, sends and hears digits, and records. All
its methods but `close` return at once: what comes of them is told as an event.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol
from uuid import UUID

from opentact.kit.faults import Fault
from opentact.voice.rtp.tones import Tone
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


FactKind = Literal[
    "first_rtp",
    "source_differs",
    "source_moved",
    "private_address",
    "one_way",
    "no_rtp",
    "silence",
    "wrong_payload_type",
    "other_law",
    "stranger",
]


@dataclass(frozen=True, slots=True)
class MediaFact:
    """What was seen in the audio of a leg, the first time: material for a diagnosis.

    `at` is in seconds since connect. first_rtp: when and from where the peer's audio first came.
    source_differs: not from where its description said. source_moved: elsewhere, in mid-call.
    private_address: the description names one that only its own network can reach. one_way:
    nothing was ever heard, though we sent or tried to. no_rtp: nothing more was heard for a while.
    silence: packets come, and nobody is to be heard in them. wrong_payload_type, other_law: audio
    of a kind not agreed on, the second understood all the same. stranger: others send to our port.
    """

    kind: FactKind
    at: float
    detail: str = ""


@dataclass(frozen=True, slots=True)
class MediaStats:
    """What went through a leg. `first_rtp` and `last_rtp` are in seconds since connect.

    Bytes are of RTP payload. `strangers` are packets of others than the peer, `invalid` those
    that are no RTP or of no payload type agreed on. `mos` is an estimate (1 to 4.5) of how the
    peer is heard here; `peer_mos` of how we are heard there, from its reports, as are
    `peer_lost` (share of our packets, 0 to 1), `peer_jitter_ms` and `round_trip_ms`; None where
    the peer reported nothing.
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
    mos: float | None = None
    round_trip_ms: float | None = None
    peer_lost: float | None = None
    peer_jitter_ms: float | None = None
    peer_mos: float | None = None
    facts: tuple[MediaFact, ...] = ()


class MediaLeg(Protocol):
    """The audio of one leg of a call. `host` and `port` are what its description tells the peer."""

    leg: UUID
    host: str
    port: int
    events: asyncio.Queue[MediaEvent]

    def connect(self, negotiated: Negotiated) -> None:
        """Begin to send and hear, or go on as renegotiated (hold, another address or codec)."""

    def play(self, play: int, audio: Path, loop: int = 1, *, mix: bool = False) -> None:
        """Play raw 16-bit little-endian mono at 8 kHz, `loop` times, 0 until stopped.

        A play begins where the one before ends, to the sample. On a bridge it is heard instead
        of the other side, or with `mix` together with it. Ends with `Played`.
        """

    def tones(self, play: int, tones: Sequence[Tone], loop: int = 1, *, mix: bool = False) -> None:
        """Play tones, in the queue of plays: `RING_BACK`, `HOLD_MUSIC` and others of `rtp.tones`.

        What cannot be heard (no frequency below 4 kHz, more than ten minutes) fails the play.
        """

    def listen(self, *, asked: bool = True) -> None:
        """Listen for keys in the audio itself though telephone events were agreed on.

        Where none were, a leg does so from the start, until it hears a first event. They are
        told as `DigitHeard(kind="inband")`.
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
        """Send keys as telephone events, or as tones to a peer that agreed on no events.

        They go in the queue of plays. Ends with `Played`.
        """

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
        """Record what the peer sends, to a new file. Ends with `Recorded` or `RecordFailed`.

        `max_ms` ends it by time, `silence_ms` by so much silence of the peer in a row. With
        `both` all that the peer hears is recorded too, prompts and the other side of a bridge,
        mixed into the one channel; with two channels each has its own, the peer the first.
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
        lost, jitter_ms, mos, strangers, invalid, playing, queued, recording, facts, bridged.
        """

    async def close(self) -> None:
        """Close all legs, and end the process if there is one."""
