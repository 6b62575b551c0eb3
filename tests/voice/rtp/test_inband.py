from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from opentact.voice.rtp.dtmf import Press
from opentact.voice.rtp.g711 import Codec, decode, encode
from opentact.voice.rtp.inband import HIGH, LOW, PAD, ToneListener, keys_in
from opentact.voice.rtp.tones import keys, samples

SPEECH = Path(__file__).parents[2] / "data" / "audio" / "speech-8k.ulaw"
FRAME = 160
Audio = NDArray[np.float64]


def heard(audio: Audio, codec: Codec = "PCMU", frame: int = FRAME) -> list[Press]:
    """What a listener makes of it, packet by packet."""
    listener, found = ToneListener(), []
    said = encode(np.clip(audio, -32_768, 32_767).astype(np.int16), codec)
    for at in range(0, len(said), frame):
        windows = listener.take(said[at : at + frame], codec)
        for key in keys_in(windows) if windows else []:
            press = listener.window(key, at / 8_000)
            found += [press] if press else []
    return found


def pressed(key: str, ms: int, *, before: int = 800, detuned: float = 1.0) -> Audio:
    place = PAD.index(key)
    times = np.arange(ms * 8) / 8_000
    pair = (LOW[place // 4] * detuned, HIGH[place % 4] * detuned)
    tone = sum(6_000 * np.sin(2 * np.pi * hertz * times) for hertz in pair)
    return np.concatenate([np.zeros(before), np.asarray(tone), np.zeros(800)])


def digits(presses: list[Press]) -> str:
    return "".join(press.digit for press in presses)


@pytest.mark.parametrize("codec", ["PCMU", "PCMA"])
@pytest.mark.parametrize("key", PAD)
def test_every_key_is_heard_once_with_its_length(key: str, codec: Codec) -> None:
    [press] = heard(pressed(key, 100), codec)
    assert press.digit == key
    assert press.duration_ms == pytest.approx(100, abs=20)
    assert press.at == pytest.approx(0.1, abs=0.03)


# ITU-T Q.24, the values most administrations have in common
@pytest.mark.parametrize("before", range(800, 960, 32))
@pytest.mark.parametrize("key", ["1", "5", "D"])
def test_forty_milliseconds_are_enough_wherever_they_fall(key: str, before: int) -> None:
    assert digits(heard(pressed(key, 40, before=before))) == key


@pytest.mark.parametrize("before", range(800, 960, 32))
def test_twenty_are_not(before: int) -> None:
    assert heard(pressed("5", 20, before=before)) == []


@pytest.mark.parametrize("detuned", [0.985, 1.015])
def test_a_telephone_may_be_a_little_out_of_tune(detuned: float) -> None:
    assert "".join(digits(heard(pressed(key, 60, detuned=detuned))) for key in PAD) == PAD


@pytest.mark.parametrize("detuned", [0.965, 1.035])
def test_but_not_more(detuned: float) -> None:
    assert [heard(pressed(key, 60, detuned=detuned)) for key in PAD] == [[]] * 16


def test_one_tone_is_no_key() -> None:
    times = np.arange(2_000) / 8_000
    for hertz in LOW + HIGH:
        assert heard(np.asarray(8_000 * np.sin(2 * np.pi * hertz * times))) == []


def test_one_key_twice_is_two_presses() -> None:
    said = samples(keys("1122#", tone_ms=50, gap_ms=50)).astype(float)
    assert digits(heard(np.concatenate([np.zeros(300), said, np.zeros(800)]))) == "1122#"


def test_a_gap_of_a_packet_does_not_end_a_press() -> None:
    tone = pressed("7", 200)
    tone[1_600:1_680] = 0
    assert digits(heard(tone)) == "7"


def test_noise_of_the_line_does_no_harm() -> None:
    noise = np.random.default_rng(7).normal(0, 6_000 * 10 ** (-15 / 20), 2_400)
    for key in PAD:
        tone = pressed(key, 60)
        assert digits(heard(tone + noise[: len(tone)])) == key


@pytest.mark.parametrize("volume", [0.3, 1.0, 2.5])
def test_nobody_dials_by_talking(volume: float) -> None:
    speech = decode(SPEECH.read_bytes(), "PCMU").astype(float)
    assert np.abs(speech).max() > 10_000
    assert heard(speech * volume) == []


def test_packets_may_have_any_length() -> None:
    said = samples(keys("159D", tone_ms=60, gap_ms=60)).astype(float)
    audio = np.concatenate([said, np.zeros(800)])
    assert {digits(heard(audio, frame=frame)) for frame in (80, 160, 240, 480, 1_400)} == {"159D"}


@settings(max_examples=50)
@given(st.lists(st.binary(max_size=1_500), max_size=20))
def test_any_bytes_leave_it_small_and_alive(payloads: list[bytes]) -> None:
    listener = ToneListener()
    for payload in payloads:
        windows = listener.take(payload, "PCMA")
        assert {len(each) for each in windows} <= {200}
        assert len(listener._waiting) < 200
        for key in keys_in(windows) if windows else []:
            listener.window(key, 0.0)
