"""Rows of several tables that were read in one statement, taken apart again."""

from typing import Any

from sqlalchemy import FromClause, Label, Row


def prefixed(table: FromClause, prefix: str) -> list[Label[Any]]:
    """Name the columns of a table so that they do not meet another table's."""
    return [column.label(f"{prefix}{column.key}") for column in table.c]


class Part:
    """The columns of one table in a row of several, by the names they have in that table."""

    __slots__ = ("_prefix", "_row")

    def __init__(self, row: Row[Any], prefix: str) -> None:
        self._row = row
        self._prefix = prefix

    def __getattr__(self, name: str) -> Any:
        return getattr(self._row, f"{self._prefix}{name}")
