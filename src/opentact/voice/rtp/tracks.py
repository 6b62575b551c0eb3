"""What the sides of a call said, one track each, at the positions their packets belong to.

Packets come out of order and the tracks a little apart, so the last seconds stay changeable; what
is older is final. Whoever writes a file takes from here what has changed, or what is final.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from .g711 import RATE, Samples
from .mixer import add

# `placement` allows a packet half a second from our clock, on either side of it.
CHANGEABLE: Final = 2 * RATE
_ROOM: Final = 2 * CHANGEABLE

Table = NDArray[np.int16]


class Tracks:
    """Positions are in samples from the start of the recording."""

    def __init__(self, count: int) -> None:
        self.begin = 0  # of what is kept
        self._table: Table = np.zeros((count, _ROOM), np.int16)

    def put(self, track: int, position: int, samples: Samples) -> None:
        """Put samples in their place; what lies before the changeable part is too late."""
        end = position + len(samples)
        if end > self.end:
            self._move(end - CHANGEABLE)
        late = max(0, self.begin - position)
        if late < len(samples):
            start = position + late - self.begin
            self._table[track, start : end - self.begin] = samples[late:]

    @property
    def end(self) -> int:
        """Until where there is room."""
        return self.begin + _ROOM

    def mixed(self, start: int, end: int) -> Samples:
        """Give all tracks as one."""
        table = self._between(start, end)
        return table[0] if len(table) == 1 else add(table[0], table[1])

    def interleaved(self, start: int, end: int) -> Samples:
        """Give the tracks as channels, a sample of each after the other."""
        return self._between(start, end).T.ravel()

    def _between(self, start: int, end: int) -> Table:
        if start < self.begin or end > self.end:
            raise ValueError(f"{start} to {end} is not kept, but {self.begin} to {self.end}")
        return self._table[:, start - self.begin : end - self.begin]

    def _move(self, base: int) -> None:
        by = base - self.begin
        table = self._table
        if by < _ROOM:
            table[:, : _ROOM - by] = table[:, by:].copy()
            table[:, _ROOM - by :] = 0
        else:
            table[:] = 0
        self.begin = base
