"""Keeps trunks alive: OPTIONS to their targets, registrations, names, and news of all this.

One task does what is due, soonest first; a question that waits for its answer is a task of its
own. What is read anew after a change of the rows is taken up at once.
"""

import asyncio
import heapq
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from typing import Any
from uuid import UUID

import structlog

from .sip.machine import Address
from .sip.registration_client import Moved
from .trunk_asking import Asker, answer_to
from .trunk_events import TrunkPart
from .trunk_health import TargetState, Turned
from .trunk_places import NO_ANSWER, UNAVAILABLE
from .trunk_registrations import TrunkRegistrations
from .trunk_ways import Trunk, TrunkTarget
from .trunks import Trunks

log = structlog.get_logger(__name__)
# What is down though nobody asked us to watch it: calls do not go there, so we must look.
PROBE_S = 30.0
AGAIN_S = 5.0  # after a failure that has not yet taken a target down
NAMES_S = 60.0  # how long an address of a name is believed
LONGEST_SLEEP_S = 60.0
FIRST_ASKS_PER_S = 50  # at the start, when every target is to be asked
CHANCES = 1 << 20
AFTER_FAILURE_S = 1.0
UNDER_WAY = -1.0
MOST_NEWS = 10_000  # that wait for a database which does not take them

Key = tuple[UUID, TrunkTarget | None]
"""What is due: OPTIONS to a target of a trunk, or (without a target) its REGISTER."""

News = tuple[Trunk, TrunkPart, TrunkTarget, str, str, str]
"""Trunk, part, target, state before, state after, reason."""

Tell = Callable[[list[News]], Awaitable[None]]
Locate = Callable[[str], Awaitable[tuple[Address, ...]]]
"""Give where a URI leads, the best first, nothing if nowhere; never raises, ends in seconds."""


