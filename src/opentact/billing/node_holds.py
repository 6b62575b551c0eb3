"""The holds of a node: one row for each account whose calls it carries (billing/holds.py).

Only the node itself writes its rows: they grow and go through one journal, one after the other,
and shrink in the unit of work that charges the account. Each locks the account before its hold.
What other nodes and orders see of them is the sum.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import Insert, bindparam, delete, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from opentact.kit.money import ZERO, dollars

from .holds import Hold, free_balance

_NAMESPACE = UUID("3f0c8a0e-5f0d-5c0b-8c83-6a6f3a1f9e11")
_HOLD: Any = Hold.__table__
_MONEY = _HOLD.c.amount.type
_SHRINK = (
    update(_HOLD)
    .where(_HOLD.c.reference == bindparam("what"))
    .values(amount=_HOLD.c.amount - bindparam("less", type_=_MONEY))
)
_DROP = delete(_HOLD).where(_HOLD.c.reference == bindparam("what"))
_DROP_ALL = delete(_HOLD).where(_HOLD.c.node == bindparam("of"))


def _adding(dialect: Any) -> Insert:
    row = dialect.insert(_HOLD)
    more = {"amount": _HOLD.c.amount + row.excluded.amount}
    added: Insert = row.on_conflict_do_update(index_elements=["reference"], set_=more)
    return added


_GROW = {"sqlite": _adding(sqlite), "postgresql": _adding(postgresql)}


def hold_of(node: str, account: UUID) -> UUID:
    """Name the hold that a node has of an account."""
    return uuid5(_NAMESPACE, f"{node}/{account}")


async def grow(
    session: AsyncSession,
    node: str,
    account: UUID,
    wish: Callable[[Decimal], Decimal],
    now: datetime,
) -> tuple[Decimal, Decimal]:
    """Hold more: what `wish` says when it hears what is free, up to that.

    Returns what was taken, and what is left free.
    """
    free = await free_balance(session, account)
    taken = max(ZERO, min(dollars(wish(free)), free))
    if taken:
        row = {
            "reference": hold_of(node, account),
            "account_uuid": account,
            "amount": taken,
            "created_on": now,
            "node": node,
        }
        await session.execute(_GROW[session.get_bind().dialect.name], row)
    return taken, free - taken


async def shrink(session: AsyncSession, node: str, paid: Mapping[UUID, Decimal]) -> None:
    """Let go of what was paid, account by account, in the unit of work that charges it."""
    rows = [{"what": hold_of(node, each), "less": paid[each]} for each in sorted(paid)]
    if rows:
        await session.execute(_SHRINK, rows)


async def drop(session: AsyncSession, node: str, account: UUID) -> None:
    """Let go of all that the node holds of the account."""
    await session.execute(_DROP, {"what": hold_of(node, account)})


async def drop_all(session: AsyncSession, node: str) -> None:
    """Let go of all that the node holds: at its start and at its end, when it has no calls."""
    await session.execute(_DROP_ALL, {"of": node})
