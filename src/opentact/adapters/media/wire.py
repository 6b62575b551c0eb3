"""What crosses the pipe between the server and its media process: docs/decisions/0015.

Each message is one JSON array in one packet of a `SOCK_SEQPACKET` pair: its kind, the leg, and
plain values. Audio never crosses; files are named by path.
"""

from dataclasses import fields, replace
from typing import Any, Final
from uuid import UUID

import orjson

from opentact.voice import media
from opentact.voice.media import MediaEvent, MediaFact, MediaStats
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

# A description of a leg is 500 bytes; a path may have 4096.
MAX_BYTES: Final = 65_536

_COMMANDS: Final = {
    each.__name__: each for each in (Listen, Play, Stop, SendDigits, Record, StopRecord, Unbridge)
}
_EVENTS: Final = {
    each.__name__: each
    for each in (
        media.DigitHeard,
        media.Played,
        media.Recorded,
        media.RecordFailed,
        media.RtpTimeout,
        media.MediaGone,
    )
}


def pack(kind: str, *values: object) -> bytes:
    """Write a message."""
    return orjson.dumps((kind, *values))


def unpack(data: bytes) -> tuple[str, list[Any]]:
    """Read a message: its kind and its values."""
    kind, *values = orjson.loads(data)
    return kind, values


def command_values(command: Command) -> list[object]:
    """Take a command apart: its name, then its fields."""
    if isinstance(command, Connect):
        return ["Connect", *_values(command.negotiated)]
    return _values_named(command)


def command(name: str, *values: Any) -> Command:
    """Put a command together again."""
    if name == "Connect":
        remote, codec, payload_type, dtmf, ptime, direction, rtcp, expected = values
        control = tuple(rtcp) if rtcp else None
        return Connect(
            Negotiated(
                tuple(remote), codec, payload_type, dtmf, ptime, direction, control, expected
            )
        )
    if name == "PlayTones":
        play, tones, *rest = values
        return PlayTones(play, tuple(_tone(each) for each in tones), *rest)
    if name == "Bridge":
        return Bridge(UUID(values[0]))
    made: Command = _COMMANDS[name](*values)
    return made


def event_values(event: MediaEvent) -> list[object]:
    """Take an event apart: its name, then its fields."""
    return _values_named(event)


def event(name: str, *values: Any) -> MediaEvent:
    """Put an event together again."""
    if name == "Latched":
        host, port = values[0]
        return media.Latched((host, port))
    made: MediaEvent = _EVENTS[name](*values)
    return made


def stats_values(stats: MediaStats) -> list[object]:
    """Take figures apart."""
    return _values(stats)


def stats(*values: Any) -> MediaStats:
    """Put figures together again."""
    *counted, facts = values
    return replace(MediaStats(*counted), facts=tuple(MediaFact(**each) for each in facts))


def _tone(fields: dict[str, Any]) -> Tone:
    return Tone(**fields | {"hertz": tuple(fields["hertz"])})


def _values_named(value: Command | MediaEvent) -> list[object]:
    return [type(value).__name__, *_values(value)]


def _values(value: Command | MediaEvent | MediaStats | Negotiated) -> list[object]:
    return [getattr(value, field.name) for field in fields(value)]
