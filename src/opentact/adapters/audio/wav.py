"""Samples and WAV files, for recordings to be played, and for tones."""

import wave
from pathlib import Path

import numpy as np
import numpy.typing as npt

RATE = 8000
"""Hertz, of everything a telephone hears."""

Samples = npt.NDArray[np.int16]


def tone(hz: float, ms: int, *, rate: int = RATE, level: float = 0.5) -> Samples:
    """Make a sine of `level` (1.0 is full scale)."""
    at = np.arange(rate * ms // 1000) / rate
    return (np.sin(2 * np.pi * hz * at) * level * 32767).astype(np.int16)


def write_wav(path: Path, samples: Samples, *, rate: int = RATE) -> Path:
    """Write mono 16-bit PCM with a header."""
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, rate, len(samples), "NONE", "not compressed"))
        file.writeframes(samples.astype("<i2").tobytes())
    return path


def read_raw(path: Path) -> Samples:
    """Read raw s16le samples, as speech and shelf hand them out."""
    return np.fromfile(path, dtype="<i2").astype(np.int16)
