from uuid import UUID

import pytest
import sqlalchemy as sa

from opentact.adapters.storage.database import Database
from opentact.kit.by_keys import ByKeys

PETS = sa.Table(
    "pet",
    sa.MetaData(),
    sa.Column("owner", sa.Uuid),
    sa.Column("name", sa.String),
)
ALICE, BOB, NOBODY = (UUID(int=n) for n in (1, 2, 3))


@pytest.mark.parametrize(
    ("keys", "names"),
    [
        ([], []),
        ([ALICE], ["Ada", "Zoe"]),
        ({ALICE, BOB}, ["Ada", "Max", "Zoe"]),
        ([BOB, NOBODY], ["Max"]),
    ],
)
async def test_one_key_and_many_find_the_same_rows(
    empty_database_url: str, keys: list[UUID], names: list[str]
) -> None:
    database, pets = Database(empty_database_url), [(ALICE, "Zoe"), (BOB, "Max"), (ALICE, "Ada")]
    pets_of = ByKeys(sa.select(PETS).order_by(PETS.c.name), PETS.c.owner)
    async with database.write() as session:
        await (await session.connection()).run_sync(PETS.metadata.create_all)
        await session.execute(
            sa.insert(PETS), [{"owner": owner, "name": name} for owner, name in pets]
        )
        assert [row.name for row in await pets_of.rows(session, keys)] == names
        await (await session.connection()).run_sync(PETS.metadata.drop_all)
    await database.close()
