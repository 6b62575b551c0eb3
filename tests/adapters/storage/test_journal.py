"""Grouped writes: each piece stands or falls alone, and closing stores what was handed in."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from opentact.accounts.accounts import Account
from opentact.accounts.users import open_account
from opentact.adapters.storage.database import Database
from opentact.adapters.storage.journal import GROUP_MOST, Journal
from opentact.kit.units import on_commit

NOON = datetime(2024, 1, 16, 12, tzinfo=UTC)
Work = Callable[[AsyncSession], Awaitable[str]]


@pytest.fixture
async def journal(database: Database) -> AsyncIterator[Journal]:
    journal = Journal(database)
    yield journal
    await journal.close()


def adds(name: str, told: list[str] | None = None) -> Work:
    async def work(session: AsyncSession) -> str:
        await open_account(session, name=name, email="a@example.com", now=NOON)
        if told is not None:
            on_commit(session, lambda: told.append(name))
        return name

    return work


def fails(told: list[str]) -> Work:
    async def work(session: AsyncSession) -> str:
        await adds("half", told)(session)
        raise ValueError("this one fails")

    return work


async def breaks(session: AsyncSession) -> str:
    await session.execute(sa.text("SELECT * FROM nothing"))
    return "never"


async def names(database: Database) -> list[str]:
    async with database.read() as session:
        return sorted(await session.scalars(sa.select(Account.name)))


async def test_pieces_share_a_commit_in_the_order_they_came(
    database: Database, journal: Journal
) -> None:
    told: list[str] = []
    pieces = [journal.later(adds(f"{n:02}", told)) for n in range(10)]
    assert journal.backlog == 10
    assert await asyncio.gather(*pieces) == [f"{n:02}" for n in range(10)]
    assert told == [f"{n:02}" for n in range(10)] == await names(database)
    assert journal.backlog == 0


@pytest.mark.parametrize("wrong", [fails, lambda _told: breaks])
async def test_a_piece_that_fails_takes_no_other_with_it(
    database: Database, journal: Journal, wrong: Callable[[list[str]], Work]
) -> None:
    told: list[str] = []
    before, between, after = (
        journal.later(adds("before", told)),
        journal.later(wrong(told)),
        journal.later(adds("after", told)),
    )
    results = await asyncio.gather(before, between, after, return_exceptions=True)
    assert isinstance(results[1], Exception)
    assert [results[0], results[2]] == ["before", "after"] == told
    assert await names(database) == ["after", "before"]


async def test_nobody_is_told_of_a_commit_that_failed(
    database: Database, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def no(_session: AsyncSession) -> None:
        raise OSError("the disk is gone")

    told: list[str] = []
    with monkeypatch.context() as patch:
        patch.setattr(AsyncSession, "commit", no)
        pieces = [journal.later(adds(name, told)) for name in "ab"]
        results = await asyncio.gather(*pieces, return_exceptions=True)
    assert [str(result) for result in results] == ["the disk is gone"] * 2
    assert (told, await names(database)) == ([], [])
    assert await journal.do(adds("later")) == "later"


async def test_who_gave_up_waiting_does_not_disturb(database: Database, journal: Journal) -> None:
    gone = journal.later(adds("gone"))
    stays = journal.later(adds("stays"))
    gone.cancel()
    assert await stays == "stays"
    assert await names(database) == ["gone", "stays"]


async def test_closing_stores_what_was_handed_in(database: Database) -> None:
    journal = Journal(database, linger=60)
    pieces = [journal.later(adds(f"{n:03}")) for n in range(GROUP_MOST + 10)]
    await journal.close()
    assert [piece.done() for piece in pieces] == [True] * len(pieces)
    assert len(await names(database)) == GROUP_MOST + 10
    with pytest.raises(RuntimeError, match="closed"):
        journal.later(adds("late"))


async def test_closing_waits_for_the_group_that_is_being_stored(database: Database) -> None:
    journal = Journal(database, linger=0)
    storing, go_on = asyncio.Event(), asyncio.Event()

    async def slow(session: AsyncSession) -> str:
        storing.set()
        await go_on.wait()
        return await adds("slow")(session)

    piece = journal.later(slow)
    await storing.wait()
    closing = asyncio.create_task(journal.close())
    await asyncio.sleep(0)
    go_on.set()
    await closing
    assert await piece == "slow"
    assert await names(database) == ["slow"]


async def test_closing_a_journal_that_never_wrote_is_nothing(database: Database) -> None:
    await Journal(database).close()