class TrunkKeeper:
    """Made, then `run` as a task; `close` takes the registrations back."""

    def __init__(
        self, trunks: Trunks, asker: Asker, locate: Locate, tell: Tell, *, place: str
    ) -> None:
        """`tell` stores news; `place` is our host and port as others reach us."""
        self.registrations = TrunkRegistrations(trunks, asker, place, self._moved)
        self._trunks = trunks
        self._asker = asker
        self._place = place
        self._locate = locate
        self._tell = tell
        self._due: list[tuple[float, int, Key]] = []
        # When each is due, UNDER_WAY for what waits for its answer. What in the heap says
        # otherwise was planned anew since.
        self._at: dict[Key, float] = {}
        self._count = 0
        self._replan = True
        self._news: list[News] = []
        self._names_at = 0.0
        self._looking: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        trunks.on_change, trunks.on_turn = self._changed, self._turned
        trunks.registration = self.registrations.of

    async def run(self) -> None:
        """Keep at it until cancelled."""
        while True:
            self._wake.clear()
            try:
                await self.round()
            except Exception:
                log.exception("x trunks: a round failed")
                await asyncio.sleep(AFTER_FAILURE_S)
            try:
                async with asyncio.timeout(self._pause()):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def round(self) -> None:
        """Do once what is due now; answers come later."""
        await self._trunks.fresh()
        if self._replan:
            self._replan = False
            self._take_up()
        now = self._trunks.now()
        if self._names_at <= now:
            self._names_at = now + NAMES_S
            self._looking = self._spawn(self._look_up(self._trunks.names))
        while self._due and self._due[0][0] <= now:
            at, _, key = heapq.heappop(self._due)
            if self._at.get(key) == at:
                self._at[key] = UNDER_WAY
                self._spawn(self._do(key))
        await self._tell_news()

    async def close(self) -> None:
        """Stop asking, and take every registration back."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.registrations.close()
        await self._tell_news()

    def _pause(self) -> float:
        now = self._trunks.now()
        due = min(self._due[0][0] if self._due else now + LONGEST_SLEEP_S, self._names_at)
        # Never nothing: what a round leaves due must not keep the others from their turn.
        return min(max(due - now, 0.01), LONGEST_SLEEP_S)

    def _changed(self) -> None:
        self._replan = True
        self._names_at = 0.0
        self._wake.set()

    def _take_up(self) -> None:
        """Plan what is new; what is no longer wanted falls out when it is due."""
        if ended := self.registrations.renew():
            self._spawn(self.registrations.take_back(ended))
        wanted = {key: at for key in self._keys() if (at := self._next(key)) is not None}
        fresh = [key for key in wanted if key not in self._at]
        spread, now = len(fresh) / FIRST_ASKS_PER_S, self._trunks.now()
        for key in fresh:
            self._push(key, now + spread * self._chance())
        for key, at in wanted.items():
            if at < self._at[key]:  # a shorter interval, or another registration
                self._push(key, at)

    def _keys(self) -> Iterator[Key]:
        for uuid, trunk in self._trunks.by_uuid.items():
            yield uuid, None
            yield from ((uuid, target) for target in trunk.targets)

    def _next(self, key: Key) -> float | None:
        """Tell when something is due again, None if it is not wanted (any more)."""
        uuid, target = key
        if target is None:
            return self.registrations.wake_at(uuid)
        trunk, health = self._trunks.by_uuid.get(uuid), self._trunks.health(uuid, target)
        if trunk is None or target not in trunk.targets:
            return None
        pause = float(trunk.options_interval)
        if not pause:
            if health.usable:
                return None
            pause = PROBE_S
        elif health.usable and health.failures:
            pause = min(pause, AGAIN_S)
        return self._trunks.now() + pause * (0.95 + 0.1 * self._chance())

    def _push(self, key: Key, at: float) -> None:
        self._count += 1  # breaks ties: keys do not compare
        self._at[key] = at
        heapq.heappush(self._due, (at, self._count, key))

    def _chance(self) -> float:
        return self._trunks.draw(CHANCES) / CHANCES

    async def _do(self, key: Key) -> None:
        uuid, target = key
        try:
            if self._looking:
                await asyncio.wait([self._looking])
            if target is None:
                await self.registrations.refresh(uuid, self._trunks.now(), self._chance())
            elif trunk := self._trunks.by_uuid.get(uuid):
                await self._ask_for_options(trunk, target)
        finally:
            del self._at[key]
        if (at := self._next(key)) is not None:
            self._push(key, at)
            self._wake.set()

    async def _ask_for_options(self, trunk: Trunk, target: TrunkTarget) -> None:
        destinations = self._trunks.destinations(trunk, target)
        status, by = None, f"OPTIONS: {self._trunks.why_not(trunk, target)}"
        for destination in destinations:
            status, by = await self._options_of(target, destination)
            self._trunks.answered(destination, status)
            if status not in {None, NO_ANSWER, UNAVAILABLE}:
                break  # any other answer is the target's (RFC 3263 4.3)
        self._trunks.heard(trunk.uuid, target, status, by=by)

    async def _options_of(
        self, target: TrunkTarget, destination: Address
    ) -> tuple[int | None, str]:
        """Ask one server of a target: its answer, and by what it was asked."""
        uri = target.uri()
        try:
            asked = self._asker.ask(
                "OPTIONS",
                uri,
                to=f"<{uri}>",
                caller=f"<sip:{self._place}>",
                destination=destination,
                headers=(("accept", "application/sdp"),),
            )
        except ValueError as fault:
            return None, f"OPTIONS: {fault}"
        return (await answer_to(asked)).status, "OPTIONS"

    async def _look_up(self, names: frozenset[str]) -> None:
        if not names:
            return
        every = sorted(names)
        found = await asyncio.gather(*map(self._locate, every))
        # One that cannot be looked up now is where it was.
        known = {**self._trunks.known} | {
            name: addresses for name, addresses in zip(every, found, strict=True) if addresses
        }
        self._trunks.located({name: known[name] for name in every if name in known})

    def _turned(self, trunk: Trunk, target: TrunkTarget, turned: Turned) -> None:
        key = (trunk.uuid, target)
        if turned.after is TargetState.DOWN and key not in self._at:
            self._push(key, self._trunks.now() + PROBE_S)
        if TargetState.DOWN in {turned.before, turned.after}:
            states = turned.before.value, turned.after.value
            self._add_news(trunk, TrunkPart.TARGET, target, *states, turned.reason)

    def _moved(self, trunk: Trunk, target: TrunkTarget, moved: Moved) -> None:
        states = moved.before.value, moved.after.value
        self._add_news(trunk, TrunkPart.REGISTRATION, target, *states, moved.reason)

    def _add_news(self, trunk: Trunk, part: TrunkPart, target: TrunkTarget, *words: str) -> None:
        before, after, reason = words
        log.info(
            "trunk_state",
            trunk=trunk.name,
            part=part.value,
            target=str(target),
            before=before,
            after=after,
            reason=reason,
        )
        self._news.append((trunk, part, target, before, after, reason))
        del self._news[:-MOST_NEWS]
        self._wake.set()

    async def _tell_news(self) -> None:
        if self._news:
            telling, self._news = self._news, []
            try:
                await self._tell(telling)
            except BaseException:
                self._news = telling + self._news
                raise

    def _spawn(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        task = asyncio.create_task(work, name="trunks")
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("x trunks: a question failed", exc_info=task.exception())
