from collections.abc import AsyncIterator

import pytest

from opentact.adapters.storage.database import Database


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    yield database
    await database.close()
