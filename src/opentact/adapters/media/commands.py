"""What a call may ask of a leg, as values: they go to the engine directly, or through the pipe."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from opentact.voice.rtp.tones import Tone
from opentact.voice.sdp.offer_answer import Negotiated


@dataclass(frozen=True, slots=True)
class Connect:
    """Begin, or go on as renegotiated."""

    negotiated: Negotiated


@dataclass(frozen=True, slots=True)
class Play:
    """Play a file of raw samples, `loop` times; on a bridge mixed with the other side, or not."""

    play: int
    path: str
    loop: int
    mix: bool = False


@dataclass(frozen=True, slots=True)
class PlayTones:
    """The same with tones."""

    play: int
    tones: tuple[Tone, ...]
    loop: int
    mix: bool = False


@dataclass(frozen=True, slots=True)
class Listen:
    """Listen for keys in the audio itself, or do so only where no events were agreed on."""

    asked: bool


@dataclass(frozen=True, slots=True)
class Stop:
    """Stop all plays."""


@dataclass(frozen=True, slots=True)
class SendDigits:
    """Send keys."""

    play: int
    digits: str
    tone_ms: int
    gap_ms: int


@dataclass(frozen=True, slots=True)
class Record:
    """Record to a file."""

    record: int
    path: str
    max_ms: int | None
    silence_ms: int | None
    channels: Literal[1, 2] = 1
    format: Literal["wav", "mp3"] = "wav"
    both: bool = False


@dataclass(frozen=True, slots=True)
class StopRecord:
    """End a recording."""

    record: int


@dataclass(frozen=True, slots=True)
class Bridge:
    """Send on to another leg of this engine what the peer sends, and the other way."""

    other: UUID


@dataclass(frozen=True, slots=True)
class Unbridge:
    """Go its own way again."""


Command = (
    Bridge
    | Unbridge
    | Connect
    | Listen
    | PlayTones
    | Play
    | Stop
    | SendDigits
    | Record
    | StopRecord
)
