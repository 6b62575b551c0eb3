from uuid import UUID

import pytest

from opentact.adapters.media import wire
from opentact.adapters.media.commands import (
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
from opentact.voice.media import (
    DigitHeard,
    Latched,
    MediaEvent,
    MediaFact,
    MediaGone,
    MediaStats,
    Played,
    Recorded,
    RecordFailed,
    RtpTimeout,
)
from opentact.voice.rtp.tones import Tone
from opentact.voice.sdp.offer_answer import Negotiated

COMMANDS: list[Command] = [
    Connect(Negotiated(("192.0.2.1", 4000), "PCMA", 8)),
    Connect(
        Negotiated(("2001:db8::1", 4000), "PCMU", 0, 96, 30, "recvonly", ("2001:db8::1", 4001), 101)
    ),
    Play(1, "/a/b c.raw", 0),
    Stop(),
    SendDigits(2, "12#", 160, 90),
    Record(3, "/r.wav", None, 2_000),
    StopRecord(3),
    Bridge(UUID(int=7)),
    Unbridge(),
    Listen(asked=True),
    PlayTones(4, (Tone((440, 480), 2_000, -19.0), Tone((), 4_000)), 0, mix=True),
    Record(5, "/r.mp3", None, None, 2, "mp3", both=True),
]
EVENTS: list[MediaEvent] = [
    DigitHeard("5", 1.25, 100),
    Played(1, "failed", "é"),
    Recorded(1, 10, 204, "max"),
    RecordFailed(1, "disk"),
    Latched(("192.0.2.1", 5)),
    RtpTimeout(60.0),
    MediaGone("died"),
]


@pytest.mark.parametrize("command", COMMANDS, ids=repr)
def test_commands_cross_the_pipe_whole(command: Command) -> None:
    kind, values = wire.unpack(wire.pack("do", *wire.command_values(command)))
    assert (kind, wire.command(*values)) == ("do", command)


@pytest.mark.parametrize("event", EVENTS, ids=repr)
def test_events_cross_the_pipe_whole(event: MediaEvent) -> None:
    kind, values = wire.unpack(wire.pack("event", *wire.event_values(event)))
    assert (kind, wire.event(*values)) == ("event", event)


def test_no_command_or_event_is_forgotten() -> None:
    assert {type(each) for each in COMMANDS} == set(Command.__args__)
    assert {type(each) for each in EVENTS} == set(MediaEvent.__args__)


def test_figures_cross_the_pipe_whole() -> None:
    facts = (MediaFact("first_rtp", 0.1, "from 192.0.2.1:5"), MediaFact("silence", 10.0))
    stats = MediaStats(1, 2, 3, 4, 5, 6.5, 0.1, None, 7, 8, 4.4, None, 0.5, 2.0, 1.5, facts)
    _, values = wire.unpack(wire.pack("closed", *wire.stats_values(stats)))
    assert wire.stats(*values) == stats
