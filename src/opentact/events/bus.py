"""The bus: how those who listen learn at once what was stored.

The log remembers, the bus only moves: what it loses or turns round is found again in the log by
the positions. So nothing on it needs to be durable, and publishing may neither wait nor fail.
"""

from collections.abc import Callable, Sequence
from typing import Protocol
from uuid import UUID

from .log import Logged


class Listener(Protocol):
    """Someone who wants to hear. Its methods return at once; its queue is bounded."""

    def published(self, event: Logged) -> None:
        """Hear of a stored event. Two commits may be told out of order."""

    def changed(self) -> None:
        """Hear that users, tokens or subscriptions of the account have changed."""


class Bus(Protocol):
    """Carries stored events to everyone who listens, on every node."""

    def publish(self, events: Sequence[Logged]) -> None:
        """Tell of stored events; for `EventLog`. Never waits, never fails."""

    def announce(self, account: UUID) -> None:
        """Tell the account's listeners to look up anew who may hear what."""

    def subscribe(self, account: UUID, listener: Listener) -> Callable[[], None]:
        """Let the listener hear the account's events, until the returned call."""
