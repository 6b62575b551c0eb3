"""Tech prefixes are drawn by chance and held once; orders for one at once are in tests/api."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from opentact.adapters.storage.database import Database
from opentact.kit.ids import new_id
from opentact.voice.tech_prefixes import (
    DRAWS,
    LEAST,
    MOST,
    TechPrefix,
    TechPrefixTaken,
    draw_prefix,
    free_prefix,
    take_prefix,
)

HOLDER, OTHER = new_id(), new_id()


@pytest.fixture
async def session(database_url: str) -> AsyncIterator[AsyncSession]:
    """A unit of work on a database with every table."""
    database = Database(database_url)
    async with database.write() as session:
        yield session
    await database.close()


def picking(*numbers: int) -> Callable[[], int]:
    """Pick these in their order, and fail a test that picks more."""
    left: Any = iter(numbers)
    return lambda: next(left)


async def holders(session: AsyncSession) -> dict[int, Any]:
    rows = await session.execute(select(TechPrefix.number, TechPrefix.holder_uuid))
    return {number: holder for number, holder in rows}  # noqa: C416 - rows are no pairs to mypy


async def test_a_prefix_that_is_taken_is_drawn_again(session: AsyncSession) -> None:
    await take_prefix(session, 123456, OTHER)
    drawn = await draw_prefix(session, HOLDER, pick=picking(123456, 123456, 654321))
    assert drawn == 654321
    assert await holders(session) == {123456: OTHER, 654321: HOLDER}


async def test_drawing_gives_up_in_words_and_leaves_the_work_as_it_was(
    session: AsyncSession,
) -> None:
    await take_prefix(session, 123456, OTHER)
    with pytest.raises(TechPrefixTaken, match="try again"):
        await draw_prefix(session, HOLDER, pick=picking(*[123456] * DRAWS))
    assert await holders(session) == {123456: OTHER}


async def test_what_is_drawn_has_six_digits(session: AsyncSession) -> None:
    drawn = {await draw_prefix(session, HOLDER) for _ in range(20)}
    assert len(drawn) == 20
    assert all(LEAST <= number <= MOST for number in drawn)


async def test_a_prefix_that_is_held_is_refused_by_name(session: AsyncSession) -> None:
    await take_prefix(session, 123456, OTHER)
    with pytest.raises(TechPrefixTaken, match="123456") as refused:
        await take_prefix(session, 123456, HOLDER)
    assert set(refused.value.fields or {}) == {"params.tech_prefix"}


async def test_what_a_holder_gives_back_is_free_and_others_keep_theirs(
    session: AsyncSession,
) -> None:
    await take_prefix(session, 111111, HOLDER)
    await take_prefix(session, 222222, OTHER)
    await free_prefix(session, HOLDER)
    assert await holders(session) == {222222: OTHER}
    assert await take_prefix(session, 111111, OTHER) == 111111
