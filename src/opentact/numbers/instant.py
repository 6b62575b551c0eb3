"""Orders that are placed and settled in one transaction: their providers answer at once.

Nothing is set aside and nothing can be left open: a crash leaves the whole order or nothing of
it. An order with even one number whose carrier is asked over a network takes two transactions
(see `settlement`).
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from opentact.accounts.accounts import get_account
from opentact.billing.holds import check_free
from opentact.billing.ledger import enter
from opentact.billing.notices import balance_notices
from opentact.events.log import EventLog
from opentact.kit.ids import new_id
from opentact.kit.units import on_commit

from .events import OrderChanged, OrderSummary
from .order_book import summary_of
from .orders import Buyer, Offer, OpenItem, State, cost_of, items_for, take_off_sale, write_order
from .periods import Period
from .prices import Price
from .providers import NumberProvider
from .purchase import Bought, write_leases
from .settlement import COMPLETE, Answers, ask_providers

Providers = Mapping[str, NumberProvider]


def is_instant(offers: Iterable[Offer], providers: Providers) -> bool:
    """Tell whether nobody has to be waited for, whichever of these numbers are bought."""
    asked = {offer.provider or "" for offer in offers if offer.refusal is None}
    return all(providers[name].instant for name in asked & providers.keys())


@dataclass
class Sale:
    """What providers have sold to a unit of work that is not stored yet."""

    providers: Providers
    items: Sequence[OpenItem] = ()

    async def ask(self, session: AsyncSession, items: Sequence[OpenItem]) -> Answers:
        """Ask for every open item. What is sold stays so once the unit of work is stored."""
        self.items = items
        on_commit(session, self._keep)
        return await ask_providers(items, self.providers)

    def _keep(self) -> None:
        self.items = ()

    async def undo(self) -> None:
        """Give back what was not stored."""
        for item in self.items:
            provider = self.providers.get(item.provider or "")
            if provider is not None:
                await provider.release(item.tn, reference=item.uuid)


@asynccontextmanager
async def sale(providers: Providers) -> AsyncIterator[Sale]:
    """Open a sale around a unit of work: if that is not stored, nothing was sold."""
    selling = Sale(providers)
    try:
        yield selling
    finally:
        await selling.undo()


async def buy_at_once(
    session: AsyncSession,
    buyer: Buyer,
    offers: Sequence[Offer],
    selling: Sale,
    *,
    events: EventLog,
    period: Period,
    now: datetime,
) -> OrderSummary:
    """Place and settle an order of offers that were made in this unit of work, and kept.

    Raises `NotEnoughBalance` when the balance does not suffice for all that can be had.
    """
    cost = cost_of(offers)
    if cost:
        await check_free(session, buyer.account, cost)
    asked = items_for(offers)
    answers = await selling.ask(session, asked)
    items = [_settled(item, answers) for item in asked]
    await write_order(session, buyer, items, now=now, settled=True)
    order = _Placed(buyer, now)
    summary = summary_of(order, items)
    bought = [Bought(item, new_id()) for item in items if item.state == State.SUCCESS]
    if bought:
        account = await _pay(session, order, bought, period, now)
    else:
        account = await get_account(session, buyer.account)
    happened: list[object] = [OrderChanged(account, summary)]
    if bought:
        happened += balance_notices(account, account.balance, "nrc")
    await events.append(session, buyer.account, *happened, now=now)
    return summary


async def _pay(
    session: AsyncSession, order: "_Placed", bought: list[Bought], period: Period, now: datetime
) -> Any:
    """Charge and lease all that is bought; the account's row as it is then."""
    await take_off_sale(session, [one.item.tn for one in bought], now=now)
    charges = [
        line
        for one in bought
        for line in Price.from_json(one.item.price).charges(one.lease, one.item.tn)
    ]
    account = await enter(session, order.account_uuid, charges, now=now)
    await write_leases(session, order, bought, period=period, now=now)
    return account


class _Placed:
    """An order that was just written: the columns that its summary and its leases need."""

    def __init__(self, buyer: Buyer, now: datetime) -> None:
        self.uuid: UUID = buyer.uuid
        self.account_uuid = buyer.account
        self.created_by = buyer.user
        self.sip_connection_uuid = buyer.sip_connection
        self.sip_control_app_uuid = buyer.sip_control_app
        self.created_on = self.modified_on = now


def _settled(item: OpenItem, answers: Answers) -> OpenItem:
    if item.uuid not in answers:
        return item
    reason = answers[item.uuid]
    state = State.FAILED if reason else State.SUCCESS
    return replace(item, state=state.value, reason=reason or COMPLETE)
