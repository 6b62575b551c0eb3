"""The database as commands open it that work beside the server, or without one."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from opentact.adapters.storage import migrations
from opentact.adapters.storage.database import Database
from opentact.adapters.storage.faults import DatabaseUnusable

from .cli_output import Data
from .settings import load


@asynccontextmanager
async def database_of(data: Data) -> AsyncIterator[Database]:
    """Open the database that the settings name, if its schema is this program's."""
    database = Database(load({"data": data}).url)
    try:
        there = await database.revision()
        if there != migrations.HEAD:
            raise DatabaseUnusable(
                f"The database is at schema {there or 'none'}, this opentact wants"
                f" {migrations.HEAD}: run `opentact db upgrade`, or `opentact serve` once"
            )
        yield database
    finally:
        await database.close()
