"""Tones to play, and which tone it was that somebody heard."""

import io
import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

RATE = 8_000
AUDIBLE = 300.0  # mean level, of 32,768
WINDOW = RATE // 10


def tone(hertz: float, seconds: float = 1.0) -> bytes:
    """Make a WAV file of a tone."""
    times = np.arange(int(RATE * seconds)) / RATE
    return _mono((8_000 * np.sin(2 * np.pi * hertz * times)).astype("<i2").tobytes())


def tone_file(folder: Path, hertz: float, seconds: float = 1.0) -> Path:
    """Write raw s16le of a tone at 8 kHz, as the media engine plays it."""
    path = folder / f"{hertz:g}.raw"
    with wave.open(io.BytesIO(tone(hertz, seconds))) as file:
        path.write_bytes(file.readframes(file.getnframes()))
    return path


def samples_of(sound: Path | bytes) -> NDArray[np.float64]:
    """Read a WAV file of one channel at 8 kHz."""
    with wave.open(io.BytesIO(sound) if isinstance(sound, bytes) else str(sound)) as file:
        assert (file.getframerate(), file.getnchannels()) == (RATE, 1)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float64)


def channel(sound: bytes, number: int) -> bytes:
    """Take one channel out of a stereo WAV file, as a file of one channel."""
    with wave.open(io.BytesIO(sound)) as file:
        assert (file.getframerate(), file.getnchannels()) == (RATE, 2)
        both = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)
    return _mono(both[:, number].tobytes())


def audible(sound: Path | bytes) -> float:
    """Count the seconds in which something is heard."""
    heard = np.abs(_windows(sound)).mean(axis=1) > AUDIBLE
    return float(heard.sum()) * WINDOW / RATE


def seconds_of_tone(sound: Path | bytes, hertz: float) -> float:
    """Count the seconds in which this tone, and nothing louder, is heard."""
    return sum(_is_tone(part, hertz) for part in _windows(sound)) * WINDOW / RATE


def _mono(frames: bytes) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(frames)
    return out.getvalue()


def _windows(sound: Path | bytes) -> NDArray[np.float64]:
    samples = samples_of(sound)
    return samples[: len(samples) // WINDOW * WINDOW].reshape(-1, WINDOW)


def _is_tone(part: NDArray[np.float64], hertz: float) -> bool:
    if np.abs(part).mean() <= AUDIBLE:
        return False
    spectrum = np.abs(np.fft.rfft(part * np.hanning(WINDOW)))
    return bool(abs(float(spectrum.argmax()) * RATE / WINDOW - hertz) <= 2 * RATE / WINDOW)
