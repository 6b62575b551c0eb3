"""Work that nobody asks for: done again and again, one job at a time, by one node at a time.

Each job looks at the data as it is now and does what has fallen due by then, so that running
it late, or twice, does no harm (docs/decisions/0046).
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from opentact.adapters.storage.job_book import (
    JobTurn,
    all_turns,
    due,
    end_turn,
    enter,
    take_turn,
)
from opentact.kit.clock import Clock, stamp
from opentact.kit.units import Storage

LOOK_S = 30.0  # how often the book is looked at: another node may have gone
AFTER_FAILURE = timedelta(minutes=5)
LONGEST_ERROR = 500  # characters kept
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """`work` does what is due at the moment it is given, and says in a few words what it did."""

    name: str
    every: timedelta
    work: Callable[[datetime], Awaitable[str]]


class JobRunner:
    """Runs the jobs whose turn this node gets."""

    def __init__(self, storage: Storage, clock: Clock, node: str, jobs: Sequence[Job]) -> None:
        self._storage = storage
        self._clock = clock
        self._node = node
        self._jobs = {job.name: job for job in jobs}
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin; what fell due meanwhile runs at once."""
        await enter(self._storage, list(self._jobs), self._clock.now())
        self._task = asyncio.create_task(self._run(), name="jobs")

    async def close(self) -> None:
        """Stop, in the middle of a job if need be: it is done again at the next start."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def round(self) -> list[str]:
        """Run every job that is due, one after the other; tell which ran here."""
        async with self._storage.read() as session:
            waiting = [name for name in await due(session, self._clock.now()) if name in self._jobs]
        return [name for name in waiting if await self._turn(self._jobs[name])]

    async def snapshot(self) -> list[dict[str, object]]:
        """Tell of each job when it ran and will run, for `opentact inspect`."""
        async with self._storage.read() as session:
            turns = await all_turns(session)
        return [self._shown(turn) for turn in turns]

    async def _run(self) -> None:
        while True:
            try:
                await self.round()
            except Exception:
                log.exception("x jobs: the book cannot be read")
            await asyncio.sleep(LOOK_S)

    async def _turn(self, job: Job) -> bool:
        began = self._clock.now()
        async with self._storage.write() as session:
            if not await take_turn(session, job.name, self._node, began):
                return False
        result, error = None, None
        next_due = began + job.every
        try:
            result = await job.work(began)
        except asyncio.CancelledError:
            await self._end(job, began, None, "stopped in its middle")
            raise
        except Exception as fault:
            log.exception("x job failed", job=job.name)
            error = f"{type(fault).__name__}: {fault}"[:LONGEST_ERROR]
            next_due = min(next_due, began + AFTER_FAILURE)
        await self._end(job, next_due, result, error)
        return True

    async def _end(self, job: Job, due_on: datetime, result: str | None, error: str | None) -> None:
        now = self._clock.now()
        async with self._storage.write() as session:
            await end_turn(
                session, job.name, self._node, now=now, due_on=due_on, result=result, error=error
            )

    def _shown(self, turn: JobTurn) -> dict[str, object]:
        job = self._jobs.get(turn.name)
        took = None
        if turn.began_on and turn.ended_on and turn.ended_on >= turn.began_on:
            took = round((turn.ended_on - turn.began_on).total_seconds(), 3)
        return {
            "job": turn.name,
            "every_s": job.every.total_seconds() if job else None,
            "state": f"runs on {turn.holder}" if turn.holder else "waits",
            "last_run": stamp(turn.began_on) if turn.began_on else None,
            "took_s": took,
            "result": turn.result,
            "error": turn.error,
            "next_run": stamp(turn.due_on),
        }
