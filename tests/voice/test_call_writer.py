"""Batches of calls reach the database in order, through its bad moments, or the log."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest
import structlog
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from opentact.events.log import Ready
from opentact.kit.ids import new_id
from opentact.voice import call_writer
from opentact.voice.call_batch import Batch
from opentact.voice.call_writer import CallWriter

ALICE, BOB = UUID(int=1), UUID(int=2)
CLASH = IntegrityError("INSERT", None, Exception("duplicate key"))
SESSION: Any = object()


class Disk:
    """A journal that fails when told to, and keeps what it wrote: events by their type."""

    def __init__(self, *fails: Exception | None) -> None:
        self.fails = list(fails)
        self.written: list[list[str]] = []
        self.tries = 0
        self.tried = asyncio.Event()
        self.poison: UUID | None = None

    async def store(self, session: AsyncSession, batch: Batch) -> None:
        assert session is SESSION
        if self.poison in batch.events:
            raise CLASH
        self.written.append([event.type for events in batch.events.values() for event in events])

    async def _write(self, work: Callable[[AsyncSession], Awaitable[None]]) -> None:
        await asyncio.sleep(0)
        self.tries += 1
        self.tried.set()
        before = len(self.written)
        await work(SESSION)
        if self.fails and (error := self.fails.pop(0)) is not None:
            del self.written[before:]
            raise error

    def later(self, work: Callable[[AsyncSession], Awaitable[None]]) -> Awaitable[None]:
        return asyncio.ensure_future(self._write(work))


@pytest.fixture(autouse=True)
def nothing_stored_before(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(_session: AsyncSession, _batch: Batch) -> bool:
        return False

    monkeypatch.setattr(call_writer, "is_stored", never)


def happens(writer: CallWriter, name: str, account: UUID = ALICE) -> None:
    writer.batch().events[account].append(Ready(new_id(), None, name, None, "{}"))  # type: ignore[arg-type]


def writes_to(disk: Disk, pauses: tuple[float, ...] = (0, 0)) -> CallWriter:
    return CallWriter(disk, disk.store, pauses=pauses)


async def test_what_comes_together_is_written_together() -> None:
    disk = Disk()
    writer = writes_to(disk)
    happens(writer, "a")
    happens(writer, "b")
    await writer.durable()
    assert disk.written == [["a", "b"]]


async def test_nothing_handed_in_is_durable_at_once() -> None:
    await writes_to(Disk()).durable()


async def test_a_commit_that_fails_is_tried_again_and_later_things_wait_behind_it() -> None:
    disk = Disk(OSError("gone"), OSError("still gone"))
    writer = writes_to(disk)
    happens(writer, "ring")
    first = asyncio.ensure_future(writer.durable())
    await disk.tried.wait()
    happens(writer, "answer")
    await writer.durable()
    await first
    assert disk.written == [["ring"], ["answer"]]
    assert disk.tries == 4


async def test_what_was_stored_though_it_looked_lost_is_not_written_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def there(_session: AsyncSession, _batch: Batch) -> bool:
        return True

    monkeypatch.setattr(call_writer, "is_stored", there)
    disk = Disk(OSError("broke between the commit and its answer"))
    writer = writes_to(disk)
    happens(writer, "a")
    await writer.durable()
    assert (disk.tries, disk.written) == (2, [])


async def test_one_accounts_trouble_is_its_own_and_named_in_the_log() -> None:
    disk = Disk()
    disk.poison = BOB
    writer = writes_to(disk)
    happens(writer, "hers")
    happens(writer, "his", BOB)
    lost = str(writer.batch().events[BOB][0].uuid)
    with structlog.testing.capture_logs() as logs, pytest.raises(IntegrityError):
        await writer.durable()
    assert disk.written == [["hers"]]
    assert [log["events"] for log in logs if "given up" in log["event"]] == [[lost]]


async def test_after_giving_up_the_next_batch_is_written() -> None:
    disk = Disk(*[OSError("gone")] * 4)
    writer = writes_to(disk)
    happens(writer, "lost")
    with structlog.testing.capture_logs(), pytest.raises(OSError, match="gone"):
        await writer.durable()
    happens(writer, "kept")
    await writer.durable()
    assert disk.written == [["kept"]]


async def test_closing_does_not_wait_for_pauses() -> None:
    disk = Disk(OSError("gone"))
    writer = writes_to(disk, pauses=(600,))
    happens(writer, "last")
    async with asyncio.timeout(10):
        await writer.close()
    assert disk.written == [["last"]]
