"""What a call may ask of a leg, as values: they go to the engine directly, or through the pipe."""

from dataclasses import dataclass
from uuid import UUID

from opentact.voice.sdp.offer_answer import Negotiated


@dataclass(frozen=True, slots=True)
class Connect:
    """Begin, or go on as renegotiated."""

    negotiated: Negotiated


@dataclass(frozen=True, slots=True)
class Play:
    """Play a file of raw samples, `loop` times."""

    play: int
    path: str
    loop: int


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


Command = Bridge | Unbridge | Connect | Play | Stop | SendDigits | Record | StopRecord
