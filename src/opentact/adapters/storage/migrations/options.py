"""How Alembic compares our entities with a database, and writes the difference down."""

from collections.abc import Iterable
from typing import Any, Literal

import sqlalchemy as sa
from alembic.autogenerate.api import AutogenContext
from alembic.operations import ops
from alembic.runtime.migration import MigrationContext

from opentact.kit.entities import Money, Utc

_TYPES = "opentact.adapters.storage.migrations.types"
_NAMES: dict[type[Any], str] = {Money: "DOLLARS", Utc: "MOMENT", sa.JSON: "DOCUMENT"}


def render_item(kind: str, item: Any, context: AutogenContext) -> str | Literal[False]:
    """Write a column type of ours by its name in `types.py`."""
    name = next((name for of, name in _NAMES.items() if isinstance(item, of)), None)
    if kind != "type" or name is None:
        return False
    context.imports.add(f"from {_TYPES} import {name}")
    return name


def add_expression_indexes(
    context: MigrationContext, _revision: object, directives: list[Any]
) -> None:
    """Add the new indexes over expressions: what SQLite cannot show, Alembic does not compare."""
    metadata = context.opts["target_metadata"]
    if metadata is None or context.connection is None:
        return
    there = set(context.connection.scalars(sa.text("SELECT name FROM sqlite_master")))
    script: ops.MigrationScript = directives[0]
    assert script.upgrade_ops is not None  # noqa: S101 - always there when autogenerating
    script.upgrade_ops.ops += [
        ops.CreateIndexOp.from_index(index)
        for index in _over_expressions(metadata)
        if index.name not in there
    ]


def _over_expressions(metadata: sa.MetaData) -> Iterable[sa.Index]:
    for table in metadata.sorted_tables:
        for index in sorted(table.indexes, key=lambda index: str(index.name)):
            if not all(isinstance(part, sa.Column) for part in index.expressions):
                yield index


OPTIONS: dict[str, Any] = {
    "render_item": render_item,
    "compare_type": True,
    "compare_server_default": True,
}
