"""What this node counts while calls run: channels in use, the pace of calls, calls of a user.

All of it is memory and is empty when the node starts, as its calls are (decision 0085).
"""

from collections import OrderedDict, deque
from uuid import UUID

MINUTE_S = 60.0
MOST_USERS = 20_000  # whose calls of the last minute are remembered: the oldest go first
LONGEST_WAIT_S = 5.0  # a caller who hears nothing for longer hangs up or sends his INVITE again


class Channels:
    """Calls in progress, by the object whose limit they count for."""

    def __init__(self) -> None:
        self._calls: dict[UUID, int] = {}

    def of(self, key: UUID) -> int:
        """Count the calls in progress."""
        return self._calls.get(key, 0)

    def enter(self, *keys: UUID) -> None:
        """Count one call more."""
        for key in keys:
            self._calls[key] = self._calls.get(key, 0) + 1

    def leave(self, *keys: UUID) -> None:
        """Count one call less."""
        for key in keys:
            left = self._calls.get(key, 0) - 1
            if left > 0:
                self._calls[key] = left
            else:
                self._calls.pop(key, None)


class Pacer:
    """Lets calls go at an even pace; who comes too early waits for his turn, a few seconds.

    The queue is bounded by its wait: with `longest` seconds and n calls a second, n times
    `longest` calls wait at most.
    """

    def __init__(self, longest: float = LONGEST_WAIT_S) -> None:
        self._longest = longest
        self._next: dict[UUID, float] = {}

    def wait_of(self, key: UUID, now: float) -> float:
        """Tell how long a call that came now would wait."""
        return max(0.0, self._next.get(key, now) - now)

    def turn(self, key: UUID, per_second: float, now: float) -> float | None:
        """Give the next turn: seconds to wait for it, or None when the queue is full."""
        wait = self.wait_of(key, now)
        if wait > self._longest:
            return None
        self._next[key] = now + wait + 1 / per_second
        return wait


class Velocity:
    """Calls of each user within the last minute."""

    def __init__(self) -> None:
        self._calls: OrderedDict[UUID, deque[float]] = OrderedDict()

    def of(self, user: UUID, now: float) -> int:
        """Count the user's calls of the last minute."""
        times = self._calls.get(user)
        if times is None:
            return 0
        while times and times[0] <= now - MINUTE_S:
            times.popleft()
        return len(times)

    def add(self, user: UUID, now: float) -> None:
        """Note a call. Refused ones are not noted, so that a limit bounds what is kept."""
        self._calls.setdefault(user, deque()).append(now)
        self._calls.move_to_end(user)
        if len(self._calls) > MOST_USERS:
            self._calls.popitem(last=False)
