"""A child process that may die, hang or talk nonsense."""

import asyncio
import os
from collections.abc import AsyncIterator

import pytest
import structlog

from opentact.adapters.audio.worker import Worker, WorkerDied, WorkerHung, Workers

MODULE = "adapters.audio.odd_worker"


@pytest.fixture
async def worker() -> AsyncIterator[Worker]:
    worker = Worker(MODULE, timeout=10)
    yield worker
    await worker.close()


async def test_it_starts_when_first_asked_and_stays(worker: Worker) -> None:
    assert worker.pid is None
    first = await worker.ask({"do": "answer"})
    again = await worker.ask({"do": "answer"})
    assert first["pid"] == again["pid"] == worker.pid
    assert "not running" not in repr(worker)


async def test_it_sees_none_of_our_secrets(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENTACT_DATABASE_URL", "postgresql://me:secret@db/x")
    seen = (await worker.ask({"do": "answer"}))["env"]
    assert not [name for name in seen if name.startswith("OPENTACT")]


async def test_what_libraries_print_is_no_answer(worker: Worker) -> None:
    assert await worker.ask({"do": "print"}) == {"said": True}


@pytest.mark.parametrize("deed", ["die", "babble", "boast"])
async def test_after_a_misdeed_the_next_question_is_answered(worker: Worker, deed: str) -> None:
    with pytest.raises(WorkerDied):
        await worker.ask({"do": deed})
    assert worker.pid is None
    assert await worker.ask({"do": "print"}) == {"said": True}
    assert worker.started == 2


async def test_its_end_is_told(worker: Worker) -> None:
    with pytest.raises(WorkerDied, match="ended with 3"):
        await worker.ask({"do": "die"})


async def test_what_it_complained_of_is_logged(worker: Worker) -> None:
    with structlog.testing.capture_logs() as logs, pytest.raises(WorkerDied):
        await worker.ask({"do": "complain"})
    assert logs[0]["ended"] == "ended with 1"
    assert logs[0]["said"].endswith("ZeroDivisionError: division by zero\n")


async def test_chatter_does_not_stop_it(worker: Worker) -> None:
    assert await worker.ask({"do": "chatter"}) == {"said": True}


async def test_hanging_it_is_killed(worker: Worker) -> None:
    pid = (await worker.ask({"do": "answer"}))["pid"]
    worker._timeout = 0.05
    with pytest.raises(WorkerHung, match=r"no answer within 0.05 s"):
        await worker.ask({"do": "hang"})
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_an_answer_nobody_waits_for_goes_to_nobody(worker: Worker) -> None:
    await worker.ask({"do": "answer"})
    asking = asyncio.ensure_future(worker.ask({"do": "answer"}))
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert await worker.ask({"do": "print"}) == {"said": True}


async def test_closed_it_answers_no_more(worker: Worker) -> None:
    await worker.close()
    with pytest.raises(WorkerDied, match="closed"):
        await worker.ask({"do": "answer"})


class TestSeveral:
    async def test_work_goes_to_who_is_free(self) -> None:
        workers = Workers(MODULE, count=2, timeout=10)
        one, two = await asyncio.gather(*(workers.ask({"do": "answer"}) for _ in range(2)))
        assert {one["pid"], two["pid"]} == set(workers.pids)
        assert len(workers.pids) == 2
        await workers.close()
        assert workers.pids == []

    async def test_one_alone_does_what_one_can_do(self) -> None:
        workers = Workers(MODULE, count=3, timeout=10)
        for _ in range(3):
            await workers.ask({"do": "answer"})
        assert len(workers.pids) == 1
        await workers.close()

    async def test_a_question_that_kills_is_asked_twice_and_no_more(self) -> None:
        workers = Workers(MODULE, count=1, timeout=10)
        with pytest.raises(WorkerDied):
            await workers.ask({"do": "die"})
        assert workers._all[0].started == 2
        assert await workers.ask({"do": "print"}) == {"said": True}
        await workers.close()
