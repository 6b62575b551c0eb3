"""Reading orders: rows, and the state and counts that are read off their items."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from opentact.kit.by_keys import ByKeys

from .events import OrderSummary
from .faults import OrderNotFound
from .orders import Item, Order, State

_ORDER: Any = Order.__table__
_ITEM: Any = Item.__table__
_ONE = select(_ORDER).where(
    _ORDER.c.uuid == bindparam("order"), _ORDER.c.account_uuid == bindparam("account")
)
_ITEMS = ByKeys(select(_ITEM).order_by(_ITEM.c.place), _ITEM.c.order_uuid)


async def get_order(session: AsyncSession, account: UUID, uuid: UUID) -> Any:
    """Load an order of the account as a row, or `OrderNotFound`."""
    found = (await session.execute(_ONE, {"order": uuid, "account": account})).one_or_none()
    if found is None:
        raise OrderNotFound("Order not found")
    return found


async def items_of(session: AsyncSession, orders: Collection[UUID]) -> dict[UUID, list[Any]]:
    """Load the items of orders as rows, in the order they were asked for."""
    found: dict[UUID, list[Any]] = {uuid: [] for uuid in orders}
    for row in await _ITEMS.rows(session, orders):
        found[row.order_uuid].append(row)
    return found


def summary_of(order: Any, items: Collection[Any]) -> OrderSummary:
    """Read the state and the counts of an order off its items."""
    states = [item.state for item in items]
    return OrderSummary(
        order.uuid,
        state_of(states).value,
        order.created_on,
        order.modified_on,
        total=len(states),
        success=states.count(State.SUCCESS),
        processing=states.count(State.PROCESSING),
        failed=states.count(State.FAILED),
    )


def state_of(states: Collection[str]) -> State:
    """Read the state of an order off the states of its items (spec/11 B4)."""
    if State.PROCESSING in states:
        return State.PROCESSING
    return State.SUCCESS if State.SUCCESS in states else State.FAILED
