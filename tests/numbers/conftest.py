from collections.abc import AsyncIterator

import pytest

from opentact.adapters.storage.database import Database
from support.world import World, build_world


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with build_world(database_url) as world:
        yield world


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A database with every table, on SQLite and on PostgreSQL."""
    database = Database(database_url)
    yield database
    await database.close()
