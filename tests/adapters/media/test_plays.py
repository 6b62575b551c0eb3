from threading import Event

import numpy as np

from adapters.media.bench import Bench, Phone
from opentact.adapters.media.commands import PlayTones, SendDigits, Stop
from opentact.voice.media import Played
from opentact.voice.rtp.g711 import decode
from opentact.voice.rtp.tones import RING_BACK, Tone


def wait_for_tones(bench: Bench) -> None:
    done = Event()
    bench.engine._reader.run(done.set, lambda _: None)
    assert done.wait(5)
    bench.run(0.001)


def test_nothing_is_said_before_connect(bench: Bench, phone: Phone) -> None:
    bench.engine.execute(phone.leg, PlayTones(1, RING_BACK, 1))
    bench.engine.execute(phone.leg, SendDigits(2, "1", 100, 100))
    bench.engine.execute(phone.leg, Stop())
    assert bench.events(phone.leg) == [
        Played(1, "failed", "not connected"),
        Played(2, "failed", "not connected"),
    ]


def test_tones_are_repeated_until_stopped(bench: Bench, phone: Phone) -> None:
    phone.connect()
    beeps = (Tone((1_000,), 100, level=0.0), Tone((), 100))
    bench.engine.execute(phone.leg, PlayTones(1, beeps, 0))
    wait_for_tones(bench)
    bench.run(0.1)
    phone.hears()
    bench.run(2)
    heard = decode(b"".join(each.payload for each in phone.hears()), "PCMU")
    loud = np.abs(heard.astype(int)).reshape(-1, 80).max(axis=1) > 1_000
    assert 90 <= loud.sum() <= 110
    assert 19 <= np.count_nonzero(np.diff(loud.astype(int))) <= 21
    bench.engine.execute(phone.leg, Stop())
    assert bench.events(phone.leg) == [Played(1, "stopped")]


def test_the_same_tones_are_made_once(bench: Bench, phone: Phone) -> None:
    phone.connect()
    for number in range(5):
        bench.engine.execute(phone.leg, PlayTones(number, RING_BACK, 1))
        wait_for_tones(bench)
    assert len(bench.engine._around.prompts._kept) == 1
