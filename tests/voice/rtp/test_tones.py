import numpy as np
import pytest

from opentact.voice.rtp.g711 import Samples
from opentact.voice.rtp.tones import (
    BUSY,
    HOLD_MUSIC,
    MAX_MS,
    RING_BACK,
    Tone,
    keys,
    samples,
)


def lines(audio: Samples, count: int) -> list[int]:
    """The strongest frequencies, in hertz."""
    spectrum = np.abs(np.fft.rfft(audio.astype(float) * np.hanning(len(audio))))
    peaks = [
        at
        for at in range(1, len(spectrum) - 1)
        if spectrum[at - 1] <= spectrum[at] > spectrum[at + 1]
    ]
    strongest = sorted(peaks, key=lambda at: -spectrum[at])[:count]
    return sorted(round(at * 8_000 / len(audio)) for at in strongest)


def test_a_tone_has_its_frequencies_and_its_length() -> None:
    audio = samples([Tone((350, 440), 500)])
    assert len(audio) == 4_000
    assert lines(audio, 2) == [350, 440]


def test_its_level_is_in_dbm0() -> None:
    # G.711: a sine of 0 dBm0 is 3.14 dB under full scale
    middle = samples([Tone((1_000,), 1_000, level=0.0)])[800:-800].astype(float)
    assert 20 * np.log10(np.abs(middle).max() / 32_124) == pytest.approx(-3.14, abs=0.05)


def test_it_begins_and_ends_without_a_click() -> None:
    audio = samples([Tone((1_000,), 100, level=0.0)]).astype(int)
    assert np.abs(audio[:4]).max() < 2_500
    assert np.abs(audio[-4:]).max() < 2_500


def test_a_fading_tone_dies_away() -> None:
    audio = np.abs(samples([Tone((1_000,), 1_000, fading=True)]).astype(float))
    assert audio[7_000:].max() < audio[:1_000].max() / 5


def test_what_is_too_loud_is_cut_and_not_wrapped() -> None:
    audio = samples([Tone((500, 500, 500), 100, level=3.0)])
    assert audio.max() == 32_124
    assert (np.abs(np.diff(audio.astype(int))) < 45_000).all()


def test_ring_back_is_two_seconds_of_six() -> None:
    audio = samples(RING_BACK)
    assert len(audio) == 48_000
    assert lines(audio[:16_000], 2) == [440, 480]
    assert np.abs(audio[16_000:]).max() == 0
    assert lines(samples(BUSY)[:4_000], 2) == [480, 620]


def test_the_music_is_to_be_heard_all_the_time_and_never_too_loud() -> None:
    audio = samples(HOLD_MUSIC).astype(float)
    assert len(audio) == 16 * 8_000
    assert 2_000 < np.abs(audio).max() < 12_000
    seconds = audio.reshape(-1, 8_000)
    assert (np.sqrt((seconds**2).mean(axis=1)) > 300).all()


def test_a_key_is_two_tones_and_a_pause() -> None:
    audio = samples(keys("8a", tone_ms=100, gap_ms=50))
    assert len(audio) == 2 * 8 * 150
    assert lines(audio[:800], 2) == [850, 1340]
    assert lines(audio[1_200:2_000], 2) == [700, 1630]
    assert np.abs(audio[800:1_200]).max() == 0


@pytest.mark.parametrize(
    "wrong",
    [
        Tone((0,), 100),
        Tone((4_000,), 100),
        Tone((-5,), 100),
        Tone((float("nan"),), 100),
        Tone((440,), -1),
        Tone((440,), 100, level=4.0),
        Tone((440,) * 17, 100),
        Tone((440,), MAX_MS + 1),
    ],
)
def test_what_is_no_tone_is_refused(wrong: Tone) -> None:
    with pytest.raises(ValueError, match="tone"):
        samples([wrong])


@pytest.mark.parametrize("digits", ["", "1x", "é"])
def test_what_is_no_key_is_refused(digits: str) -> None:
    with pytest.raises(ValueError, match="no key"):
        keys(digits)


def test_nothing_is_no_samples() -> None:
    assert len(samples([])) == 0
