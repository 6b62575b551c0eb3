"""How often somebody may fail to log in."""

from collections import OrderedDict
from collections.abc import Callable

from opentact.kit.faults import TooManyRequests

MOST_FAILURES = 10
WINDOW_S = 300.0
MOST_TRACKED = 50_000  # names remembered; the oldest is forgotten first


class TooManyAttempts(TooManyRequests):
    """Too many failed logins: wait until the time in Retry-After is over, then try again."""

    code = "too_many_attempts"


class Attempts:
    """Counts failures by name (an e-mail address, a client's address) in a moving window."""

    def __init__(self, now: Callable[[], float]) -> None:
        """`now` is monotonic seconds."""
        self._now = now
        self._failed: OrderedDict[str, list[float]] = OrderedDict()

    def check(self, *names: str) -> None:
        """Raise `TooManyAttempts` if any of the names has used up its failures."""
        now = self._now()
        for name in names:
            recent = self._recent(name, now)
            if len(recent) >= MOST_FAILURES:
                wait = int(recent[0] + WINDOW_S - now) + 1
                raise TooManyAttempts(
                    f"Too many failed logins: try again in {wait} s", retry_after=wait
                )

    def failed(self, *names: str) -> None:
        """Count a failure for each name."""
        now = self._now()
        for name in names:
            self._failed[name] = [*self._recent(name, now)[-MOST_FAILURES:], now]
            self._failed.move_to_end(name)
        while len(self._failed) > MOST_TRACKED:
            self._failed.popitem(last=False)

    def succeeded(self, name: str) -> None:
        """Forget the failures of a name that has proved itself."""
        self._failed.pop(name, None)

    def _recent(self, name: str, now: float) -> list[float]:
        return [at for at in self._failed.get(name, ()) if at > now - WINDOW_S]
