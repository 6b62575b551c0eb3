"""Switching features of a leased number on and off, and what that costs (spec/11 B11).

A feature that is switched on is charged once and for the running period. One that was switched
off keeps what was paid: switching it on again before the period ends costs nothing.
"""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from opentact.billing.holds import check_free
from opentact.billing.ledger import post
from opentact.kit.money import ZERO

from .features import Feature
from .leases import Lease, Subscription
from .prices import feature_price, prices_for


async def subscribe(
    session: AsyncSession,
    lease: Lease,
    feature: Feature,
    *,
    now: datetime,
    sms_campaign: str | None = None,
) -> Subscription:
    """Switch a feature on and charge for it. Raises `NotEnoughBalance`."""
    there = await _find(session, lease, feature)
    if there is not None and there.ended_on is None:
        if sms_campaign is not None and sms_campaign != there.sms_campaign:
            there.sms_campaign, there.modified_on = sms_campaign, now
        return there
    if there is None or there.paid_until <= now:
        prices = await prices_for(session, lease.account_uuid, lease.tn, now=now)
        charges = feature_price(prices, feature).charges(lease.uuid, lease.tn)
        await check_free(session, lease.account_uuid, -sum((line.amount for line in charges), ZERO))
        await post(session, lease.account_uuid, charges, now=now)
    if there is None:
        there = Subscription(
            lease_uuid=lease.uuid,
            type=feature.value,
            paid_until=lease.expired_on,
            created_on=now,
            modified_on=now,
        )
        session.add(there)
    there.ended_on, there.paid_until = None, max(there.paid_until, lease.expired_on)
    there.sms_campaign, there.modified_on = sms_campaign, now
    await session.flush()
    return there


async def unsubscribe(
    session: AsyncSession, lease: Lease, feature: Feature, *, now: datetime
) -> None:
    """Switch a feature off; what was paid is not given back."""
    there = await _find(session, lease, feature)
    if there is not None and there.ended_on is None:
        there.ended_on = there.modified_on = now
        await session.flush()


async def _find(session: AsyncSession, lease: Lease, feature: Feature) -> Subscription | None:
    return await session.scalar(
        select(Subscription).where(
            Subscription.lease_uuid == lease.uuid, Subscription.type == feature.value
        )
    )
