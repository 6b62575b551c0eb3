"""The watch: what every source did lately, and when it is enough for a ban.

Theory of operation: the driver tells of each message (`heard`) and of each suspicious thing
(`noticed`), with the time. Each source has a bucket of tokens for its messages, and points for
what it did wrong, which leak away. Nothing is kept for long nor for many: 10,000 sources, the
one heard least recently forgotten first, and newcomers are let in at a bounded rate, so that a
flood from forged addresses can push nobody out who is heard every few seconds.
"""

from collections import Counter, OrderedDict
from dataclasses import dataclass, field

from .offences import (
    BAN_AT,
    GUESSES_AT_ONE_USER,
    KNOWN_FACTOR,
    LEAK_PER_S,
    OFFENCES,
    OTHER,
    UNDER_ATTACK_POINTS,
)
from .sources import Standing

MAX_SOURCES = 10_000
MAX_TARGETS = 10_000
NEWCOMERS_PER_S = 1_000.0
LONGEST_DETAIL = 120
BURST_S = 4.0  # a source may send what it may in so many seconds at once
TARGET_WINDOW_S = 300.0


class Bucket:
    """Tokens that come back at a rate."""

    __slots__ = ("_at", "_tokens")

    def __init__(self, tokens: float, now: float) -> None:
        self._tokens = tokens
        self._at = now

    def take(self, now: float, rate: float, most: float) -> bool:
        """Take one, if there is one."""
        self._tokens = min(most, self._tokens + (now - self._at) * rate)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


@dataclass(slots=True)
class Source:
    """What one source did. `counts` are by what, since its points were last zero."""

    bucket: Bucket
    since: float
    messages: int = 0
    dropped: int = 0
    points: float = 0.0
    pointed_at: float = 0.0
    counts: Counter[str] = field(default_factory=Counter)
    detail: str = ""
    enough: bool = False

    def leak(self, now: float) -> None:
        """Forgive what is long ago."""
        self.points -= (now - self.pointed_at) * LEAK_PER_S
        self.pointed_at = now
        if self.points <= 0:
            self.points = 0.0
            self.counts.clear()
            self.enough = False


@dataclass(frozen=True, slots=True)
class Evidence:
    """Enough for a ban: the chief reason, how many times what happened, and the last detail."""

    reason: str
    counts: dict[str, int]
    detail: str

    @property
    def total(self) -> int:
        """How many suspicious things there were."""
        return sum(self.counts.values())


class Watch:
    """`rate` is how many messages a second a stranger may send; 0 is no limit."""

    def __init__(self, rate: float, *, max_sources: int = MAX_SOURCES) -> None:
        self.sources: OrderedDict[str, Source] = OrderedDict()
        self._rate = rate
        self._max_sources = max_sources
        self._newcomers = Bucket(NEWCOMERS_PER_S * 2, 0.0)
        self._targets: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def heard(self, place: str, standing: Standing, now: float) -> bool:
        """Count a message; False when it is one too many."""
        source = self.sources.get(place)
        if source is None:
            if not self._newcomers.take(now, NEWCOMERS_PER_S, NEWCOMERS_PER_S * 2):
                return False
            source = self._source(place, now)
        else:
            self.sources.move_to_end(place)
        source.messages += 1
        if standing is Standing.SPARED or not self._rate:
            return True
        rate = self._rate * (KNOWN_FACTOR if standing is Standing.KNOWN else 1)
        if source.bucket.take(now, rate, rate * BURST_S):
            return True
        source.dropped += 1
        return False

    def noticed(
        self, place: str, what: str, detail: str, standing: Standing, now: float
    ) -> Evidence | None:
        """Count something suspicious; what is enough for a ban is told once."""
        source = self.sources.get(place) or self._source(place, now)
        source.leak(now)
        source.counts[what] += 1
        source.detail = detail[:LONGEST_DETAIL]
        points = OFFENCES.get(what, OTHER).points
        if what == "wrong_password" and self._is_under_attack(source.detail, now):
            points = max(points, UNDER_ATTACK_POINTS)
        enough = BAN_AT * (KNOWN_FACTOR if standing is Standing.KNOWN else 1)
        source.points = min(source.points + points, enough)
        if standing is Standing.SPARED or source.points < enough or source.enough:
            return None
        source.enough = True
        weights = {name: n * OFFENCES.get(name, OTHER).points for name, n in source.counts.items()}
        reason = max(weights, key=lambda name: weights[name])
        return Evidence(reason, dict(source.counts), source.detail)

    def forgive(self, place: str) -> None:
        """Forget what a source did."""
        self.sources.pop(place, None)

    def _source(self, place: str, now: float) -> Source:
        while len(self.sources) >= self._max_sources:
            self.sources.popitem(last=False)
        made = Source(Bucket(self._rate * BURST_S, now), now, pointed_at=now)
        self.sources[place] = made
        return made

    def _is_under_attack(self, user: str, now: float) -> bool:
        """Count a guess at this user, from wherever; tell whether there are too many."""
        began, guesses = self._targets.get(user, (now, 0))
        if now - began > TARGET_WINDOW_S:
            began, guesses = now, 0
        while len(self._targets) >= MAX_TARGETS and user not in self._targets:
            self._targets.popitem(last=False)
        self._targets[user] = (began, guesses + 1)
        self._targets.move_to_end(user)
        return guesses >= GUESSES_AT_ONE_USER
