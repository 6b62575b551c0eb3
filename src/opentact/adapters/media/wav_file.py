"""A WAV file that grows out of order, used from one thread at a time."""

import os
from collections.abc import Iterator, Sequence

from opentact.voice.rtp import wav
from opentact.voice.rtp.g711 import Codec, decode
from opentact.voice.rtp.tracks import CHANGEABLE, Tracks

# The track, position of the first sample, the encoded samples, their law.
Block = tuple[int, int, bytes, Codec]


def joined(blocks: Sequence[Block]) -> Iterator[Block]:
    """Put blocks that follow each other to the sample together: a dozen cost as much as one."""
    runs: list[tuple[int, int, list[bytes], Codec]] = []
    # Of each track the run that may go on, and where it ends.
    open_runs: dict[int, int] = {}
    ends: dict[int, int] = {}
    for track, position, payload, codec in blocks:
        if ends.get(track) == position and runs[open_runs[track]][3] == codec:
            runs[open_runs[track]][2].append(payload)
        else:
            open_runs[track] = len(runs)
            runs.append((track, position, [payload], codec))
        ends[track] = position + len(payload)
    return ((track, position, b"".join(parts), codec) for track, position, parts, codec in runs)


class WavFile:
    """Holds at most `limit` samples of each channel; whatever lies outside is cut off.

    With fewer channels than tracks the tracks are mixed.
    """

    def __init__(self, path: str, limit: int, *, tracks: int = 1, channels: int = 1) -> None:
        """Name the file; nothing is done before `open`."""
        self._path = path
        self._limit = limit
        self._channels = channels
        self._descriptor = -1
        self._samples = 0
        self._tracks = Tracks(tracks)

    def open(self) -> None:
        """Make the file, which must not exist."""
        self._descriptor = new_file(self._path)
        self._write(wav.header(0, self._channels), 0)

    def write(self, blocks: Sequence[Block], _until: int = 0) -> None:
        """Put the samples where they belong, then renew the header over them."""
        if not blocks:
            return
        low = high = 0
        for track, position, payload, codec in joined(blocks):
            start, end = max(0, position), min(position + len(payload), self._limit)
            if start >= end:
                continue
            if high and max(high, end) - min(low, start) > CHANGEABLE:
                self._put(low, high)
                high = 0
            low, high = (min(low, start), max(high, end)) if high else (start, end)
            samples = decode(payload[start - position : end - position], codec)
            self._tracks.put(track, start, samples)
        self._put(low, high)
        self._write(wav.header(self._samples, self._channels), 0)

    def finish(self, samples: int) -> int:
        """Make the file exactly so many samples long; tell its size in bytes."""
        size = wav.offset(samples, self._channels)
        os.ftruncate(self._descriptor, size)
        self._write(wav.header(samples, self._channels), 0)
        return size

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

    def _put(self, low: int, high: int) -> None:
        """Write what has changed between two positions."""
        low = max(low, self._tracks.begin)
        if low >= high:
            return
        take = self._tracks.interleaved if self._channels > 1 else self._tracks.mixed
        self._write(take(low, high).astype("<i2").tobytes(), wav.offset(low, self._channels))
        self._samples = max(self._samples, high)

    def _write(self, data: bytes, offset: int) -> None:
        # Short writes are how a full disk begins; the next write then says so.
        while data:
            written = os.pwrite(self._descriptor, data, offset)
            data, offset = data[written:], offset + written


def new_file(path: str) -> int:
    """Make a file, which must not exist, to be read by our own group at most."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640)
