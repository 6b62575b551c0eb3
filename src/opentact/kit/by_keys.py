"""Selects by the uuids of a column, made once: making a statement costs more than running it.

One uuid is compared and many are listed, because a list is written anew into every statement.
"""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, Uuid, bindparam
from sqlalchemy.ext.asyncio import AsyncSession


class ByKeys:
    """A select of the rows whose `column` holds one of some uuids."""

    def __init__(self, select: Select[*tuple[Any, ...]], column: ColumnElement[UUID]) -> None:
        """`select` has its columns, its order and its other conditions."""
        one = bindparam("key", type_=Uuid())
        self._one = select.where(column == one)
        self._many = select.where(column.in_(bindparam("keys", expanding=True, type_=Uuid())))

    async def rows(self, session: AsyncSession, keys: Collection[UUID]) -> list[Row[Any]]:
        """Load the rows; no statement is needed where there are no keys."""
        if not keys:
            return []
        if len(keys) == 1:
            found = await session.execute(self._one, {"key": next(iter(keys))})
        else:
            found = await session.execute(self._many, {"keys": list(keys)})
        return list(found)
