"""One timer of the event loop that stands for the earliest of many moments."""

import asyncio
from collections.abc import Callable


class AlarmClock:
    """Calls `ring` at the moment it was last set to, or earlier: whoever is rung sets it anew.

    Moments are seconds of the loop's own clock. One that rings too early is cheaper than one set
    anew for every datagram.
    """

    def __init__(self, ring: Callable[[], None]) -> None:
        self._ring = ring
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._rings_at = 0.0

    def set(self, wake_at: float | None) -> None:
        """Ring no later than then; None leaves it as it is."""
        if wake_at is None:
            return
        if self._timer is not None:
            if self._rings_at <= wake_at:
                return
            self._timer.cancel()
        # Not asked of the handle: uvloop's has no `when` for a time that has come already.
        self._rings_at = wake_at
        self._timer = self._loop.call_at(wake_at, self._rung)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _rung(self) -> None:
        self._timer = None
        self._ring()
