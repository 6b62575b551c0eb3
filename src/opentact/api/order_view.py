"""Loading what order objects show: all of it in a handful of queries."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from opentact.kit.by_keys import ByKeys
from opentact.numbers.leases import Lease
from opentact.numbers.order_book import items_of, summary_of
from opentact.numbers.orders import CONTEXT
from opentact.numbers.profiles import platform_profiles
from opentact.numbers.targets import Target, shorts

from .lease_view import around_leases
from .services import Services
from .wire.accounts import account_short
from .wire.leases import LeaseAround, lease_out, short_out, user_short
from .wire.numbers import OrderDetailOut, item_out, order_out, price_out
from .wire.tn_profiles import profile_out

_LEASE: Any = Lease.__table__
_LEASES = ByKeys(select(_LEASE).order_by(_LEASE.c.created_on, _LEASE.c.tn), _LEASE.c.order_uuid)


async def show_orders(
    session: AsyncSession, services: Services, account: UUID, orders: Sequence[Any]
) -> list[OrderDetailOut]:
    """Write orders (entities or rows) of one account with everything about them."""
    uuids = [order.uuid for order in orders]
    items = await items_of(session, uuids)
    leases = await _LEASES.rows(session, uuids)
    buyers = [order.created_by for order in orders]
    around = await around_leases(session, services, account, leases, users=buyers)
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
        "account": {**account_short(around.account)} if around.account else {},
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
