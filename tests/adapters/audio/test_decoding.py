"""Sound files of all kinds, and what only claims to be one."""

import struct
from pathlib import Path

import numpy as np
import pytest

from opentact.adapters.audio.decoding import NotUnderstood, TooLong, decode
from opentact.adapters.audio.wav import RATE, read_raw, tone, write_wav

DATA = Path(__file__).parents[2] / "data" / "audio"
UNDERSTOOD = [
    "tone-44k-stereo.mp3",
    "tone-22k-id3.mp3",
    "tone-44k-stereo.flac",
    "tone-44k.ogg",
    "tone-16k-24bit.wav",
    "tone-11k-8bit.wav",
    "tone-8k-mulaw.wav",
    "tone-8k-adpcm.wav",
]


def decoded(source: Path, folder: Path, max_seconds: float = 600) -> Path:
    target = folder / "target"
    assert decode(source, target, max_seconds=max_seconds) == target.stat().st_size / 2
    return target


@pytest.mark.parametrize("name", UNDERSTOOD)
def test_a_tone_stays_a_tone(name: str, tmp_path: Path) -> None:
    samples = read_raw(decoded(DATA / name, tmp_path)).astype(float)

    # mp3 pads its ends by up to two frames
    assert RATE * 0.98 <= len(samples) <= RATE * 1.1
    middle = samples[2000:6000]
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
    peak = int(np.argmax(spectrum)) * RATE / len(middle)
    assert peak == pytest.approx(440, abs=2)
    assert np.abs(middle).max() == pytest.approx(0.5 * 32768, rel=0.1)
    # What is not the tone is 20 dB below it at least.
    near = slice(200, 241)
    assert np.delete(spectrum, np.r_[near]).max() < spectrum[near].max() / 10


def test_eight_kilohertz_pass_untouched(tmp_path: Path) -> None:
    samples = tone(440, 250)
    source = write_wav(tmp_path / "a.wav", samples)
    assert np.array_equal(read_raw(decoded(source, tmp_path)), samples)


def test_what_a_telephone_cannot_carry_is_filtered_not_folded(tmp_path: Path) -> None:
    # 7 kHz at a rate of 8 kHz would be heard as 1 kHz.
    source = write_wav(tmp_path / "a.wav", tone(7000, 500, rate=44_100), rate=44_100)
    samples = read_raw(decoded(source, tmp_path))[400:-400].astype(float)
    assert np.sqrt((samples**2).mean()) < 50


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "neither wav, mp3, flac nor ogg"),
        (b"<!DOCTYPE html><html>not found</html>", "neither wav, mp3, flac nor ogg"),
        (b"RIFF\x00\x00\x00\x00WAVE", "broken or unusual wav"),
        (b"fLaC" + bytes(100), "broken or unusual flac"),
        (b"OggS" + bytes(100), "broken or unusual ogg"),
        (b"ID3\x03\x00\x00\x00\x00\x00\x00" + bytes(1000), "broken or unusual mp3"),
        ((DATA / "tone-8k-gsm.wav").read_bytes(), "wav"),
        ((DATA / "tone-8k.aiff").read_bytes(), "neither wav, mp3, flac nor ogg"),
    ],
)
def test_what_is_no_sound_is_said_to_be_none(data: bytes, words: str, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(data)
    with pytest.raises(NotUnderstood, match=words):
        decode(source, tmp_path / "target", max_seconds=600)


@pytest.mark.parametrize(("at", "value"), [(24, 1), (24, 0xFFFFFFFF), (22, 200)])
def test_headers_that_claim_nonsense(at: int, value: int, tmp_path: Path) -> None:
    source = write_wav(tmp_path / "a.wav", tone(440, 100))
    data = bytearray(source.read_bytes())
    struct.pack_into("<I" if at == 24 else "<H", data, at, value)
    source.write_bytes(data)
    with pytest.raises(NotUnderstood):
        decode(source, tmp_path / "target", max_seconds=600)


def test_a_long_file_is_stopped_at_the_limit(tmp_path: Path) -> None:
    source = write_wav(tmp_path / "a.wav", tone(440, 61_000))
    with pytest.raises(TooLong, match="longer than 1 minutes"):
        decode(source, tmp_path / "target", max_seconds=60)
    assert (tmp_path / "target").stat().st_size <= 61 * RATE * 2


def test_a_file_cut_off_plays_as_far_as_it_goes(tmp_path: Path) -> None:
    source = tmp_path / "a.wav"
    whole = write_wav(source, tone(440, 1000)).read_bytes()
    source.write_bytes(whole[: len(whole) // 2])
    assert len(read_raw(decoded(source, tmp_path))) == pytest.approx(RATE / 2, rel=0.01)
