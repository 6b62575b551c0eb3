"""Identifiers that sort by the time they were made (UUID version 7, RFC 9562 section 5.7)."""

import time
from collections.abc import Callable
from uuid import UUID

from .entropy import entropy

_COUNTER_BITS = 12
_COUNTER_MAX = (1 << _COUNTER_BITS) - 1


class Ids:
    """A source of ids. Within one source each is greater than the one before.

    `rand_a` of the RFC holds a counter that starts anew each millisecond, so that a cursor
    over ids (spec/11 D-37) never steps over an event made in the same millisecond.
    """

    def __init__(
        self,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        random_bits: Callable[[int], int] = entropy.bits,
    ) -> None:
        """`now_ms` tells Unix milliseconds; `random_bits(n)` gives an n-bit integer."""
        self._now_ms = now_ms
        self._random_bits = random_bits
        self._last_ms = 0
        self._counter = 0

    def __call__(self) -> UUID:
        """Make the next id."""
        ms = max(self._now_ms(), self._last_ms)
        if ms > self._last_ms:
            self._last_ms, self._counter = ms, 0
        elif self._counter == _COUNTER_MAX:
            self._last_ms, self._counter = ms + 1, 0
        else:
            self._counter += 1
        value = self._last_ms << 80 | 7 << 76 | self._counter << 64
        value |= 0b10 << 62 | self._random_bits(62)
        return UUID(int=value)


new_id = Ids()
