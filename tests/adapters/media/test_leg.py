"""Two legs of one engine, bridged: what each peer hears, on a clock of the test's own."""

import itertools
from pathlib import Path
from threading import Event

import numpy as np
import pytest

from adapters.media.bench import Bench, Phone
from adapters.media.peer import pitch, tone
from opentact.adapters.media.commands import Bridge, Play, SendDigits, Unbridge
from opentact.voice.media import DigitHeard, Played
from opentact.voice.rtp.g711 import Samples, decode, encode
from opentact.voice.rtp.packet import RtpPacket
from opentact.voice.rtp.tones import keys, samples


def bridge(bench: Bench, one: Phone, other: Phone) -> None:
    bench.engine.execute(one.leg, Bridge(other.leg))


def talks(bench: Bench, phone: Phone, seconds: float, hertz: float = 440, ssrc: int = 7) -> None:
    audio = encode(tone(hertz, seconds), "PCMU")
    for at in range(0, len(audio), 160):
        phone.says(audio[at : at + 160], ssrc=ssrc)
        bench.run(0.02)


def audio_of(heard: list[RtpPacket]) -> Samples:
    return decode(b"".join(each.payload for each in heard), "PCMU")


def steps(heard: list[RtpPacket]) -> tuple[set[int], set[int]]:
    """How sequence and timestamp grow from each packet to the next."""
    pairs = list(itertools.pairwise(heard))
    return (
        {(b.sequence - a.sequence) % 65_536 for a, b in pairs},
        {(b.timestamp - a.timestamp) % 2**32 for a, b in pairs},
    )


def wait_for_files(bench: Bench) -> None:
    """Let the reading thread do all it has, and hand its results over."""
    done = Event()
    bench.engine._reader.run(done.set, lambda _: None)
    assert done.wait(5)
    bench.run(0.001)


def test_a_packet_is_passed_on_at_once_and_not_at_the_tick(
    bench: Bench, phone: Phone, other: Phone
) -> None:
    phone.connect()
    other.connect()
    bridge(bench, phone, other)
    bench.run(0.1)
    other.hears()
    for _ in range(5):
        phone.says(b"\x11" * 160)
        bench.engine.receive()
    assert [each.payload[:1] for each in other.hears()] == [b"\x11"] * 5


def test_one_stream_through_silence_bridge_prompt_and_hold(
    bench: Bench, phone: Phone, other: Phone, tmp_path: Path
) -> None:
    prompt = tmp_path / "p.raw"
    prompt.write_bytes(tone(700, 0.2).astype("<i2").tobytes())
    phone.connect()
    other.connect()
    bench.run(0.1)
    bridge(bench, phone, other)
    talks(bench, phone, 0.2)
    bench.engine.execute(other.leg, Play(1, str(prompt), 1))
    wait_for_files(bench)
    talks(bench, phone, 0.4)
    other.connect("recvonly")
    talks(bench, phone, 0.2)
    other.connect()
    talks(bench, phone, 0.2)
    bench.engine.execute(other.leg, Unbridge())
    bench.run(0.1)
    heard = other.hears()
    sequence, timestamp = steps(heard)
    assert len({each.ssrc for each in heard}) == 1
    assert sequence == {1}
    # the hold of 0.2 s is a gap in time; a change of speakers is off by up to three packet times
    assert all(0 < step <= 160 * 4 or 1_600 <= step <= 2_240 for step in timestamp)
    # silence, bridge, prompt, bridge, after the hold, silence: each begins with a marker
    assert sum(each.marker for each in heard) == 6
    assert bench.events(other.leg) == [Played(1, "end")]


def test_losses_of_one_side_are_seen_by_the_other(bench: Bench, phone: Phone, other: Phone) -> None:
    phone.connect()
    other.connect()
    bridge(bench, phone, other)
    talks(bench, phone, 0.1)
    phone.number += 3
    talks(bench, phone, 0.1)
    loud = [each for each in other.hears() if set(each.payload) != {0xFF}]
    assert [(b.sequence - a.sequence) for a, b in itertools.pairwise(loud)] == [
        1, 1, 1, 1, 4, 1, 1, 1, 1
    ]  # fmt: skip


def test_when_the_other_side_falls_silent_silence_is_sent(
    bench: Bench, phone: Phone, other: Phone
) -> None:
    phone.connect()
    other.connect()
    bridge(bench, phone, other)
    talks(bench, phone, 0.1)
    other.hears()
    bench.run(2.0)
    silent = other.hears()
    assert {each.payload for each in silent} == {b"\xff" * 160}
    assert 80 <= len(silent) <= 90
    talks(bench, phone, 0.1)
    sequence, _ = steps(silent + other.hears())
    assert sequence == {1}


def test_comfort_noise_is_not_passed_on(bench: Bench, phone: Phone, other: Phone) -> None:
    phone.connect()
    other.connect()
    bridge(bench, phone, other)
    talks(bench, phone, 0.1)
    other.hears()
    phone.says(b"\x40", kind=13)
    bench.run(0.01)
    assert other.hears() == []


