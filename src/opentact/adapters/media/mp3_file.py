"""An MP3 file that is encoded while the call goes on, used from one thread at a time.

Frames cannot be changed once written, so that only what is final is encoded: the file is two
seconds behind the call, readable at every moment, and whole soon after the end.
"""

import os
from collections.abc import Sequence

import lameenc
import numpy as np

from opentact.voice.rtp.g711 import RATE, Samples, decode
from opentact.voice.rtp.tracks import CHANGEABLE, Tracks

from .wav_file import Block, joined, new_file

# Of each channel, in kbit/s: at 8 kHz more is not heard.
_BIT_RATE = 24
# Of 0 (slow) to 9: five times as fast as 5, and no difference at 8 kHz.
_QUALITY = 7


class Mp3File:
    """As `WavFile`."""

    def __init__(self, path: str, limit: int, *, tracks: int = 1, channels: int = 1) -> None:
        """Name the file; nothing is done before `open`."""
        self._path = path
        self._limit = limit
        self._channels = channels
        self._descriptor = -1
        self._done = 0  # samples encoded
        self._size = 0
        self._tracks = Tracks(tracks)
        self._encoder = lameenc.Encoder()

    def open(self) -> None:
        """Make the file, which must not exist."""
        self._descriptor = new_file(self._path)
        self._encoder.silence()
        self._encoder.set_bit_rate(_BIT_RATE * self._channels)
        self._encoder.set_in_sample_rate(RATE)
        self._encoder.set_out_sample_rate(RATE)
        self._encoder.set_channels(self._channels)
        self._encoder.set_quality(_QUALITY)

    def write(self, blocks: Sequence[Block], until: int = 0) -> None:
        """Put the samples where they belong; encode what is final. `until` is what has passed."""
        for track, position, payload, codec in joined(blocks):
            start = max(position, self._done)
            end = min(position + len(payload), self._limit)
            if start < end:
                self._encode(end - CHANGEABLE)
                samples = decode(payload[start - position : end - position], codec)
                self._tracks.put(track, start, samples)
        self._encode(min(until, self._limit) - CHANGEABLE)

    def finish(self, samples: int) -> int:
        """Encode the rest; tell the size in bytes."""
        self._encode(samples)
        self._append(self._encoder.flush())
        return self._size

    def sync(self) -> None:
        """Be sure that all of it is on the disk, whichever thread asks; nothing follows."""
        try:
            os.fsync(self._descriptor)
        finally:
            self.close()

    def close(self) -> None:
        """Leave the file as it is."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _encode(self, until: int) -> None:
        """Encode up to a position; what nobody filled is silence."""
        while self._done < until:
            end = min(until, self._done + RATE)
            self._append(self._encoder.encode(self._taken(self._done, end).tobytes()))
            self._done = end

    def _taken(self, start: int, end: int) -> Samples:
        tracks = self._tracks
        taken = np.zeros((end - start) * self._channels, np.int16)
        kept, until = max(start, tracks.begin), min(end, tracks.end)
        if kept < until:
            take = tracks.interleaved if self._channels > 1 else tracks.mixed
            at = (kept - start) * self._channels
            found = take(kept, until)
            taken[at : at + len(found)] = found
        return taken

    def _append(self, data: bytes) -> None:
        left = memoryview(data)
        while left:
            written = os.write(self._descriptor, left)
            left, self._size = left[written:], self._size + written
