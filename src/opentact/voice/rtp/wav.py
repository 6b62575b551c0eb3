"""WAV files of 16-bit audio at 8 kHz, whose header can be renewed while they grow.

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


def header(samples: int, channels: int = 1) -> bytes:
    """Write the 44 bytes before `samples` samples of each channel."""
    size = samples * SAMPLE_BYTES * channels
    return _HEADER.pack(
        b"RIFF",
        HEADER_BYTES - 8 + size,
        b"WAVE",
        b"fmt ",
        16,
        _PCM,
        channels,
        RATE,
        RATE * SAMPLE_BYTES * channels,
        SAMPLE_BYTES * channels,
        8 * SAMPLE_BYTES,
        b"data",
        size,
    )


def offset(sample: int, channels: int = 1) -> int:
    """Tell where in the file the sample lies, in bytes."""
    return HEADER_BYTES + sample * SAMPLE_BYTES * channels


def samples(data: bytes) -> int:
    """Read how many samples of each channel a header of ours promises, or raise ValueError."""
    if len(data) < HEADER_BYTES:
        raise ValueError(f"WAV header of {len(data)} bytes, expected {HEADER_BYTES}")
    fields = _HEADER.unpack_from(data)
    channels, size = fields[6], fields[-1]
    frame = SAMPLE_BYTES * channels
    if (
        channels not in {1, 2}
        or size % frame
        or data[:HEADER_BYTES] != header(size // frame, channels)
    ):
        raise ValueError("not the header of a 16-bit WAV file at 8 kHz of one channel or two")
    count: int = size // frame
    return count
