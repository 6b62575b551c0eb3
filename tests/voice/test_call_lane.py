"""Batches of calls reach the database in order, through its bad moments, or are given up aloud."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from opentact.accounts.accounts import Account, Level
from opentact.adapters.storage.database import Database
from opentact.adapters.storage.journal import Journal
from opentact.kit.ids import new_id
from opentact.voice.call_lane import Lane

NOON = datetime(2024, 1, 16, 12, tzinfo=UTC)
CLASH = IntegrityError("INSERT", None, Exception("duplicate key"))
SESSION: Any = object()


class Disk:
    """A journal over a disk that fails as told: `fails` lists the outcome of each commit."""

    def __init__(self, *fails: Exception | None, pauses: tuple[float, ...] = (0, 0)) -> None:
        self.fails = list(fails)
        self.waiting: list[str] = []
        self.written: list[list[str]] = []
        self.lost: list[tuple[list[str], str]] = []
        self.looks_stored = False
        self.tries = 0
        self.tried = asyncio.Event()
        self.lane = Lane(
            self,
            take=self.take,
            store=self.store,
            store_each=self.store_each,
            will_pass=lambda error: isinstance(error, OSError | RuntimeError),
            is_stored=self.is_stored,
            give_up=lambda batch, error: self.lost.append((batch, str(error))),
            pauses=pauses,
        )

    def add(self, name: str) -> "asyncio.Future[None]":
        self.waiting.append(name)
        return self.lane.soon()

    def take(self) -> list[str]:
        taken, self.waiting = self.waiting, []
        return taken

    async def store(self, session: AsyncSession, batch: list[str]) -> None:
        assert session is SESSION
        self.written.append(batch)

    async def store_each(self, session: AsyncSession, batch: list[str]) -> None:
        await self.store(session, [f"each of {name}" for name in batch])

    async def is_stored(self, _session: AsyncSession, _batch: list[str]) -> bool:
        return self.looks_stored

    def later(self, work: Callable[[AsyncSession], Awaitable[None]]) -> Awaitable[None]:
        return asyncio.ensure_future(self._commit(work))

    async def _commit(self, work: Callable[[AsyncSession], Awaitable[None]]) -> None:
        await asyncio.sleep(0)
        self.tries += 1
        self.tried.set()
        before = len(self.written)
        await work(SESSION)
        if self.fails and (error := self.fails.pop(0)) is not None:
            del self.written[before:]
            raise error


async def test_what_comes_together_is_written_together() -> None:
    disk = Disk()
    await asyncio.gather(disk.add("a"), disk.add("b"))
    assert disk.written == [["a", "b"]]


async def test_a_commit_that_fails_is_tried_again_and_later_things_wait_behind_it() -> None:
    disk = Disk(OSError("gone"), OSError("still gone"))
    first = disk.add("ring")
    await disk.tried.wait()
    second = disk.add("answer")
    await asyncio.gather(first, second)
    assert disk.written == [["ring"], ["answer"]]
    assert (disk.tries, disk.lost) == (4, [])


async def test_what_was_stored_though_it_looked_lost_is_not_written_twice() -> None:
    disk = Disk(OSError("broke between the commit and its answer"))
    disk.looks_stored = True
    await disk.add("a")
    assert (disk.tries, disk.written, disk.lost) == (2, [], [])


async def test_after_the_last_try_it_is_given_up_and_the_next_batch_is_written() -> None:
    disk = Disk(*[OSError("gone")] * 3)
    await disk.add("lost")
    await disk.add("kept")
    assert disk.lost == [(["lost"], "gone")]
    assert disk.written == [["kept"]]


async def test_what_cannot_be_written_together_is_written_one_by_one() -> None:
    disk = Disk(CLASH, pauses=())
    await asyncio.gather(disk.add("a"), disk.add("b"))
    assert (disk.written, disk.lost) == ([["each of a", "each of b"]], [])


async def test_what_can_never_be_written_is_not_tried_again() -> None:
    disk = Disk(CLASH, CLASH)
    await disk.add("twice")
    assert disk.tries == 2
    assert [batch for batch, _ in disk.lost] == [["twice"]]


async def test_a_closed_journal_loses_nothing_in_silence() -> None:
    disk = Disk()

    def closed(work: Callable[[AsyncSession], Awaitable[None]]) -> Awaitable[None]:
        raise RuntimeError("the journal is closed")

    disk.later = closed  # type: ignore[method-assign]
    await disk.add("late")
    assert disk.lost == [(["late"], "the journal is closed")]


@pytest.mark.parametrize("fails", [(), (OSError("gone"),)])
async def test_closing_writes_what_waits_without_pauses(fails: tuple[Exception, ...]) -> None:
    disk = Disk(*fails, pauses=(600,))
    disk.add("last")
    async with asyncio.timeout(10):
        await disk.lane.close()
    assert disk.written == [["last"]]


class Breaking:
    """A commit that breaks once: before the database has it, or right after."""

    def __init__(self, *, after_commit: bool) -> None:
        self.after_commit = after_commit
        self.broken = True
        self.commit = AsyncSession.commit

    async def __call__(self, session: AsyncSession) -> None:
        if self.after_commit or not self.broken:
            await self.commit(session)
        if self.broken:
            self.broken = False
            raise ConnectionResetError("the connection broke")


async def store_account(session: AsyncSession, batch: list[UUID]) -> None:
    row = {"uuid": batch[0], "name": "A", "email": "", "created_on": NOON, "modified_on": NOON}
    defaults = {"level": Level.LEVEL0, "balance": 0, "time_zone": "UTC"}
    await session.execute(insert(Account), [{**row, **defaults, "balance_changed": True}])


async def account_is_stored(session: AsyncSession, batch: list[UUID]) -> bool:
    found = await session.scalar(select(Account.uuid).where(Account.uuid == batch[0]))
    return found is not None


@pytest.mark.parametrize("after_commit", [False, True])
async def test_a_real_database_that_breaks_at_a_commit_keeps_every_row_once(
    database_url: str, monkeypatch: pytest.MonkeyPatch, *, after_commit: bool
) -> None:
    database = Database(database_url)
    journal = Journal(database, linger=0)
    breaking = Breaking(after_commit=after_commit)
    lost: list[Exception] = []
    lane: Lane[list[UUID]] = Lane(
        journal,
        take=lambda: [new_id()],
        store=store_account,
        store_each=store_account,
        will_pass=lambda _: True,
        is_stored=account_is_stored,
        give_up=lambda _, error: lost.append(error),
        pauses=(0,),
    )
    # A function is bound to its session; an object that can be called is not.
    monkeypatch.setattr(AsyncSession, "commit", lambda session: breaking(session))  # noqa: PLW0108 - as said
    await lane.soon()
    await lane.soon()
    await lane.close()
    await journal.close()
    async with database.read() as session:
        assert await session.scalar(select(func.count()).select_from(Account)) == 2
    assert (lost, breaking.broken) == ([], False)
    await database.close()
