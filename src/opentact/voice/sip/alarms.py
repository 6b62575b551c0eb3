"""Who wants to be woken when, for thousands of sleepers that mostly change their mind.

A heap of (time, sleeper) where changing a time only pushes: entries that no longer hold are
dropped when they surface, and the heap is built anew once more than half of it is stale. So
every operation is O(log n) on average and the heap never outgrows the sleepers by far.
"""

from collections.abc import Hashable
from heapq import heapify, heappop, heappush
from typing import Generic, TypeVar

Sleeper = TypeVar("Sleeper", bound=Hashable)

# Below this many entries a rebuild would cost more than the stale ones do.
_WORTH_A_REBUILD = 64


class Alarms(Generic[Sleeper]):
    def __init__(self) -> None:
        self._at: dict[Sleeper, float] = {}
        self._heap: list[tuple[float, int, Sleeper]] = []
        self._count = 0

    def __len__(self) -> int:
        return len(self._at)

    def set(self, sleeper: Sleeper, at: float | None) -> None:
        """Wake the sleeper at this time instead of any other; None lets it sleep."""
        if at is None:
            self._at.pop(sleeper, None)
        elif self._at.get(sleeper) != at:
            self._at[sleeper] = at
            # The count breaks ties, so sleepers need no order among themselves.
            self._count += 1
            heappush(self._heap, (at, self._count, sleeper))
        if len(self._heap) > _WORTH_A_REBUILD + 2 * len(self._at):
            self._heap = [
                (at, number, sleeper) for number, (sleeper, at) in enumerate(self._at.items())
            ]
            self._count = len(self._heap)
            heapify(self._heap)

    @property
    def next(self) -> float | None:
        """When the first sleeper wants to be woken."""
        while self._heap and self._at.get(self._heap[0][2]) != self._heap[0][0]:
            heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def take(self, now: float) -> Sleeper | None:
        """Take out one sleeper whose time has come; it must be set again to be woken again."""
        at = self.next
        if at is None or at > now:
            return None
        sleeper = heappop(self._heap)[2]
        del self._at[sleeper]
        return sleeper
