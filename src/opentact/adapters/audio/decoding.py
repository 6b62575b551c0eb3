"""Sound files of strangers, made into what a telephone plays; runs in the audio process only.

Works through the file piece by piece, so that neither a long file nor one that unfolds to a
thousand times its size takes more memory than a second of it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import miniaudio
import numpy as np
import soxr

from .wav import RATE, Samples

RATES = range(4_000, 192_001)
"""Hertz we believe a file to have; headers may claim anything."""

_MAX_CHANNELS = 8


class NotUnderstood(Exception):  # noqa: N818 - becomes a fault on the other side
    """This is no sound, or none we know."""


class TooLong(Exception):  # noqa: N818 - as above
    """There is more of it than allowed."""


@dataclass(frozen=True, slots=True)
class _Format:
    name: str
    fits: Callable[[bytes], bool]
    info: Callable[[bytes], miniaudio.SoundFileInfo]


_FORMATS = (
    _Format("wav", lambda head: head[:4] in {b"RIFF", b"RIFX", b"RF64"}, miniaudio.wav_get_info),
    _Format("flac", lambda head: head[:4] == b"fLaC", miniaudio.flac_get_info),
    _Format("ogg", lambda head: head[:4] == b"OggS", miniaudio.vorbis_get_info),
    # ID3 tags, or the eleven set bits that begin an MPEG audio frame.
    _Format(
        "mp3",
        lambda head: head[:3] == b"ID3" or (head[:1] == b"\xff" and head[1:2] >= b"\xe0"),
        miniaudio.mp3_get_info,
    ),
)


def decode(source: Path, target: Path, *, max_seconds: float) -> int:
    """Write `source` as raw s16le mono samples at 8 kHz; the answer is how many.

    Raises `NotUnderstood` or `TooLong`.
    """
    data = source.read_bytes()
    rate = _rate(data)
    written = 0
    with target.open("wb") as out:
        for piece in _resampled(_pieces(data, rate), rate):
            written += len(piece)
            if written > max_seconds * RATE:
                raise TooLong(f"it is longer than {max_seconds / 60:g} minutes")
            out.write(piece.astype("<i2").tobytes())
    if not written:
        raise NotUnderstood("there is no sound in it")
    return written


def _rate(data: bytes) -> int:
    """Find the sampling rate, and refuse what no decoder should see."""
    form = next((form for form in _FORMATS if form.fits(data[:16])), None)
    if form is None:
        raise NotUnderstood("it is neither wav, mp3, flac nor ogg")
    try:
        info = form.info(data)
    except miniaudio.DecodeError as error:
        raise NotUnderstood(f"it is a broken or unusual {form.name} file ({error})") from error
    if info.sample_rate not in RATES or not 1 <= info.nchannels <= _MAX_CHANNELS:
        raise NotUnderstood(f"it claims {info.nchannels} channels at {info.sample_rate} Hz")
    return int(info.sample_rate)


def _pieces(data: bytes, rate: int) -> Iterator[Samples]:
    try:
        yield from (
            np.frombuffer(piece, dtype=np.int16)
            for piece in miniaudio.stream_memory(
                data, miniaudio.SampleFormat.SIGNED16, 1, rate, frames_to_read=rate
            )
        )
    except miniaudio.DecodeError as error:
        raise NotUnderstood(f"it cannot be decoded ({error})") from error


def _resampled(pieces: Iterator[Samples], rate: int) -> Iterator[Samples]:
    if rate == RATE:
        yield from pieces
        return
    stream = soxr.ResampleStream(rate, RATE, 1, dtype="int16")
    for piece in pieces:
        yield stream.resample_chunk(piece)
    yield stream.resample_chunk(np.empty(0, dtype=np.int16), last=True)
