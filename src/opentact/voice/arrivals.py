"""New calls in line: a few begin in each turn of the event loop, the others wait behind them.

To begin a call costs as much as all that follows. Where more arrive than can be served, they must
not hold up the messages of calls that are under way: those would be repeated, and repeating them
costs more still. Who waits has heard 100 Trying and repeats nothing (docs/decisions/0127).
"""

import asyncio
from collections import deque
from collections.abc import Callable

from .callers import ReceivedCall

FEW = 8  # calls that begin in one turn
PATIENCE_S = 5.0
"""Who waited longer is refused: a carrier tries its next way after some six seconds."""

Take = Callable[[ReceivedCall], None]


class Arrivals:
    """Hands out new calls in the order of their arrival."""

    def __init__(self, begin: Take, refuse: Take) -> None:
        """`begin` starts a call, and returns at once; `refuse` tells it that too many came."""
        self._begin = begin
        self._refuse = refuse
        self._line: deque[tuple[float, ReceivedCall]] = deque()
        self._begun = 0  # in this turn
        self._next: asyncio.Handle | None = None

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._line)

    def take(self, leg: ReceivedCall) -> None:
        """Begin the call now, or in its turn."""
        loop = asyncio.get_running_loop()
        if self._next is None:
            self._next = loop.call_soon(self._turn)
        if self._begun < FEW and not self._line:
            self._begun += 1
            self._begin(leg)
        else:
            self._line.append((loop.time(), leg))

    def leave(self) -> list[ReceivedCall]:
        """Take all who wait out of the line."""
        waiting = [leg for _, leg in self._line]
        self._line.clear()
        return waiting

    def _turn(self) -> None:
        loop = asyncio.get_running_loop()
        before = loop.time() - PATIENCE_S
        while self._line and self._line[0][0] < before:
            self._refuse(self._line.popleft()[1])
        self._begun = min(FEW, len(self._line))
        self._next = loop.call_soon(self._turn) if self._begun else None
        for _ in range(self._begun):
            self._begin(self._line.popleft()[1])
