"""Databases for tests: made once with every table, then copied, as that takes no time."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from opentact.adapters.storage.database import Database
from opentact.adapters.storage.migrations.metadata import whole_metadata

TEMPLATE = "with_tables"


def give_tables(url: str) -> None:
    """Create every table there is (tests/adapters/storage holds migrations to the same)."""

    async def create() -> None:
        database = Database(url)
        await database.create_all()
        await database.close()

    whole_metadata()
    # A thread of its own: the one that asks may have an event loop already.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, create()).result()
