"""Orders of numbers: writing one down, with what it will cost set aside.

An order has one item per number. Placing it takes the numbers off sale and sets the money
aside, in one transaction: so of two orders for a number, or for the last dollar, one is placed
and the other is told so. Its items are settled afterwards (see `settlement`). The state of an
order is read off its items, so the two cannot disagree (spec/11 B4).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from opentact.billing.holds import set_aside
from opentact.kit.entities import Base, Json, JsonColumn, Stamped
from opentact.kit.ids import new_id
from opentact.kit.money import ZERO

from .events import OrderSummary
from .faults import OrderNotFound
from .features import WORKING, Feature, to_bits
from .inventory import Tn, TnKey
from .leases import HELD, Lease
from .prices import FREE, Price, price_of
from .profiles import price_lists

CONTEXT = "a2p"  # the only one there is (spec/03, detail)
MOST_ITEMS = 1_000


class State(StrEnum):
    """How far an item or an order is. Ours are never `created` or `verify` for long."""

    PROCESSING = "processing"
    SUCCESS = "success"
    FAILED = "failed"


class Order(Stamped, Base):
    """One purchase. `request` is what the customer sent; `settled_on` is empty while it runs."""

    __tablename__ = "tn_order"

    account_uuid: Mapped[UUID] = mapped_column(ForeignKey("account.uuid"))
    created_by: Mapped[UUID] = mapped_column(ForeignKey("user.uuid"))
    request: Mapped[Json]
    profile: Mapped[str | None] = mapped_column(String(255), default=None)
    sip_connection_uuid: Mapped[UUID | None] = mapped_column(default=None)
    sip_control_app_uuid: Mapped[UUID | None] = mapped_column(default=None)
    settled_on: Mapped[datetime | None] = mapped_column(default=None)


Index("ix_tn_order_account", Order.account_uuid, Order.created_on)
_OPEN = Order.settled_on.is_(None)
Index("ix_tn_order_open", Order.created_on, sqlite_where=_OPEN, postgresql_where=_OPEN)


class Item(Stamped, Base):
    """One number of an order. `price` is what it costs, as `Price.to_json` wrote it."""

    __tablename__ = "tn_order_item"
    __table_args__ = (Index("ix_tn_order_item_order", "order_uuid", "place"),)

    order_uuid: Mapped[UUID] = mapped_column(ForeignKey("tn_order.uuid"))
    place: Mapped[int]
    tn: Mapped[int] = mapped_column(TnKey)
    features: Mapped[list[str]] = mapped_column(JsonColumn)
    autorenew: Mapped[bool]
    state: Mapped[str] = mapped_column(String(16))
    price: Mapped[Json]
    provider: Mapped[str | None] = mapped_column(String(32), default=None)
    reason: Mapped[str | None] = mapped_column(default=None)


_ORDER: Any = Order.__table__
_ITEM: Any = Item.__table__


@dataclass(frozen=True, slots=True)
class Wish:
    """One number that a customer wants."""

    tn: int
    features: tuple[Feature, ...]
    autorenew: bool = True


@dataclass(frozen=True, slots=True)
class Offer:
    """What becomes of a wish: its price, or why it cannot be had."""

    wish: Wish
    price: Price = FREE
    provider: str | None = None
    profile: str | None = None
    refusal: str | None = None


@dataclass(frozen=True, slots=True)
class OpenItem:
    """An item that waits for its provider; the columns of `Item` that settling needs."""

    uuid: UUID
    tn: int
    provider: str | None
    features: list[str]
    autorenew: bool
    state: str
    price: Json


@dataclass(frozen=True, slots=True)
class Buyer:
    """For whom an order is placed, and where its numbers shall lead."""

    account: UUID
    user: UUID
    request: Json
    profile: str | None = None
    sip_connection: UUID | None = None
    sip_control_app: UUID | None = None
    uuid: UUID = field(default_factory=new_id)


async def offers_for(
    session: AsyncSession,
    account: UUID,
    wishes: Sequence[Wish],
    *,
    now: datetime,
    keep: bool = False,
) -> list[Offer]:
    """Say for each wish what it costs this account, or why it cannot be had.

    With `keep` nobody else can buy the numbers until the unit of work ends. Numbers are locked
    in their order, so that two orders for the same ones cannot wait for each other.
    """
    query = (
        select(Tn.tn, Tn.provider, Tn.profile, Tn.features, Tn.off_sale_on, Lease.account_uuid)
        .outerjoin(Lease, (Lease.tn == Tn.tn) & HELD)
        .where(Tn.tn.in_({wish.tn for wish in wishes}))
        .order_by(Tn.tn)
    )
    if keep:
        query = query.with_for_update(key_share=True, of=Tn)
    stock = {row.tn: row for row in await session.execute(query)}
    lists = await price_lists(session, account, {row.profile for row in stock.values()}, now=now)
    offers: list[Offer] = []
    for wish in wishes:
        row = stock.pop(wish.tn, None)
        repeated = any(offer.wish.tn == wish.tn for offer in offers)
        offers.append(_offer(wish, row, lists, account, repeated=repeated))
    return offers


def _offer(
    wish: Wish, row: Any, lists: Mapping[str, Any], account: UUID, *, repeated: bool
) -> Offer:
    refusal = None
    if repeated:
        refusal = "it is in this order twice"
    elif row is None:
        refusal = "it is not for sale"
    elif row.account_uuid == account:
        refusal = "it is yours already"
    elif row.off_sale_on is not None or row.account_uuid is not None:
        refusal = "taken by another order"
    elif row.profile not in lists:
        refusal = "it has no price"
    elif missing := _missing(wish, row.features):
        refusal = f"it has no {' and no '.join(missing)}"
    if refusal is not None:
        return Offer(wish, refusal=f"Error buying a number: {refusal}")
    return Offer(wish, price_of(lists[row.profile], wish.features), row.provider, row.profile)


def _missing(wish: Wish, able: int) -> list[str]:
    # The others are kept and echoed, whatever the number can do (spec/11 B11).
    wanted = [feature for feature in wish.features if feature in WORKING]
    return [feature.value for feature in wanted if not to_bits([feature]) & able]


async def place_order(
    session: AsyncSession, buyer: Buyer, wishes: Sequence[Wish], *, now: datetime
) -> list[OpenItem]:
    """Write the order down, with its numbers off sale and its money set aside.

    Raises `NotEnoughBalance` when the balance does not suffice for all that can be had.
    """
    offers = await offers_for(session, buyer.account, wishes, now=now, keep=True)
    had = [offer for offer in offers if offer.refusal is None]
    rows = [_item_row(buyer.uuid, place, offer, now) for place, offer in enumerate(offers)]
    # Into the tables, not the entities: nothing has to be tracked, and it is half the work.
    await session.execute(insert(_ORDER), [_order_row(buyer, now)])
    await session.execute(insert(_ITEM), rows)
    if had:
        cost = sum((offer.price.first for offer in had), ZERO)
        await set_aside(session, buyer.account, cost, reference=buyer.uuid, now=now)
        await session.execute(
            update(Tn)
            .where(Tn.tn.in_([offer.wish.tn for offer in had]))
            .values(off_sale_on=now, modified_on=now)
            .execution_options(synchronize_session=False)
        )
    return [OpenItem(**{name: row[name] for name in _OPEN_COLUMNS}) for row in rows]


_OPEN_COLUMNS = ("uuid", "tn", "provider", "features", "autorenew", "state", "price")


def _order_row(buyer: Buyer, now: datetime) -> dict[str, Any]:
    return {
        "uuid": buyer.uuid,
        "account_uuid": buyer.account,
        "created_by": buyer.user,
        "request": buyer.request,
        "profile": buyer.profile,
        "sip_connection_uuid": buyer.sip_connection,
        "sip_control_app_uuid": buyer.sip_control_app,
        "settled_on": None,
        "created_on": now,
        "modified_on": now,
    }


def _item_row(order: UUID, place: int, offer: Offer, now: datetime) -> dict[str, Any]:
    return {
        "uuid": new_id(),
        "order_uuid": order,
        "place": place,
        "tn": offer.wish.tn,
        "provider": offer.provider,
        "features": [feature.value for feature in offer.wish.features],
        "autorenew": offer.wish.autorenew,
        "state": (State.FAILED if offer.refusal else State.PROCESSING).value,
        "reason": offer.refusal,
        "price": offer.price.to_json(),
        "created_on": now,
        "modified_on": now,
    }


def total_of(offers: Collection[Offer]) -> tuple[Decimal, Decimal]:
    """Add up what is paid once and what is paid each month."""
    return (
        sum((offer.price.nrc for offer in offers), ZERO),
        sum((offer.price.mrc for offer in offers), ZERO),
    )


async def get_order(session: AsyncSession, account: UUID, uuid: UUID) -> Order:
    """Load an order of the account, or `OrderNotFound`."""
    found = await session.scalar(
        select(Order).where(Order.uuid == uuid, Order.account_uuid == account)
    )
    if found is None:
        raise OrderNotFound("Order not found")
    return found


async def items_of(session: AsyncSession, orders: Collection[UUID]) -> dict[UUID, list[Any]]:
    """Load the items of orders as rows, in the order they were asked for."""
    found: dict[UUID, list[Any]] = {uuid: [] for uuid in orders}
    rows = await session.execute(
        select(Item.__table__).where(Item.order_uuid.in_(orders)).order_by(Item.place)
    )
    for row in rows:
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
