"""Loading what order objects show: all of it in a handful of queries."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from opentact.accounts.accounts import Account
from opentact.accounts.users import User
from opentact.kit.by_keys import ByKeys
from opentact.kit.parts import Part, prefixed
from opentact.numbers.faults import OrderNotFound
from opentact.numbers.leases import Lease, Subscription
from opentact.numbers.order_book import items_of, summary_of
from opentact.numbers.orders import CONTEXT, Order
from opentact.numbers.profiles import platform_profiles
from opentact.numbers.targets import Target, shorts

from .lease_view import NOTHING, around_leases
from .services import Services
from .wire.leases import LeaseAround, lease_out, short_out, user_short
from .wire.numbers import OrderDetailOut, item_out, order_out, price_out
from .wire.tn_profiles import profile_out

_ORDER: Any = Order.__table__
_LEASE: Any = Lease.__table__
_ON: Any = Subscription.__table__
_ACCOUNT: Any = Account.__table__
_USER: Any = User.__table__
# One statement instead of two or three: each costs more than the rows that it finds.
_LEASES = ByKeys(
    select(_LEASE, *prefixed(_ON, "on_"))
    .outerjoin(_ON, (_ON.c.lease_uuid == _LEASE.c.uuid) & _ON.c.ended_on.is_(None))
    .order_by(_LEASE.c.created_on, _LEASE.c.tn, _ON.c.type.desc()),
    _LEASE.c.order_uuid,
)
_BOUGHT = (
    select(_ORDER, *prefixed(_ACCOUNT, "account__"), *prefixed(_USER, "user__"))
    .join(_ACCOUNT, _ACCOUNT.c.uuid == _ORDER.c.account_uuid)
    .join(_USER, _USER.c.uuid == _ORDER.c.created_by)
    .where(_ORDER.c.uuid == bindparam("order"), _ORDER.c.account_uuid == bindparam("account"))
)


async def show_order(
    session: AsyncSession, services: Services, account: UUID, uuid: UUID
) -> OrderDetailOut:
    """Write an order of the account with everything about it, or raise `OrderNotFound`."""
    found = await session.execute(_BOUGHT, {"order": uuid, "account": account})
    order = found.one_or_none()
    if order is None:
        raise OrderNotFound("Order not found")
    buyer = {order.created_by: Part(order, "user__")}
    known = LeaseAround(Part(order, "account__"), buyer)
    [shown] = await show_orders(session, services, account, [order], known=known)
    return shown


async def show_orders(
    session: AsyncSession,
    services: Services,
    account: UUID,
    orders: Sequence[Any],
    *,
    known: LeaseAround = NOTHING,
) -> list[OrderDetailOut]:
    """Write orders (entities or rows) of one account with everything about them."""
    uuids = [order.uuid for order in orders]
    items = await items_of(session, uuids)
    leases, on = await _leases(session, uuids)
    known = replace(known, subscriptions=on)
    buyers = [order.created_by for order in orders]
    around = await around_leases(session, services, account, leases, users=buyers, known=known)
    named = {order.profile for order in orders if order.profile is not None}
    profiles = await platform_profiles(session, named) if named else {}
    points = {
        Target.CONNECTION: await shorts(
            session, Target.CONNECTION, (order.sip_connection_uuid for order in orders)
        ),
        Target.APP: await shorts(
            session, Target.APP, (order.sip_control_app_uuid for order in orders)
        ),
    }
    return [_order(order, items[order.uuid], leases, around, profiles, points) for order in orders]


async def _leases(
    session: AsyncSession, orders: Sequence[UUID]
) -> tuple[list[Any], dict[UUID, list[Any]]]:
    """Load the leases of orders, and what is switched on for each."""
    leases: dict[UUID, Any] = {}
    switched_on: dict[UUID, list[Any]] = {}
    for row in await _LEASES.rows(session, orders):
        leases.setdefault(row.uuid, row)
        on = switched_on.setdefault(row.uuid, [])
        if row.on_uuid is not None:
            on.append(Part(row, "on_"))
    return list(leases.values()), switched_on


def _order(
    order: Any,
    items: list[Any],
    leases: list[Any],
    around: LeaseAround,
    profiles: dict[str, Any],
    points: dict[Target, dict[UUID, Any]],
) -> OrderDetailOut:
    shown = [item_out(item, CONTEXT) for item in items]
    mine = [{**lease_out(lease, around)} for lease in leases if lease.order_uuid == order.uuid]
    profile = profiles.get(order.profile or "")
    user = user_short(order.created_by, around)
    asked = {feature for item in items for feature in item.features}
    connection = order.sip_connection_uuid
    app = order.sip_control_app_uuid
    return {
        **order_out(summary_of(order, items)),
        "account": around.owner or {},
        "created_by": user,
        "modified_by": user,
        "tn_items": shown,
        "tn_leases": mine,
        "tns": [item["tn"] for item in shown],
        "tnleases": mine,
        "items": [_old_item(item) for item in items if item.state != "failed"],
        "errors": [_error(item) for item in items if item.state == "failed"],
        "request": order.request,
        "price": price_out(items),
        "profile": {**profile_out(profile)} if profile else None,
        "sip_connection": short_out(
            points[Target.CONNECTION].get(connection) if connection else None
        ),
        "sip_control_app": short_out(points[Target.APP].get(app) if app else None),
        "autorenew": all(item.autorenew for item in items),
        "voice": "voice" in asked,
        "sms": "sms" in asked,
        "mms": "mms" in asked,
        "fax": "fax" in asked,
        "emergency": "emergency" in asked,
    }


def _old_item(item: Any) -> dict[str, Any]:
    flags = ("voice", "sms", "mms", "fax", "emergency")
    on = {name: name in item.features for name in flags}
    return {"tn": item.tn, "autorenew": item.autorenew, **on}


def _error(item: Any) -> dict[str, Any]:
    return {"item": _old_item(item), "reason": item.reason, "description": item.reason}
