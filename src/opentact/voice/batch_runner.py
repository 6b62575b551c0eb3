"""Calling the numbers of batches: so many at once, so many a second, each once.

What comes of the numbers is written many at a time, with one event for all of them. The pace is
the outbound voice profile's (`calls_per_second`, `channel_limit`); refusals that pass by
themselves (channels full, too fast) are tried again, all others are the number's result.
"""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

import structlog

from opentact.accounts.accounts import get_account
from opentact.events.log import EventLog
from opentact.kit.clock import Clock
from opentact.kit.faults import Fault
from opentact.kit.units import Storage

from . import causes
from .batches import (
    OPEN,
    Batch,
    BatchChanged,
    BatchState,
    NumberState,
    Result,
    lost_results,
    open_batches,
    take_next,
    waiting,
    write_results,
)
from .call_orders import FlowSource, Terms, terms_of
from .patience import is_away, patiently
from .placing import CallRefused, Order, Placer

AT_ONCE = 100  # calls of one batch without a channel_limit; more would crowd out others
MOST_AT_ONCE = 1000
USUAL_PACE = 10  # calls a second without calls_per_second
CATCH_UP_S = 0.25  # of delay that is made good: longer, and what follows is no pace but a burst
BITE = 20  # numbers marked together: so many at most are lost to a crash without having rung
WRITE_S = 0.25
AGAIN_S = 1.0  # before a number is tried again that was refused for now
TRIES = 120
log = structlog.get_logger(__name__)


@dataclass(eq=False)
class _Run:
    """One batch at work."""

    uuid: UUID
    account: UUID
    results: list[Result] = field(default_factory=list)
    calls: set["asyncio.Task[None]"] = field(default_factory=set)
    stopped: bool = False
    called: bool = False
    task: "asyncio.Task[None] | None" = None


