from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import UUID

import pytest

from opentact.accounts.users import open_account
from opentact.adapters.storage.database import Database
from support.world import NOON

Opens = Callable[[str], Awaitable[UUID]]


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A database with every table, on SQLite and on PostgreSQL."""
    database = Database(database_url)
    yield database
    await database.close()


@pytest.fixture
def opens(database: Database) -> Opens:
    """Open an account of this name, with nothing on it."""

    async def open_one(name: str) -> UUID:
        async with database.write() as session:
            email = f"{name}@example.com"
            return (await open_account(session, name=name, email=email, now=NOON)).uuid

    return open_one


@pytest.fixture
async def account(opens: Opens) -> UUID:
    """An account with nothing on it."""
    return await opens("alice")
