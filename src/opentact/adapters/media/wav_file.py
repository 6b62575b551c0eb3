"""A WAV file that grows out of order, used from the writing thread alone."""

import os
from collections.abc import Sequence

from opentact.voice.rtp import wav
from opentact.voice.rtp.g711 import Codec, decode

# Position of the first sample, the encoded samples, their law.
Block = tuple[int, bytes, Codec]


class WavFile:
    """Holds at most `limit` samples; whatever lies outside is cut off."""

    def __init__(self, path: str, limit: int) -> None:
        """Name the file; nothing is done before `open`."""
        self._path = path
        self._limit = limit
        self._descriptor = -1
        self._samples = 0

    def open(self) -> None:
        """Make the file, which must not exist."""
        self._descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640)
        self._write(wav.header(0), 0)

    def write(self, blocks: Sequence[Block]) -> None:
        """Put the samples where they belong, then renew the header over them."""
        for position, payload, codec in blocks:
            start, end = max(0, position), min(position + len(payload), self._limit)
            if start < end:
                samples = decode(payload[start - position : end - position], codec)
                self._write(samples.astype("<i2").tobytes(), wav.offset(start))
                self._samples = max(self._samples, end)
        self._write(wav.header(self._samples), 0)

    def finish(self, samples: int) -> int:
        """Make the file exactly so many samples long, and sure; tell its size in bytes."""
        os.ftruncate(self._descriptor, wav.offset(samples))
        self._write(wav.header(samples), 0)
        os.fsync(self._descriptor)
        self.close()
        return wav.offset(samples)

    def close(self) -> None:
        """Leave the file as it is."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _write(self, data: bytes, offset: int) -> None:
        # Short writes are how a full disk begins; the next write then says so.
        while data:
            written = os.pwrite(self._descriptor, data, offset)
            data, offset = data[written:], offset + written
