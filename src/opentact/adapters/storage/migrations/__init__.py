"""The schema's history: one revision after the other, from an empty database to the newest.

They lie inside the package and run inside the server's own process, so that a wheel brings
them and a start applies them. `make migration m="why"` writes the next one.
"""

from pathlib import Path
from typing import Any

import sqlalchemy as sa

HEAD = "0004"
"""The newest revision. Said here as well, so that a start with nothing to do need not load
Alembic; a test holds the two together."""

SCRIPT = Path(__file__).parent / "script"
TABLE = "alembic_version"


def revision_of(connection: sa.Connection) -> str | None:
    """Tell which revision the database is at; None before the first."""
    if not sa.inspect(connection).has_table(TABLE):
        return None
    found: str | None = connection.scalar(sa.text(f"SELECT version_num FROM {TABLE}"))  # noqa: S608 - a constant
    return found


def upgrade(connection: sa.Connection) -> None:
    """Apply what is missing, in the transaction that is open."""
    from alembic import command  # noqa: PLC0415 - a quarter of a second that most starts save

    command.upgrade(configuration(connection), "head")


def stamp(connection: sa.Connection) -> None:
    """Note that the database has the newest schema, however it came by it."""
    connection.execute(
        sa.text(f"CREATE TABLE IF NOT EXISTS {TABLE} (version_num VARCHAR(32) PRIMARY KEY)")
    )
    connection.execute(sa.text(f"DELETE FROM {TABLE}"))  # noqa: S608 - a constant
    connection.execute(sa.text(f"INSERT INTO {TABLE} VALUES (:head)"), {"head": HEAD})  # noqa: S608


def configuration(connection: sa.Connection | None = None, **attributes: Any) -> Any:
    """Make what Alembic's commands ask for; `script/env.py` finds the connection in it."""
    from alembic.config import Config  # noqa: PLC0415 - as above

    config = Config()
    config.set_main_option("script_location", str(SCRIPT).replace("%", "%%"))
    config.attributes.update(attributes, connection=connection)
    return config
