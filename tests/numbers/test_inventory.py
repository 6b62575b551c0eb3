"""The simulated carrier's numbers: fictional ones, over every area code there is."""

from collections import Counter
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from opentact.adapters.storage.database import Database
from opentact.numbers import inventory
from opentact.numbers.features import WORKING, from_bits
from opentact.numbers.inventory import FOR_SALE, Tn, seed_dev, stock, tn_row
from opentact.numbers.nanp import places
from opentact.numbers.tn import TOLL_FREE, type_of
from support.world import NOON

USUAL: dict[str, Any] = {
    "type": "long_code",
    "country": "US",
    "provider": "own",
    "profile": "US",
    "features": 1,
}


@pytest.fixture
async def rows(database: Database) -> list[Any]:
    """Every number of the simulated carrier."""
    async with database.write() as session:
        assert await seed_dev(session, now=NOON) == 42_200
    async with database.read() as session:
        return list(await session.execute(select(Tn.__table__).where(FOR_SALE)))


async def test_every_area_code_has_its_hundred_numbers_once(rows: list[Any]) -> None:
    assert len({row.tn for row in rows}) == len(rows) == 42_200
    per_code = Counter(str(row.tn)[1:4] for row in rows)
    assert set(per_code) == set(places()) | TOLL_FREE
    assert set(per_code.values()) == {100}
    # 555-0100 to 555-0199 are set aside for fiction: nobody can have them.
    assert {row.local for row in rows} == set(range(5550100, 5550200))
    assert {row.line for row in rows} == set(range(100, 200))


async def test_each_number_is_where_its_area_code_is(rows: list[Any]) -> None:
    for row in rows:
        place = places().get(str(row.tn)[1:4])
        assert row.type == type_of(row.tn)
        assert (row.state, row.city, row.rate_center) == (
            (place.state, place.city, place.rate_center) if place else (None, None, None)
        )
        assert (row.country, row.profile) == (
            (place.country, place.country) if place else ("US", "TF")
        )
    assert {row.provider for row in rows} == {"dev"}
    assert {tuple(from_bits(row.features)) for row in rows} == {WORKING}


async def test_seeding_again_adds_nothing(database: Database) -> None:
    async with database.write() as session:
        await seed_dev(session, now=NOON)
        assert await seed_dev(session, now=NOON) == 0
        assert await session.scalar(select(func.count()).select_from(Tn)) == 42_200


async def test_stock_is_counted_whatever_the_size_of_a_batch(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inventory, "BATCH", 4)
    first = 12025550100
    async with database.write() as session:
        for count in (0, 3, 4, 9):
            tns = range(first, first + count)
            assert await stock(session, (tn_row(tn, NOON, **USUAL) for tn in tns)) == count
            first += count
        assert await session.scalar(select(func.count()).select_from(Tn)) == 16


async def test_a_number_is_in_the_inventory_once(database: Database) -> None:
    with pytest.raises(IntegrityError):
        async with database.write() as session:
            await stock(session, [tn_row(12025550100, NOON, **USUAL)] * 2)
    async with database.read() as session:
        assert await session.scalar(select(func.count()).select_from(Tn)) == 0
