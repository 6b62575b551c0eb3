"""Where in a recording each packet belongs, by its timestamp.

Packets may be lost, late, doubled or out of order, and a source may begin a new clock. Each is
placed where its timestamp says; what no packet fills stays silence. The clock of the sender is
believed only near our own, so that no timestamp makes a recording longer than the call.
"""

from typing import Final

# Half a second holds any jitter and an hour of a cheap clock's drift; beyond it is a new clock.
_TOLERANCE: Final = 4_000
_TIMESTAMPS: Final = 1 << 32


class Placement:
    """Turns timestamps into sample positions, counted from the start of the recording."""

    def __init__(self) -> None:
        self._ssrc: int | None = None
        self._timestamp = 0
        self._position = 0

    def place(self, ssrc: int, timestamp: int, elapsed: int) -> int:
        """Give the position of the packet's first sample; below zero if from before the start.

        `elapsed` is how many samples long the recording is by our own clock.
        """
        step = (timestamp - self._timestamp + _TIMESTAMPS // 2) % _TIMESTAMPS - _TIMESTAMPS // 2
        position = self._position + step
        if ssrc != self._ssrc or abs(position - elapsed) > _TOLERANCE:
            position = elapsed
            self._ssrc = ssrc
        self._timestamp, self._position = timestamp, position
        return position
