"""Who is connected: `wss_online` of a user is true while a websocket of theirs is open.

Counted per node: a user whose sockets are all on another node shows as offline here.
"""

from collections import Counter
from uuid import UUID


class Presence:
    """Counts the authenticated websockets of each user."""

    def __init__(self) -> None:
        self._open: Counter[UUID] = Counter()

    def __repr__(self) -> str:
        return f"<Presence {len(self._open)} users, {self.sockets} sockets>"

    @property
    def sockets(self) -> int:
        """How many authenticated websockets are open."""
        return self._open.total()

    def is_online(self, user: UUID) -> bool:
        """Tell whether any websocket of the user is open."""
        return user in self._open

    def arrived(self, user: UUID) -> None:
        """Count one more websocket of the user."""
        self._open[user] += 1

    def left(self, user: UUID) -> None:
        """Count one less."""
        self._open[user] -= 1
        if self._open[user] <= 0:
            del self._open[user]
