"""Whether a trunk's target can be called: decided from what it answered, with inertia.

A target that is silent, or says 408 or 503, several times in a row is down; it is up again after
a few answers in a row. One lost packet takes nothing down, one lucky one brings nothing up.
"""

from dataclasses import dataclass
from enum import StrEnum

FAILURES = 3  # in a row, until a target is down
SUCCESSES = 2  # in a row, until it is up again
# RFC 3261 21.4.9 and 21.5.4: nobody answered in time, and a server that cannot serve now. Any
# other final answer shows that somebody is there, be it 404 or 501 (RFC 3261 11).
ABSENT = frozenset({408, 503})


class TargetState(StrEnum):
    """`unknown` until the first answers; calls go there as if it were up."""

    UNKNOWN = "unknown"
    UP = "up"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class Turned:
    """A target went from one state to another; `reason` is a sentence for people."""

    before: TargetState
    after: TargetState
    reason: str


@dataclass(slots=True)
class Health:
    """One target's. `reason` says why it is in its state, `since` is when it came to it."""

    state: TargetState = TargetState.UNKNOWN
    since: float = 0.0
    reason: str = "not asked yet"
    answers: int = 0
    failures: int = 0
    successes: int = 0

    @property
    def usable(self) -> bool:
        """Whether calls should go there."""
        return self.state is not TargetState.DOWN

    def told(self, status: int | None, now: float, *, by: str) -> Turned | None:
        """Hear the final answer to an OPTIONS or a call, None for silence.

        `by` names what was asked. Returns the turn, if this was one.
        """
        self.answers += 1
        if status is None or status in ABSENT:
            return self._failed(
                f"no answer to {by}" if status is None else f"{status} to {by}", now
            )
        return self._answered(f"{status} to {by}", now)

    def _failed(self, what: str, now: float) -> Turned | None:
        self.failures, self.successes = self.failures + 1, 0
        if self.state is TargetState.DOWN or self.failures < FAILURES:
            return None
        return self._turn(TargetState.DOWN, f"{what}, the {FAILURES}rd failure in a row", now)

    def _answered(self, what: str, now: float) -> Turned | None:
        self.failures, self.successes = 0, self.successes + 1
        if self.state is TargetState.UP:
            return None
        if self.state is TargetState.DOWN and self.successes < SUCCESSES:
            return None
        return self._turn(TargetState.UP, what, now)

    def _turn(self, after: TargetState, reason: str, now: float) -> Turned:
        turned = Turned(self.state, after, reason)
        self.state, self.since, self.reason = after, now, reason
        return turned
