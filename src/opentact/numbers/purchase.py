"""What buying a number leaves behind: its lease, and the features that are switched on for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from opentact.kit.ids import new_id

from .features import WORKING, Feature
from .leases import Lease, Subscription
from .periods import Period

_LEASE: Any = Lease.__table__
_SUBSCRIPTION: Any = Subscription.__table__
_TAKE, _SWITCH_ON = insert(_LEASE), insert(_SUBSCRIPTION)


@dataclass(frozen=True, slots=True)
class Bought:
    """An item of an order that is bought, and the lease it becomes."""

    item: Any
    lease: UUID


async def write_leases(
    session: AsyncSession, order: Any, bought: Sequence[Bought], *, period: Period, now: datetime
) -> None:
    """Write the leases of an order (its row, or what has its columns) with their features."""
    until = period.after(now, anchor=now.day)
    dated = {"created_on": now, "modified_on": now}
    leases = [{**_lease_row(order, one), "expired_on": until, **dated} for one in bought]
    features = [
        {"lease_uuid": one.lease, "paid_until": until, **_subscription_row(feature), **dated}
        for one in bought
        for feature in WORKING
        if feature in one.item.features
    ]
    if leases:
        await session.execute(_TAKE, leases)
    if features:
        await session.execute(_SWITCH_ON, features)


def _lease_row(order: Any, one: Bought) -> dict[str, Any]:
    return {
        "uuid": one.lease,
        "tn": one.item.tn,
        "account_uuid": order.account_uuid,
        "order_uuid": order.uuid,
        "item_uuid": one.item.uuid,
        "created_by": order.created_by,
        "modified_by": order.created_by,
        "autorenew": one.item.autorenew,
        "mms": Feature.MMS in one.item.features,
        "fax": Feature.FAX in one.item.features,
        "emergency": Feature.EMERGENCY in one.item.features,
        "messaging_profile_uuid": None,
        "sip_connection_uuid": order.sip_connection_uuid,
        "sip_control_app_uuid": order.sip_control_app_uuid,
        "tn_profile_uuid": None,
        "released_on": None,
        "release_reason": None,
    }


def _subscription_row(feature: Feature) -> dict[str, Any]:
    return {"uuid": new_id(), "type": feature.value, "sms_campaign": None, "ended_on": None}
