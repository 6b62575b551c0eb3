"""Migrations: they make exactly what the entities want, once, whoever starts them."""

import asyncio
import time
import warnings

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from opentact.adapters.storage import migrations
from opentact.adapters.storage.database import Database, DatabaseUnusable
from opentact.adapters.storage.migrations.metadata import whole_metadata


def differences(connection: sa.Connection) -> list[object]:
    options = {"compare_type": True, "compare_server_default": True}
    context = MigrationContext.configure(connection, opts=options)
    with warnings.catch_warnings():
        # SQLite cannot show them; the same test on PostgreSQL sees them.
        warnings.filterwarnings("ignore", ".*expression-based index.*")
        return list(compare_metadata(context, whole_metadata()))


def enums(connection: sa.Connection) -> dict[str, list[str]]:
    return {e["name"]: e["labels"] for e in sa.inspect(connection).get_enums()}  # type: ignore[attr-defined]


async def test_a_migrated_database_has_exactly_what_the_entities_want(
    empty_database_url: str,
) -> None:
    database = Database(empty_database_url)
    try:
        await database.upgrade()
        async with database.engine.connect() as connection:
            found = await connection.run_sync(differences)
    finally:
        await database.close()
    assert found == [], 'an entity changed: run `make migration m="why"`'


async def test_its_enumerations_have_the_same_words(postgres_url: str) -> None:
    database = Database(postgres_url)
    try:
        await database.upgrade()
        async with database.engine.connect() as connection:
            there = await connection.run_sync(enums)
    finally:
        await database.close()
    wanted = {
        column.type.name: column.type.enums
        for table in whole_metadata().sorted_tables
        for column in table.columns
        if isinstance(column.type, sa.Enum)
    }
    assert there == wanted


def test_the_newest_revision_is_noted_and_the_history_is_one_line() -> None:
    script = ScriptDirectory.from_config(migrations.configuration())
    assert script.get_heads() == [migrations.HEAD]
    numbers = [revision.revision for revision in script.walk_revisions()]
    assert numbers == [f"{n:04}" for n in range(len(numbers), 0, -1)]


async def test_two_nodes_that_start_at_once_both_come_up(empty_database_url: str) -> None:
    nodes = [Database(empty_database_url) for _ in range(3)]
    try:
        await asyncio.gather(*(node.upgrade() for node in nodes))
        assert [await node.revision() for node in nodes] == [migrations.HEAD] * 3
    finally:
        await asyncio.gather(*(node.close() for node in nodes))


async def test_a_start_with_nothing_to_do_costs_nothing(database: Database) -> None:
    await database.upgrade()
    began = time.perf_counter()
    await database.upgrade()
    assert time.perf_counter() - began < 0.5  # 2 ms on a quiet machine; the promise is 50


async def test_a_failed_migration_leaves_nothing(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def half(connection: sa.Connection) -> None:
        connection.execute(sa.text("CREATE TABLE half (done INTEGER)"))
        raise RuntimeError("the power went")

    database = Database(empty_database_url)
    try:
        with monkeypatch.context() as patch:
            patch.setattr(migrations, "upgrade", half)
            with pytest.raises(RuntimeError, match="the power went"):
                await database.upgrade()
        async with database.engine.connect() as connection:
            assert not await connection.run_sync(lambda sync: sa.inspect(sync).has_table("half"))
        await database.upgrade()
    finally:
        await database.close()


async def test_the_database_of_a_newer_opentact_is_left_alone(database: Database) -> None:
    async with database.write() as session:
        await session.execute(sa.text(f"UPDATE {migrations.TABLE} SET version_num = '9999'"))
    with pytest.raises(DatabaseUnusable, match="newer opentact"):
        await database.upgrade()


async def test_tables_of_somebody_else_are_left_alone(empty_database_url: str) -> None:
    database = Database(empty_database_url)
    try:
        async with database.write() as session:
            await session.execute(sa.text("CREATE TABLE account (theirs INTEGER)"))
        with pytest.raises(DatabaseUnusable, match="tables that opentact did not make"):
            await database.upgrade()
    finally:
        await database.close()
