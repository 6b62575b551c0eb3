"""The system's random numbers, fetched by the page.

A busy server needs ten for each call, and to ask the system for one costs more than what is made
of it.
"""

import os
import struct
from collections import deque
from collections.abc import Callable

WORD_BITS = 64
_PAGE = struct.Struct("=512Q")


class Entropy:
    """Unguessable words of 64 bits. May be asked by several threads at once."""

    def __init__(self, source: Callable[[int], bytes] = os.urandom) -> None:
        """`source(n)` gives n random bytes."""
        self._source = source
        self._words: deque[int] = deque()

    def bits(self, count: int) -> int:
        """Give a number of so many bits, 64 at most."""
        try:
            word = self._words.popleft()  # by one thread only, whatever the others do
        except IndexError:
            self._words.extend(_PAGE.unpack(self._source(_PAGE.size)))
            return self.bits(count)
        return word >> (WORD_BITS - count)

    def text(self) -> str:
        """Give a word of 16 hexadecimal digits."""
        return f"{self.bits(WORD_BITS):016x}"

    def forget(self) -> None:
        """Let go of what was fetched: a forked process must not give the same."""
        self._words.clear()


entropy = Entropy()
os.register_at_fork(after_in_child=entropy.forget)
