"""Units of work that share a commit: each stands or falls alone, on either database."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from opentact.accounts.accounts import Account
from opentact.accounts.users import open_account
from opentact.adapters.storage.database import TOGETHER_MOST, Database, DatabaseUnusable
from opentact.kit.faults import NotFound

NOON = datetime(2024, 1, 16, 12, tzinfo=UTC)


async def names(database: Database) -> list[str]:
    async with database.read() as session:
        return sorted(await session.scalars(sa.select(Account.name)))


def opens(name: str) -> Callable[[AsyncSession], Awaitable[str]]:
    async def work(session: AsyncSession) -> str:
        await open_account(session, name=name, email="a@example.com", now=NOON)
        return name

    return work


async def refuses(session: AsyncSession) -> str:
    await opens("refused")(session)
    raise NotFound("not here")


async def test_units_done_together_stand_or_fall_alone(database: Database) -> None:
    units = (database.do(work) for work in (opens("one"), refuses, opens("two")))
    one, refused, two = await asyncio.gather(*units, return_exceptions=True)
    assert (one, two) == ("one", "two")
    assert isinstance(refused, NotFound)
    assert await names(database) == ["one", "two"]


async def test_on_one_writer_they_share_commits(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    commits: list[int] = []
    commit = AsyncSession.commit

    async def counted(session: AsyncSession) -> None:
        commits.append(1)
        await commit(session)

    monkeypatch.setattr(AsyncSession, "commit", counted)
    await asyncio.gather(*(database.do(opens(str(n))) for n in range(TOGETHER_MOST + 1)))
    assert len(commits) == (2 if database.is_sqlite else TOGETHER_MOST + 1)


async def test_a_unit_ends_though_its_caller_is_cancelled(database: Database) -> None:
    begun = asyncio.Event()
    go_on = asyncio.Event()

    async def slow(session: AsyncSession) -> str:
        begun.set()
        await go_on.wait()
        return await opens("slow")(session)

    asking = asyncio.create_task(database.do(slow))
    await begun.wait()
    if not database.is_sqlite:
        go_on.set()  # the commit alone is not given up
        assert await asking == "slow"
        return
    asking.cancel()
    await asyncio.sleep(0)
    assert not asking.done()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert await names(database) == ["slow"]


async def test_a_full_disk_is_told_as_such_to_who_shares_a_commit(
    database: Database,
) -> None:
    async def fills(session: AsyncSession) -> str:
        del session
        full = sqlite3.OperationalError("database or disk is full")
        full.sqlite_errorname = "SQLITE_FULL"  # as SQLite sets it
        raise sa.exc.OperationalError("INSERT", {}, full)

    results = await asyncio.gather(
        database.do(opens("one")), database.do(fills), return_exceptions=True
    )
    assert results[0] == "one"
    assert isinstance(results[1], DatabaseUnusable)
