"""What becomes of leases at the end of their period: renewed, or released (spec/11 B7).

Both jobs run for a given date and look at every lease that ends by then. A plan says what would
happen; carrying it out asks the same questions again, in the transaction that acts, so a job
that runs twice, or on two nodes at once, charges once.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from opentact.accounts.accounts import Account, get_account
from opentact.billing.holds import check_free
from opentact.billing.ledger import NotEnoughBalance, post
from opentact.billing.notices import balance_notices
from opentact.events.log import EventLog
from opentact.kit.clock import stamp
from opentact.kit.money import ZERO
from opentact.kit.units import Storage

from .events import LeaseReleased, LeaseRenewed
from .features import Feature
from .leases import HELD, Lease, Subscription, release, subscriptions_of
from .periods import Period
from .prices import Price, price_of, prices_for

BATCH = 500


class Fate(StrEnum):
    """What happens to a lease."""

    RENEW = "renew"
    RELEASE = "release"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to happen to one lease, and why. `price` is what renewing it costs."""

    lease: UUID
    tn: int
    account: UUID
    expired_on: datetime
    fate: Fate
    reason: str
    price: Decimal = ZERO
    until: datetime | None = None


async def plan_renewals(
    session: AsyncSession, at: datetime, *, period: Period, autorenew: bool
) -> list[Plan]:
    """Say what happens to the leases that end by `at`, of those that renew (or do not).

    Balances are counted down as the job would spend them, account by account.
    """
    query = select(Lease).where(HELD, Lease.expired_on <= at, Lease.autorenew == autorenew)
    leases = list(await session.scalars(query.order_by(Lease.expired_on, Lease.uuid)))
    spent: dict[UUID, Decimal] = {}
    plans: list[Plan] = []
    for lease in leases:
        account = await session.get_one(Account, lease.account_uuid)
        left = account.balance - spent.get(account.uuid, ZERO)
        plan = await _plan(session, lease, account, left, period, at)
        spent[account.uuid] = spent.get(account.uuid, ZERO) + plan.price
        plans.append(plan)
    return plans


async def carry_out(
    storage: Storage,
    plans: list[Plan],
    *,
    events: EventLog,
    period: Period,
    at: datetime,
    now: datetime,
) -> AsyncIterator[Plan]:
    """Do what the plans say, each lease in a transaction of its own; tell what was done.

    A lease that someone else renewed or released meanwhile is passed over.
    """
    for plan in plans:
        done = None
        while (step := await _step(storage, plan.lease, events, period, at, now)) is not None:
            done = step if done is None else replace(step, price=done.price + step.price)
            if step.fate is Fate.RELEASE:
                break
        if done is not None:
            yield done


async def _step(
    storage: Storage, uuid: UUID, events: EventLog, period: Period, at: datetime, now: datetime
) -> Plan | None:
    async with storage.write() as session:
        lease = await session.scalar(
            select(Lease).where(Lease.uuid == uuid, HELD, Lease.expired_on <= at).with_for_update()
        )
        if lease is None:
            return None
        account = await get_account(session, lease.account_uuid)
        plan = await _plan(session, lease, account, account.balance, period, at, once=True)
        if plan.fate is Fate.RENEW and plan.until is not None:
            try:
                return await _renew(session, lease, plan, events, now)
            except NotEnoughBalance:
                plan = replace(plan, fate=Fate.RELEASE, reason="balance short", price=ZERO)
        await release(session, lease, reason=plan.reason, now=now)
        told = LeaseReleased(lease.uuid, lease.tn, account, plan.reason)
        await events.append(session, account.uuid, told, now=now)
        return plan


async def _renew(
    session: AsyncSession, lease: Lease, plan: Plan, events: EventLog, now: datetime
) -> Plan:
    price = await renewal_price(session, lease, now=now)
    charges = price.charges(lease.uuid, lease.tn, monthly_only=True)
    await check_free(session, lease.account_uuid, -sum((line.amount for line in charges), ZERO))
    await post(session, lease.account_uuid, charges, now=now)
    lease.expired_on, lease.modified_on = plan.until or lease.expired_on, now
    await session.flush()
    await session.execute(
        update(Subscription)
        .where(Subscription.lease_uuid == lease.uuid, Subscription.ended_on.is_(None))
        .values(paid_until=lease.expired_on)
        .execution_options(synchronize_session=False)
    )
    account = await get_account(session, lease.account_uuid)
    told = LeaseRenewed(account, lease.uuid, lease.tn, lease.expired_on)
    notices = balance_notices(account, account.balance, "mrc")
    await events.append(session, account.uuid, told, *notices, now=now)
    return plan


async def renewal_price(session: AsyncSession, lease: Lease, *, now: datetime) -> Price:
    """Price another period of the lease with what is switched on for it."""
    on = (await subscriptions_of(session, [lease.uuid]))[lease.uuid]
    prices = await prices_for(session, lease.account_uuid, lease.tn, now=now)
    return price_of(prices, [Feature(one.type) for one in on])


async def _plan(
    session: AsyncSession,
    lease: Lease,
    account: Account,
    balance: Decimal,
    period: Period,
    at: datetime,
    *,
    once: bool = False,
) -> Plan:
    base = Plan(lease.uuid, lease.tn, account.uuid, lease.expired_on, Fate.RELEASE, "")
    if not lease.autorenew:
        return replace(base, reason="autorenew is off")
    if account.deleted_on is not None:
        return replace(base, reason="the account is closed")
    monthly = (await renewal_price(session, lease, now=at)).mrc
    until, periods = lease.expired_on, 0
    # An overdue lease catches up, a period at a time, until it lasts beyond the date.
    while until <= at and not (once and periods):
        until, periods = period.after(until, anchor=lease.created_on.day), periods + 1
    price = monthly * periods
    if price > balance:
        return replace(base, reason=f"the balance is short by {price - balance}")
    words = f"renewed until {stamp(until)} at {price}"
    return replace(base, fate=Fate.RENEW, reason=words, price=price, until=until)