def test_a_peer_without_telephone_events_hears_the_key(
    bench: Bench, phone: Phone, other: Phone
) -> None:
    phone.connect()
    other.connect(dtmf_payload=None, dtmf_expected=None)
    bridge(bench, phone, other)
    talks(bench, phone, 0.1, hertz=200)
    other.hears()
    phone.says(b"\x05\x8a\x03\x20", kind=101)
    bench.run(0.001)
    wait_for_files(bench)
    bench.run(0.3)
    heard = other.hears()
    spectrum = np.abs(np.fft.rfft(audio_of(heard)[: 8 * 100], 8_000))
    assert {each.payload_type for each in heard} == {0}
    assert spectrum[:1_000].argmax() == pytest.approx(770, abs=5)
    assert 1_000 + spectrum[1_000:].argmax() == pytest.approx(1_336, abs=5)
    told = bench.events(phone.leg)
    assert [each.digit for each in told if isinstance(each, DigitHeard)] == ["5"]
    assert bench.events(other.leg) == []


def test_keys_are_heard_in_the_audio_where_no_events_were_agreed_on(
    bench: Bench, phone: Phone
) -> None:
    phone.connect(dtmf_payload=None, dtmf_expected=None)
    audio = encode(samples(keys("42#", tone_ms=80, gap_ms=80)), "PCMU")
    for at in range(0, len(audio), 160):
        phone.says(audio[at : at + 160])
        bench.run(0.02)
    bench.run(0.1)
    heard = [each for each in bench.events(phone.leg) if isinstance(each, DigitHeard)]
    assert [(each.digit, each.kind) for each in heard] == [(key, "inband") for key in "42#"]
    assert [each.at for each in heard] == pytest.approx([0.0, 0.16, 0.32], abs=0.03)


def test_a_prompt_can_be_mixed_with_the_other_side(
    bench: Bench, phone: Phone, other: Phone, tmp_path: Path
) -> None:
    prompt = tmp_path / "p.raw"
    prompt.write_bytes(tone(700, 1.0).astype("<i2").tobytes())
    phone.connect()
    other.connect()
    bridge(bench, phone, other)
    talks(bench, phone, 0.1)
    bench.engine.execute(other.leg, Play(1, str(prompt), 1, mix=True))
    wait_for_files(bench)
    other.hears()
    talks(bench, phone, 0.8, hertz=1_500)
    heard = audio_of(other.hears()[8:33])
    spectrum = np.abs(np.fft.rfft(heard.astype(float) * np.hanning(len(heard))))
    hertz = 8_000 / len(heard)
    loud = {round(at * hertz / 50) * 50 for at in np.flatnonzero(spectrum > spectrum.max() / 4)}
    assert loud == {700, 1_500}


def test_keys_of_ours_are_sent_on_a_bridge_too(bench: Bench, phone: Phone, other: Phone) -> None:
    phone.connect()
    other.connect(dtmf_payload=96)
    bridge(bench, phone, other)
    talks(bench, phone, 0.1)
    bench.engine.execute(other.leg, SendDigits(3, "8", 100, 60))
    talks(bench, phone, 0.4)
    heard = other.hears()
    assert {each.payload[0] for each in heard if each.payload_type == 96} == {8}
    assert steps(heard)[0] == {1}
    assert bench.events(other.leg) == [Played(3, "end")]


def test_legs_may_be_bridged_before_they_are_connected(
    bench: Bench, phone: Phone, other: Phone
) -> None:
    bridge(bench, phone, other)
    phone.connect()
    talks(bench, phone, 0.1)
    other.connect()
    talks(bench, phone, 0.2, hertz=1_000)
    assert pitch(audio_of(other.hears())[-1_200:]) == pytest.approx(1_000, abs=15)


def test_a_leg_has_one_other_at_a_time(bench: Bench, phone: Phone, other: Phone) -> None:
    third = Phone(bench)
    for each in (phone, other, third):
        each.connect()
    bridge(bench, phone, other)
    bridge(bench, phone, third)
    talks(bench, phone, 0.4)
    assert np.abs(audio_of(other.hears())).max() == 0
    assert pitch(audio_of(third.hears())) == pytest.approx(440, abs=10)
    talks(bench, other, 0.2)
    assert np.abs(audio_of(phone.hears())).max() == 0
    third.close()


def test_a_leg_bridged_with_itself_is_an_echo(bench: Bench, phone: Phone) -> None:
    phone.connect()
    bridge(bench, phone, phone)
    talks(bench, phone, 0.3)
    bench.engine.execute(phone.leg, Unbridge())
    assert pitch(audio_of(phone.hears())) == pytest.approx(440, abs=10)
    talks(bench, phone, 0.2)
    assert np.abs(audio_of(phone.hears())).max() == 0


def test_strangers_are_neither_passed_on_nor_sent_to(
    bench: Bench, phone: Phone, other: Phone
) -> None:
    stranger = Phone(bench)
    stranger.port = phone.port
    phone.connect()
    other.connect()
    bridge(bench, phone, other)
    talks(bench, phone, 0.1)
    other.hears()
    for _ in range(50):
        stranger.says(b"\x00" * 160)
    talks(bench, phone, 0.1)
    assert b"\x00" * 160 not in {each.payload for each in other.hears()}
    assert stranger.hears() == []
    stats = bench.stats(phone.leg)
    assert stats.strangers == 50
    came = "from {}:{}".format(*stranger.rtp.getsockname())
    assert [each.detail for each in stats.facts if each.kind == "stranger"] == [came]
    stranger.close()
