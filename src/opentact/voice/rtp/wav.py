"""WAV files of 16-bit mono audio at 8 kHz, whose header can be renewed while they grow.

A writer puts the header of what is there after each block of samples. A file cut short by a
crash then says a little less than it holds, and every player reads it.
"""

from struct import Struct
from typing import Final

HEADER_BYTES: Final = 44
RATE: Final = 8_000
SAMPLE_BYTES: Final = 2

_HEADER: Final = Struct("<4sI4s4sIHHIIHH4sI")
_PCM: Final = 1


def header(samples: int) -> bytes:
    """Write the 44 bytes before `samples` samples."""
    size = samples * SAMPLE_BYTES
    return _HEADER.pack(
        b"RIFF",
        HEADER_BYTES - 8 + size,
        b"WAVE",
        b"fmt ",
        16,
        _PCM,
        1,
        RATE,
        RATE * SAMPLE_BYTES,
        SAMPLE_BYTES,
        8 * SAMPLE_BYTES,
        b"data",
        size,
    )


def offset(sample: int) -> int:
    """Tell where in the file the sample lies, in bytes."""
    return HEADER_BYTES + sample * SAMPLE_BYTES


def samples(data: bytes) -> int:
    """Read how many samples a header of ours promises; ValueError if it is none."""
    if len(data) < HEADER_BYTES:
        raise ValueError(f"WAV header of {len(data)} bytes, expected {HEADER_BYTES}")
    size: int = _HEADER.unpack_from(data)[-1]
    if size % SAMPLE_BYTES or data[:HEADER_BYTES] != header(size // SAMPLE_BYTES):
        raise ValueError("not the header of a 16-bit mono WAV file at 8 kHz")
    return size // SAMPLE_BYTES
