"""The tick: a wheel of one-millisecond slots, each leg in the slot of its next packet."""

from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

_SLOTS = 64  # more than the longest packet time, 60 ms
_SPREAD = 20  # new legs are spread over the usual packet time
# Behind by more than this, packets are not sent in a burst: their time is passed over.
_MAX_BEHIND_MS = 100


class Ticking(Protocol):
    """What sits on the wheel. `ptime` is in ms, at most 60; closed ones fall off."""

    ptime: int
    closed: bool

    def tick(self, now: float) -> None:
        """Do what is due every `ptime`."""

    def skipped(self, milliseconds: int) -> None:
        """Take note of time that passed without ticks."""


T = TypeVar("T", bound=Ticking)


class Wheel(Generic[T]):
    """Turned by whoever has the clock; `now` is in seconds.

    `failed` is told of one whose tick raised, from within the handler: its failure is its own.
    """

    def __init__(self, now: float, failed: Callable[[T], None]) -> None:
        """Begin at `now`, empty."""
        self._start = now
        self._failed = failed
        self._cursor = 0  # ms since start: the next slot to be done
        self._slots: list[list[T]] = [[] for _ in range(_SLOTS)]

    def add(self, one: T, now: float) -> None:
        """Put it into the emptiest slot of the coming 20 ms."""
        first = max(self._cursor, self._at(now))
        if not any(self._slots):
            self._cursor = first
        slots = (self._slots[(first + n) % _SLOTS] for n in range(1, _SPREAD + 1))
        min(slots, key=len).append(one)

    @property
    def wake_at(self) -> float | None:
        """When the next slot with something in it is due."""
        for milliseconds in range(self._cursor, self._cursor + _SLOTS):
            if self._slots[milliseconds % _SLOTS]:
                return self._start + milliseconds / 1_000
        return None

    def turn(self, now: float) -> None:
        """Do all slots that are due, each at its own time."""
        until = self._at(now)
        if until - self._cursor > _MAX_BEHIND_MS:
            self._pass_over(until - self._cursor)
            until = self._at(now)
        while self._cursor <= until:
            cursor = self._cursor
            slot, self._slots[cursor % _SLOTS] = self._slots[cursor % _SLOTS], []
            self._cursor = cursor + 1
            for one in slot:
                if not one.closed:
                    try:
                        one.tick(now)
                    except Exception:  # noqa: BLE001 - one leg's bug must not end a thousand calls
                        self._failed(one)
                        continue
                    self._slots[(cursor + one.ptime) % _SLOTS].append(one)

    def _at(self, now: float) -> int:
        # A thousandth of a slot: 0.005 s is 4.999... ms in floating point.
        return int((now - self._start) * 1_000 + 0.001)

    def _pass_over(self, milliseconds: int) -> None:
        """Let time stand still on the wheel, and tell everyone that it did not outside."""
        self._start += milliseconds / 1_000
        for slot in self._slots:
            for one in slot:
                one.skipped(milliseconds)
