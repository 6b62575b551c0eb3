"""Finding somebody who answers: stages of INVITEs, those of one stage at once, the first wins.

RFC 3261 section 16.7: the others are cancelled, with the Reason that says so (RFC 3326), and of
several refusals the best is passed on. The next stage has its turn only when all of one failed
in a way that another trunk may not: 408, 5xx, or silence. Nobody is rung again who said no.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from .dialling import MOST_TARGETS, CalledLeg, Fork, Stage
from .sip.effects import (
    Answered,
    Expired,
    Failed,
    HungUp,
    LegEvent,
    NoAck,
    Progressed,
    Refused,
    TimedOut,
)

ELSEWHERE = 'SIP;cause=200;text="Call completed elsewhere"'
SILENCE_S = 4.0
"""How long a way may say nothing before the next is tried: 100 comes at once from any server
that lives, and by then the INVITE was repeated three times."""

REQUEST_TIMEOUT = 408
UNAVAILABLE = 503
GLOBAL = 600
Dial = Callable[[Fork, bytes], CalledLeg]
Told = Callable[[Fork, int | None], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Why nobody answered. `reason` is the Reason header of who refused, as written."""

    status: int
    phrase: str = ""
    reason: str | None = None

    @property
    def is_worth_another(self) -> bool:
        """Whether another trunk may do better (never after 486 or 603)."""
        return self.status == REQUEST_TIMEOUT or 500 <= self.status < GLOBAL  # noqa: PLR2004


class Hunter(Protocol):
    """Whom the hunt is for."""

    def on_progress(self, leg: CalledLeg, event: Progressed) -> None:
        """Somebody is alerted, or plays something."""

    def on_answer(self, leg: CalledLeg, event: Answered) -> None:
        """Somebody answered; the others are given up already."""

    def on_nobody(self, outcome: Outcome) -> None:
        """Everybody refused, or cannot be reached."""


@dataclass(slots=True, eq=False)
class _Try:
    fork: Fork
    leg: CalledLeg


class Hunt:
    """One search. `tried` counts the INVITEs sent; `told(fork, status)` hears of each end."""

    def __init__(
        self,
        stages: Sequence[Stage],
        hunter: Hunter,
        dial: Dial,
        told: Told = lambda _fork, _status: None,
        *,
        silence_s: float = SILENCE_S,
    ) -> None:
        self.tried = 0
        self._stages = [stage for stage in stages if stage]
        self._hunter = hunter
        self._dial = dial
        self._told = told
        self._silence_s = silence_s
        self._sdp = b""
        self._ringing: list[_Try] = []
        self._best: Outcome | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._over = False

    def start(self, sdp: bytes) -> None:
        """Ring the first stage with this offer."""
        self._sdp = sdp
        self._next()

    def give_up(self, reason: str | None = None) -> None:
        """Cancel whatever rings. Idempotent."""
        self._over = True
        self._forget_timer()
        self._cancel_all(reason)

    def _next(self) -> None:
        """Ring the next stage that can be rung at all."""
        while not self._ringing and self._stages and self.tried < MOST_TARGETS:
            self._best = None
            stage = self._stages.pop(0)[: MOST_TARGETS - self.tried]
            for fork in stage:
                self._ring(fork)
                if self._over:
                    return
        if not self._ringing:
            self._nobody()
        elif self._stages and self.tried < MOST_TARGETS:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._silence_s, self._silence)

    def _ring(self, fork: Fork) -> None:
        self.tried += 1
        try:
            leg = self._dial(fork, self._sdp)
        except ValueError as error:
            self._note(Outcome(UNAVAILABLE, str(error)))
            return
        attempt = _Try(fork, leg)
        self._ringing.append(attempt)
        leg.listen(lambda event: self._heard(attempt, event))

    def _heard(self, attempt: _Try, event: LegEvent) -> None:
        if self._over or attempt not in self._ringing:
            return
        match event:
            case Progressed():
                self._hunter.on_progress(attempt.leg, event)
            case Answered():
                self._won(attempt, event)
            case Refused(status, phrase, reason):
                self._lost(attempt, Outcome(status, phrase, reason), status)
            case TimedOut():
                self._lost(attempt, Outcome(REQUEST_TIMEOUT, "No reply"), None)
            case Failed() | HungUp() | NoAck() | Expired():
                self._lost(attempt, Outcome(UNAVAILABLE, "Failed"), None)
            case _:
                pass

    def _won(self, attempt: _Try, event: Answered) -> None:
        self._over = True
        self._forget_timer()
        self._ringing.remove(attempt)
        self._told(attempt.fork, 200)
        self._cancel_all(ELSEWHERE)
        self._hunter.on_answer(attempt.leg, event)

    def _lost(self, attempt: _Try, outcome: Outcome, status: int | None) -> None:
        self._ringing.remove(attempt)
        self._told(attempt.fork, status)
        self._note(outcome)
        if outcome.status >= GLOBAL:
            # RFC 3261 16.7 (5): nobody else is to be rung who has not answered yet.
            self._cancel_all(None)
        if not self._ringing:
            self._stage_failed()

    def _note(self, outcome: Outcome) -> None:
        if self._best is None or _rank(outcome) < _rank(self._best):
            self._best = outcome

    def _stage_failed(self) -> None:
        self._forget_timer()
        if self._best is not None and not self._best.is_worth_another:
            self._stages.clear()
        self._next()

    def _silence(self) -> None:
        """Go on with the next stage when nobody of this one has given a sign of life."""
        self._timer = None
        if any(attempt.leg.alive for attempt in self._ringing):
            return
        for attempt in self._ringing:
            self._told(attempt.fork, None)
        self._cancel_all(None)
        self._best = Outcome(REQUEST_TIMEOUT, "No reply")
        self._stage_failed()

    def _nobody(self) -> None:
        if not self._over:
            self._over = True
            self._hunter.on_nobody(self._best or Outcome(REQUEST_TIMEOUT, "No reply"))

    def _cancel_all(self, reason: str | None) -> None:
        ringing, self._ringing = self._ringing, []
        for attempt in ringing:
            attempt.leg.hangup(reason=reason)

    def _forget_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _rank(outcome: Outcome) -> tuple[int, int]:
    """Order refusals as RFC 3261 16.7 (6) does: 6xx before all, else the lowest class.

    Within a class one that tells the caller more is better than one about a single server.
    """
    if outcome.status >= GLOBAL:
        return (0, outcome.status)
    family = outcome.status // 100
    dull = outcome.status in {REQUEST_TIMEOUT, 401, 407, 480, 487}
    return (family, 1000 if dull else outcome.status)
