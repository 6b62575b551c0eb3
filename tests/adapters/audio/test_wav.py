"""Tones, and files of samples."""

import wave
from pathlib import Path

import numpy as np

from opentact.adapters.audio.wav import RATE, read_raw, tone, write_wav


def test_a_tone_has_its_pitch_length_and_level() -> None:
    samples = tone(1000, 500, level=0.25)

    assert (len(samples), samples.dtype.name) == (RATE // 2, "int16")
    assert np.argmax(np.abs(np.fft.rfft(samples))) == 500
    assert np.abs(samples).max() == int(0.25 * 32767)


def test_a_wav_file_is_what_others_read(tmp_path: Path) -> None:
    samples = tone(440, 100, rate=16_000)
    with wave.open(str(write_wav(tmp_path / "a.wav", samples, rate=16_000)), "rb") as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 16_000)
        assert file.readframes(10_000) == samples.astype("<i2").tobytes()


def test_raw_samples_are_little_endian(tmp_path: Path) -> None:
    (tmp_path / "a.s16").write_bytes(b"\x01\x00\xff\xff\x00\x80")
    assert read_raw(tmp_path / "a.s16").tolist() == [1, -1, -32768]