class BatchRunner:
    """Calls the batches of one node."""

    def __init__(
        self,
        storage: Storage,
        placer: Placer,
        events: EventLog,
        clock: Clock,
        node: str,
        *,
        write_s: float = WRITE_S,
    ) -> None:
        """Write what came of numbers every `write_s` seconds."""
        self.node = node
        self._storage = storage
        self._placer = placer
        self._events = events
        self._clock = clock
        self._write_s = write_s
        self._runs: dict[UUID, _Run] = {}

    async def start(self) -> None:
        """Go on with what a stop or a crash left open; the calls themselves are closed by now."""
        async with self._storage.read() as session:
            left = await open_batches(session, self.node)
        for uuid, account in left:
            async with self._storage.read() as session:
                lost = await lost_results(session, uuid, self._clock.now())
            await self._write(uuid, lost)
            self.begin(uuid, account)

    def begin(self, uuid: UUID, account: UUID) -> None:
        """Call the numbers of a batch of the account that is stored."""
        run = _Run(uuid, account)
        self._runs[uuid] = run
        run.task = asyncio.create_task(self._run(run), name=f"batch {uuid}")
        run.task.add_done_callback(lambda _: self._runs.pop(uuid, None))

    def cancel(self, uuid: UUID, account: UUID) -> None:
        """Call nobody more of a batch; calls that ring or talk go on."""
        run = self._runs.get(uuid)
        if run is not None and run.account == account:
            run.stopped = True

    async def close(self) -> None:
        """Stop; what is left is gone on with at the next start."""
        tasks = [
            task
            for run in self._runs.values()
            for task in (run.task, *run.calls)
            if task is not None
        ]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, run: _Run) -> None:
        try:
            await self._call_all(run)
        except Exception:
            log.exception("batch_failed", batch=str(run.uuid))

    async def _call_all(self, run: _Run) -> None:
        try:
            terms = await patiently(lambda: self._terms(run.uuid))
        except Fault as fault:
            await self._give_up(run, fault)
            return
        writing = asyncio.create_task(self._keep_writing(run), name=f"batch writer {run.uuid}")
        try:
            await self._dial(run, terms)
            while run.calls:
                await asyncio.wait(run.calls)
        finally:
            # Not cancelled: in the middle of a commit it would take results with it.
            run.called = True
            await writing
        results = _taken(run)
        await patiently(lambda: self._write(run.uuid, results, over=True))

    async def _dial(self, run: _Run, terms: "_Terms") -> None:
        pace = 1 / (terms.terms.profile.profile.calls_per_second or USUAL_PACE)
        limit = terms.terms.profile.profile.channel_limit
        free = asyncio.Semaphore(min(limit or AT_ONCE, MOST_AT_ONCE))
        loop = asyncio.get_running_loop()
        turn = loop.time()
        while taken := [] if run.stopped else await self._next(run.uuid):
            for place, phone, call in taken:
                await free.acquire()
                turn = max(turn + pace, loop.time() - CATCH_UP_S)
                await asyncio.sleep(turn - loop.time())
                if run.stopped:
                    free.release()
                    run.results.append(self._result(place, NumberState.CANCELLED))
                else:
                    self._spawn(run, self._call(run, terms, place, phone, call), free)

    def _spawn(
        self, run: _Run, work: Coroutine[object, object, None], free: asyncio.Semaphore
    ) -> None:
        task = asyncio.create_task(work, name=f"batch call {run.uuid}")
        run.calls.add(task)

        def done(task: "asyncio.Task[None]") -> None:
            run.calls.discard(task)
            free.release()
            if not task.cancelled() and task.exception() is not None:
                log.error("batch_call_failed", exc_info=task.exception())

        task.add_done_callback(done)

    async def _next(self, batch: UUID) -> list[tuple[int, int, UUID]]:
        """Take the next numbers, marked before they are called."""
        taken: list[tuple[int, int, UUID]] = []

        async def take() -> None:
            async with self._storage.write() as session:
                taken[:] = await take_next(session, batch, BITE, tried=taken)

        await patiently(take)
        return taken

    async def _call(self, run: _Run, terms: "_Terms", place: int, phone: int, call: UUID) -> None:
        order, tries = terms.order(phone, call), 0
        while True:
            tries += 1
            try:
                placed = await self._placer.place(order, patient=tries < TRIES)
            except CallRefused as refused:
                if refused.will_pass and tries < TRIES:
                    await asyncio.sleep(AGAIN_S)
                    continue
                result = self._result(place, NumberState.FAILED, refused.cause.name, str(refused))
            except Exception as error:
                if is_away(error) and tries < TRIES:
                    await asyncio.sleep(AGAIN_S)
                    continue
                log.exception("batch_call_failed", batch=str(run.uuid))
                result = self._result(place, NumberState.FAILED, causes.INTERNAL.name, repr(error))
            else:
                await placed.ended
                done = placed.card.call
                state = NumberState.SUCCESS if done.answer_on else NumberState.FAILED
                result = self._result(place, state, done.cause, done.reason)
            run.results.append(result)
            return

    def _result(
        self, place: int, state: NumberState, cause: str | None = None, reason: str | None = None
    ) -> Result:
        return Result(place, state, cause, reason, self._clock.now())

    async def _keep_writing(self, run: _Run) -> None:
        while not run.called:
            await asyncio.sleep(self._write_s)
            results = _taken(run)
            if not results:
                continue
            try:
                await self._write(run.uuid, results)
            except Exception:
                log.exception("batch_not_written", batch=str(run.uuid))
                run.results[:0] = results

    async def _write(self, uuid: UUID, results: list[Result], *, over: bool = False) -> None:
        """Store results, counts and the event that tells them."""
        if not results and not over:
            return
        now = self._clock.now()
        async with self._storage.write() as session:
            batch = await session.get_one(Batch, uuid, with_for_update=True)
            await write_results(session, batch, results)
            _advance(batch, now)
            account = await get_account(session, batch.account_uuid)
            happened = BatchChanged(account, batch)
            await self._events.append(session, account.uuid, happened, now=now)

    async def _terms(self, uuid: UUID) -> "_Terms":
        async with self._storage.read() as session:
            batch = await session.get_one(Batch, uuid)
            source = FlowSource(batch.xml, batch.call_flow_url, batch.app_uuid)
            terms = await terms_of(
                session,
                batch.account_uuid,
                batch.profile_uuid,
                batch.lease_uuid or batch.caller,
                source,
                self._clock.now(),
            )
            return _Terms(terms, float(batch.ring_s), batch.max_s)

    async def _give_up(self, run: _Run, fault: Fault) -> None:
        """Fail what is left of a batch whose profile, number or app is gone."""
        now = self._clock.now()
        while await patiently(lambda: self._give_up_some(run, fault, now)):
            pass

    async def _give_up_some(self, run: _Run, fault: Fault, now: datetime) -> bool:
        async with self._storage.read() as session:
            left = await waiting(session, run.uuid, 1000)
        results = [
            Result(place, NumberState.FAILED, fault.code, str(fault), now) for place, _ in left
        ]
        await self._write(run.uuid, results, over=not left)
        return bool(left)


@dataclass(frozen=True, slots=True)
class _Terms:
    terms: Terms
    ring_s: float
    max_s: int | None

    def order(self, phone: int, call: UUID) -> Order:
        """Order one call."""
        order = self.terms.order(str(phone), ring_s=self.ring_s, max_s=self.max_s)
        return replace(order, uuid=call)


def _advance(batch: Batch, now: datetime) -> None:
    if batch.state in OPEN:
        batch.state = BatchState.SUCCESS if batch.processing == 0 else BatchState.PROCESSING
    if batch.processing == 0:
        batch.finished_on = batch.finished_on or now
    batch.modified_on = now


def _taken(run: _Run) -> list[Result]:
    results, run.results = run.results, []
    return results
