"""The guard of a node's SIP edge: who is let in, who is banned, and why.

Asked for every message before it is parsed, so it answers from memory. What it decides holds at
once on this node; the row is stored within a second, and other nodes read it within another.
The judgement itself is voice/guard; carriers are never banned (docs/decisions/0090).
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import ip_address

import structlog

from opentact.kit.clock import Clock
from opentact.kit.units import Storage

from .bans import MOST_BANS, Held, NewBan, held_bans, put_bans, version_of_bans
from .guard.offences import OFFENCES, OTHER, duration
from .guard.scanners import scanner_of
from .guard.sources import Networks, Standing, place_of
from .guard.watch import MAX_SOURCES, Evidence, Watch
from .sip.machine import Address

LOOK_S = 1.0  # how long another node's ban may go unseen
# A standing is looked up anew after so long: trunks and registrations come and go.
STANDING_S = 10.0
MOST_SHOWN = 1_000
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class GuardRules:
    """How strict the guard is. `rate` is a stranger's messages a second, 0 for no limit.

    `loopback` is whether this machine itself may be banned; it is always counted. `spared` are
    networks that never are.
    """

    rate: float = 100.0
    loopback: bool = False
    spared: Networks = field(default_factory=Networks)


class Gatekeeper:
    """Guards one node. `now` tells seconds; `trusted(host)` how far whoever is there is known.

    `are_one(one, other)` tells whether two addresses are the same trunk's.
    """

    def __init__(
        self,
        storage: Storage,
        clock: Clock,
        now: Callable[[], float],
        rules: GuardRules,
        node: str,
        trusted: Callable[[str], Standing] = lambda _: Standing.STRANGER,
        are_one: Callable[[Address, Address], bool] = lambda _one, _other: False,
    ) -> None:
        self.refused: Counter[str] = Counter()
        self.noticed: Counter[str] = Counter()
        self.watch = Watch(rules.rate)
        self.trusted = trusted
        self.are_one = are_one
        self.on_ban: Callable[[], None] = lambda: None
        self._storage = storage
        self._clock = clock
        self._now = now
        self._rules = rules
        self._node = node
        self._held: dict[str, Held] = {}
        self._networks = Networks()
        self._times: dict[str, int] = {}
        self._known: dict[str, tuple[Standing, str, float]] = {}
        self._pending: dict[str, NewBan] = {}
        self._version: tuple[datetime | None, int] | None = None

    @property
    def bans(self) -> int:
        """How many sources are banned now."""
        return len(self._held)

    def lets_in(self, data: bytes, source: Address) -> bool:
        """Tell whether a message is to be looked at; who is not let in gets no answer."""
        host = source.host
        standing, place = self._who(host)
        if self._held and standing is not Standing.SPARED and self._is_held(place, host):
            self.refused["banned"] += 1
            return False
        scanner = scanner_of(data)
        if scanner is not None:
            self.refused["scanner"] += standing is not Standing.SPARED
            self.suspect(source, "scanner", scanner)
            return standing is Standing.SPARED
        if not self.watch.heard(place, standing, self._now()):
            self.refused["flood"] += 1
            if place in self.watch.sources:  # else it is one of too many newcomers
                self.suspect(source, "flood", f"more than {self._rules.rate:g} messages a second")
            return False
        return True

    def is_banned(self, host: str) -> bool:
        """Tell whether connections from there are to be closed."""
        if not self._held:
            return False
        standing, place = self._who(host)
        return standing is not Standing.SPARED and self._is_held(place, host)

    def suspect(self, source: Address, what: str, detail: str) -> None:
        """Hear of what only attackers do, or people who err; who does it too often is banned."""
        self.noticed[what] += 1
        standing, place = self._who(source.host)
        evidence = self.watch.noticed(place, what, detail, standing, self._now())
        if evidence is not None:
            self._ban(place, evidence)

    async def run(self) -> None:
        """Store what was decided and read what others have, every second, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                await self.settle()
            except Exception:
                log.exception("sip_bans_not_kept")

    async def settle(self) -> None:
        """Store what waits, and take up what has changed."""
        waiting, self._pending = self._pending, {}
        try:
            if waiting:
                async with self._storage.write() as session:
                    await put_bans(session, waiting.values(), self._clock.now())
        except Exception:
            self._pending = {**waiting, **self._pending}
            raise
        now = self._clock.now()
        async with self._storage.read() as session:
            version = await version_of_bans(session)
            fresh = await held_bans(session, now) if version != self._version else None
        if fresh is not None:
            self._version = version
            self._take_up(*fresh)
        self._let_go(now)

    def rows(self) -> list[dict[str, object]]:
        """List sources by what they did, the worst first, for `opentact inspect guard`."""
        now = self._now()
        worst = sorted(
            self.watch.sources.items(),
            key=lambda each: (each[0] in self._held, each[1].points, each[1].messages),
            reverse=True,
        )
        return [
            {
                "source": place,
                "standing": self._who(place.partition("/")[0])[0].name.lower(),
                "banned": place in self._held,
                "points": round(source.points, 1),
                "seen": ", ".join(f"{n} {what}" for what, n in source.counts.most_common()),
                "last": source.detail,
                "messages": source.messages,
                "dropped": source.dropped,
                "for_s": round(now - source.since),
            }
            for place, source in worst[:MOST_SHOWN]
        ]

    def _who(self, host: str) -> tuple[Standing, str]:
        """Tell how a host is treated, and by which name it would be banned."""
        now = self._now()
        known = self._known.get(host)
        if known is not None and known[2] > now:
            return known[0], known[1]
        while len(self._known) >= MAX_SOURCES:
            del self._known[next(iter(self._known))]
        standing, place = self._look(host), place_of(host)
        self._known[host] = (standing, place, now + STANDING_S)
        return standing, place

    def _look(self, host: str) -> Standing:
        if host in self._rules.spared:
            return Standing.SPARED
        if ip_address(host.partition("%")[0]).is_loopback and not self._rules.loopback:
            return Standing.SPARED
        return self.trusted(host)

    def _is_held(self, place: str, host: str) -> bool:
        return place in self._held or (bool(self._networks) and host in self._networks)

    def _ban(self, place: str, evidence: Evidence) -> None:
        if len(self._held) >= MOST_BANS:
            self.refused["too many bans"] += 1
            return
        now = self._clock.now()
        times = self._times.get(place, 0) + 1
        seconds = duration(times)
        words = OFFENCES.get(evidence.reason, OTHER).words
        ban = NewBan(
            place, words, evidence.detail, evidence.counts, times, seconds, f"node {self._node}"
        )
        self._pending[place] = ban
        self._times[place] = times
        self._hold({place: Held(now + timedelta(seconds=seconds), words)})
        log.warning(
            "sip_source_banned",
            source=place,
            reason=words,
            seen=evidence.total,
            last=evidence.detail,
            seconds=seconds,
            times=times,
        )
        self.on_ban()

    def _take_up(self, held: dict[str, Held], times: dict[str, int]) -> None:
        lifted = self._held.keys() - held.keys() - self._pending.keys()
        for place in lifted:
            self.watch.forgive(place)
        is_new = bool(held.keys() - self._held.keys())
        ours = {place: self._held[place] for place in self._pending if place in self._held}
        self._times = times
        self._held = {}
        self._hold({**held, **ours})
        if is_new:
            self.on_ban()

    def _let_go(self, now: datetime) -> None:
        over = [place for place, held in self._held.items() if held.until <= now]
        for place in over:
            del self._held[place]
            self.watch.forgive(place)
        if over:
            self._hold({})

    def _hold(self, more: dict[str, Held]) -> None:
        self._held |= more
        self._networks = Networks(_networks(self._held))


def _networks(places: Iterable[str]) -> list[str]:
    """Pick what a host is not found in by its own name."""
    return [each for each in places if "/" in each and not each.endswith("/64")]
