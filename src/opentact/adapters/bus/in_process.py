"""The bus of a single node: a call, in the same process, at once."""

from collections.abc import Callable, Sequence
from uuid import UUID

import structlog

from opentact.events.bus import Listener
from opentact.events.log import Logged

log = structlog.get_logger(__name__)


class InProcessBus:
    """Calls each listener of the account in turn; one that fails harms no other."""

    def __init__(self) -> None:
        self._listeners: dict[UUID, list[Listener]] = {}
        self._of_all: list[Callable[[Sequence[Logged]], None]] = []

    def __repr__(self) -> str:
        return f"<InProcessBus {self.listening} listening>"

    @property
    def listening(self) -> int:
        """How many listeners there are."""
        return sum(map(len, self._listeners.values()))

    def publish(self, events: Sequence[Logged]) -> None:
        """Tell of stored events."""
        for heard in self._of_all:
            _tell(heard, events)
        for event in events:
            for listener in tuple(self._listeners.get(event.account, ())):
                _tell(listener.published, event)

    def listen_to_all(self, heard: Callable[[Sequence[Logged]], None]) -> None:
        """Let somebody hear the events of every account, for as long as the bus is there."""
        self._of_all.append(heard)

    def announce(self, account: UUID) -> None:
        """Tell the account's listeners to look up anew who may hear what."""
        for listener in tuple(self._listeners.get(account, ())):
            _tell(listener.changed)

    def subscribe(self, account: UUID, listener: Listener) -> Callable[[], None]:
        """Let the listener hear the account's events, until the returned call."""
        self._listeners.setdefault(account, []).append(listener)

        def leave() -> None:
            there = self._listeners.get(account, [])
            if listener in there:
                there.remove(listener)
            if not there:
                self._listeners.pop(account, None)

        return leave


def _tell(hear: Callable[..., None], *what: object) -> None:
    try:
        hear(*what)
    except Exception:
        log.exception("listener_failed", listener=repr(hear))
