"""Regular jobs: run when due, made up for after downtime, by one node, whatever fails."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
import structlog

from opentact.adapters.storage.database import Database
from opentact.adapters.storage.job_book import HOLD
from opentact.app.jobs import AFTER_FAILURE, Job, JobRunner

NOON = datetime(2024, 1, 16, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Hands:
    """A clock that moves when told."""

    def __init__(self) -> None:
        self.at = NOON

    def now(self) -> datetime:
        return self.at


class Work:
    """Counts its runs; fails or waits when told."""

    def __init__(self) -> None:
        self.ran: list[datetime] = []
        self.fault: Exception | None = None
        self.running, self.go_on = asyncio.Event(), asyncio.Event()
        self.waits = False

    async def __call__(self, at: datetime) -> str:
        self.ran.append(at)
        self.running.set()
        if self.waits:
            await self.go_on.wait()
        if self.fault is not None:
            raise self.fault
        return f"{len(self.ran)} times"


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    yield database
    await database.close()


async def runner(
    database: Database, clock: Hands, *works: Work, node: str = "here", start: bool = True
) -> JobRunner:
    jobs = [Job(f"job {n}", HOUR, work) for n, work in enumerate(works)]
    made = JobRunner(database, clock, node, jobs)
    if start:
        await made.start()
        await made.close()  # its rounds are ours to make
    return made


async def test_a_job_runs_at_the_start_and_then_when_it_is_due(database: Database) -> None:
    clock, work = Hands(), Work()
    jobs = await runner(database, clock, work)
    await jobs.round()
    assert await jobs.round() == []
    clock.at += HOUR - timedelta(seconds=1)
    assert await jobs.round() == []
    clock.at += timedelta(seconds=1)
    assert await jobs.round() == ["job 0"]
    assert work.ran[-1] == NOON + HOUR


async def test_what_fell_due_while_nobody_ran_is_made_up_for_once(database: Database) -> None:
    clock, work = Hands(), Work()
    await (await runner(database, clock, work)).round()
    ran = len(work.ran)
    clock.at += timedelta(days=9)
    again = await runner(database, clock, work, start=False)
    assert await again.round() == ["job 0"]
    assert await again.round() == []
    assert len(work.ran) == ran + 1


async def test_of_two_nodes_one_runs_it(database: Database) -> None:
    clock, here, there = Hands(), Work(), Work()
    first = await runner(database, clock, here)
    second = await runner(database, clock, there, node="there", start=False)
    await first.round()
    clock.at += HOUR
    ran = len(here.ran) + len(there.ran)
    results = await asyncio.gather(first.round(), second.round())
    assert sorted(results) == [[], ["job 0"]]
    assert len(here.ran) + len(there.ran) == ran + 1


async def test_a_job_that_fails_says_why_and_is_tried_again_and_the_others_go_on(
    database: Database,
) -> None:
    clock, bad, good = Hands(), Work(), Work()
    jobs = await runner(database, clock, bad, good)
    await jobs.round()
    clock.at += HOUR
    bad.fault = ValueError("no such lease")
    with structlog.testing.capture_logs():
        assert await jobs.round() == ["job 0", "job 1"]
    [told, _] = await jobs.snapshot()
    assert told["error"] == "ValueError: no such lease"
    bad.fault = None
    clock.at += AFTER_FAILURE
    assert await jobs.round() == ["job 0"]
    [told, _] = await jobs.snapshot()
    assert (told["error"], told["result"]) == (None, f"{len(bad.ran)} times")
    assert told["next_run"] == "2024-01-16T14:05:00.000Z"


async def test_a_job_stopped_in_its_middle_is_done_again_at_the_next_start(
    database: Database,
) -> None:
    clock, work = Hands(), Work()
    work.waits = True
    jobs = JobRunner(database, clock, "here", [Job("job 0", HOUR, work)])
    await jobs.start()
    await work.running.wait()
    [told] = await jobs.snapshot()
    assert told["state"] == "runs on here"
    await jobs.close()
    [told] = await jobs.snapshot()
    assert (told["state"], told["error"]) == ("waits", "stopped in its middle")
    work.waits = False
    assert await jobs.round() == ["job 0"]


async def test_the_turn_of_a_node_that_died_passes_to_another(database: Database) -> None:
    clock, dead, alive = Hands(), Work(), Work()
    await (await runner(database, clock, dead)).round()
    clock.at += HOUR
    dead.waits = True
    dying = asyncio.create_task(
        (await runner(database, clock, dead, node="dead", start=False)).round()
    )
    while len(dead.ran) < 2:
        dead.running.clear()
        await dead.running.wait()
    other = await runner(database, clock, alive, node="alive", start=False)
    assert await other.round() == []
    clock.at += HOLD
    assert await other.round() == ["job 0"]
    dead.go_on.set()
    await dying
    [told] = await other.snapshot()
    assert told["result"] == "1 times"
