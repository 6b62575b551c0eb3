"""The keys a caller has pressed and nobody has taken yet: callers who know the menu type ahead.

Nothing is lost between verbs. Whoever waits is told that something changed and looks again.
"""

import asyncio
from collections import deque

MOST_KEPT = 128  # a caller who leans on a key for a minute


class Keys:
    """A buffer of pressed keys."""

    def __init__(self) -> None:
        self._pressed: deque[str] = deque(maxlen=MOST_KEPT)
        self._waiting: list[asyncio.Future[None]] = []

    def press(self, key: str) -> None:
        """Put a key in."""
        self._pressed.append(key)
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(None)

    @property
    def any(self) -> bool:
        """Whether a key waits to be taken."""
        return bool(self._pressed)

    def take(self) -> str | None:
        """Take the oldest key."""
        return self._pressed.popleft() if self._pressed else None

    def take_one_of(self, wanted: str) -> str | None:
        """Take the oldest key that is one of `wanted`, and those pressed before it."""
        for index, key in enumerate(self._pressed):
            if key in wanted:
                for _ in range(index):
                    self._pressed.popleft()
                return self._pressed.popleft()
        return None

    def clear(self) -> None:
        """Forget what nobody took."""
        self._pressed.clear()

    def changed(self) -> "asyncio.Future[None]":
        """Give a future of the next key, counted from this very call: none falls in between.

        Whoever stops waiting cancels it.
        """
        self._waiting = [future for future in self._waiting if not future.done()]
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        return future
