"""How fast one token may ask: a bucket of requests that refills (spec/11 D-32).

A program that runs wild is told to wait, in seconds, before it slows down everybody else. What
is left is said with every answer, so that a program that counts is never refused.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

from opentact.kit.faults import TooManyRequests

MOST_BUCKETS = 20_000  # the one that was used longest ago is forgotten first: it is full by then


class TooFast(TooManyRequests):
    """This token has used up its requests: wait as Retry-After says, then go on more slowly."""

    code = "too_fast"


@dataclass(frozen=True, slots=True)
class Left:
    """What a token has left: requests, and seconds until it is full again.

    `wait` is 0, or the seconds after which a refused request may come again.
    """

    limit: int
    remaining: int
    reset: int
    wait: int = 0

    def headers(self) -> dict[str, str]:
        """Write it as the RateLimit headers of the IETF's draft, up to its 7th version."""
        return {
            "ratelimit-limit": str(self.limit),
            "ratelimit-remaining": str(self.remaining),
            "ratelimit-reset": str(self.reset),
        }


class Rates:
    """The buckets of all tokens. `per_second` 0 lets everything through."""

    def __init__(
        self,
        now: Callable[[], float] = time.monotonic,
        *,
        per_second: float,
        burst: int | None = None,
    ) -> None:
        """`now` is monotonic seconds; `burst` is two seconds' worth if it is not given."""
        self._now = now
        self._per_second = per_second
        self._burst = int(2 * per_second) if burst is None else burst
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def spend(self, key: str) -> Left | None:
        """Take one request from a bucket, if there is one; None when nothing is limited."""
        if not self._per_second:
            return None
        now = self._now()
        level, at = self._buckets.get(key, (float(self._burst), now))
        level = min(self._burst, level + (now - at) * self._per_second)
        wait = 0
        if level < 1:
            wait = self._seconds(1 - level)
        else:
            level -= 1
        self._buckets[key] = level, now
        self._buckets.move_to_end(key)
        if len(self._buckets) > MOST_BUCKETS:
            self._buckets.popitem(last=False)
        return Left(self._burst, int(level), self._seconds(self._burst - level), wait)

    def _seconds(self, requests: float) -> int:
        return ceil(requests / self._per_second)
