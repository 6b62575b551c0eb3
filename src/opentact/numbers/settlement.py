"""Settling orders: asking the provider for each number, then lease and charge at once.

The provider is asked outside any transaction, by a reference that makes twice once. Its answers
are then written in one transaction: a lease, its subscriptions and their charges, or the reason
why not. An order that a crash left open is settled at the next start (`settle_open_orders`).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from opentact.accounts.accounts import get_account
from opentact.billing.holds import let_go
from opentact.billing.ledger import NotEnoughBalance, post
from opentact.billing.notices import balance_notices
from opentact.events.log import EventLog
from opentact.kit.clock import Clock
from opentact.kit.ids import new_id
from opentact.kit.units import Storage

from .events import OrderChanged, OrderSummary
from .faults import NumberRefused
from .leases import put_on_sale
from .order_book import items_of, summary_of
from .orders import Item, Order, State
from .periods import Period
from .prices import Price
from .providers import NumberProvider
from .purchase import Bought, write_leases

COMPLETE = "Complete"
Answers = dict[UUID, str | None]
"""What the provider said to each item: None for yes, or the reason for no."""


async def ask_providers(items: Sequence[Any], providers: Mapping[str, NumberProvider]) -> Answers:
    """Ask for every number that is still open."""
    answers: Answers = {}
    for item in items:
        if item.state != State.PROCESSING:
            continue
        provider = providers.get(item.provider or "")
        if provider is None:
            answers[item.uuid] = "Error buying a number: its provider is not connected"
            continue
        try:
            await provider.acquire(item.tn, reference=item.uuid)
        except NumberRefused as refused:
            answers[item.uuid] = str(refused)
        else:
            answers[item.uuid] = None
    return answers


async def settle_order(
    session: AsyncSession,
    uuid: UUID,
    items: Sequence[Any],
    answers: Answers,
    *,
    events: EventLog,
    period: Period,
    now: datetime,
) -> OrderSummary | None:
    """Write down what the provider said of these items. None if it was settled already.

    Two nodes may settle an order that a third left open: the first to claim it does.
    """
    claimed = await session.execute(
        update(Order)
        .where(Order.uuid == uuid, Order.settled_on.is_(None))
        .values(settled_on=now, modified_on=now)
        .returning(Order.__table__)
        .execution_options(synchronize_session=False)
    )
    order = claimed.one_or_none()
    if order is None:
        return None
    results: dict[UUID, str | None] = {}
    for item in items:
        if item.state == State.PROCESSING:
            reason = answers.get(item.uuid, "Error buying a number: nobody was asked")
            results[item.uuid] = reason or await _buy(session, order, item, period, now)
    await _write_down(session, items, results, now)
    await let_go(session, uuid)
    summary = summary_of(order, [_settled(item, results) for item in items])
    account = await get_account(session, order.account_uuid)
    happened: list[object] = [OrderChanged(account, summary)]
    if summary.success:
        happened += balance_notices(account, account.balance, "nrc")
    await events.append(session, account.uuid, *happened, now=now)
    return summary


async def settle(
    storage: Storage,
    uuid: UUID,
    *,
    providers: Mapping[str, NumberProvider],
    events: EventLog,
    period: Period,
    clock: Clock,
) -> OrderSummary | None:
    """Settle an order that stands in the database. None if it was settled already."""
    async with storage.read() as session:
        items = (await items_of(session, [uuid]))[uuid]
    answers = await ask_providers(items, providers)
    async with storage.write() as session:
        return await settle_order(
            session, uuid, items, answers, events=events, period=period, now=clock.now()
        )


async def settle_open_orders(
    storage: Storage,
    *,
    providers: Mapping[str, NumberProvider],
    events: EventLog,
    period: Period,
    clock: Clock,
) -> list[OrderSummary]:
    """Settle what a crash left open, oldest first. Run at every start."""
    async with storage.read() as session:
        found = await session.scalars(
            select(Order.uuid).where(Order.settled_on.is_(None)).order_by(Order.created_on)
        )
        waiting = list(found)
    settled = [
        await settle(storage, uuid, providers=providers, events=events, period=period, clock=clock)
        for uuid in waiting
    ]
    return [summary for summary in settled if summary is not None]


async def _buy(
    session: AsyncSession, order: Any, item: Any, period: Period, now: datetime
) -> str | None:
    """Charge for the number and lease it, or say why not."""
    lease = new_id()
    charges = Price.from_json(item.price).charges(lease, item.tn)
    try:
        await post(session, order.account_uuid, charges, now=now)
    except NotEnoughBalance:
        return "Error buying a number: not enough account balance"
    await write_leases(session, order, [Bought(item, lease)], period=period, now=now)
    return None


async def _write_down(
    session: AsyncSession, items: Sequence[Any], results: dict[UUID, str | None], now: datetime
) -> None:
    for uuid, reason in results.items():
        state = State.FAILED if reason else State.SUCCESS
        await session.execute(
            update(Item)
            .where(Item.uuid == uuid)
            .values(state=state.value, reason=reason or COMPLETE, modified_on=now)
            .execution_options(synchronize_session=False)
        )
    lost = [item.tn for item in items if results.get(item.uuid)]
    if lost:
        await put_on_sale(session, lost, now=now)


class _Settled:
    """An item as it is after settling."""

    __slots__ = ("state",)

    def __init__(self, item: Any, results: dict[UUID, str | None]) -> None:
        if item.uuid in results:
            self.state = (State.FAILED if results[item.uuid] else State.SUCCESS).value
        else:
            self.state = item.state


def _settled(item: Any, results: dict[UUID, str | None]) -> _Settled:
    return _Settled(item, results)
