"""Orders of numbers: writing one down, with what it will cost set aside.

An order has one item per number. Placing it takes the numbers off sale and sets the money
aside, in one transaction: so of two orders for a number, or for the last dollar, one is placed
and the other is told so. Its items are settled afterwards (see `settlement`), or in the same
transaction if their sellers answer at once (see `instant`). The state of an
order is read off its items, so the two cannot disagree (spec/11 B4).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from opentact.billing.holds import set_aside
from opentact.kit.entities import Base, Json, JsonColumn, Stamped
from opentact.kit.ids import new_id
from opentact.kit.money import ZERO

from .features import WORKING, Feature, to_bits
from .inventory import Tn, TnKey
from .leases import Lease
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
_TN: Any = Tn.__table__
_LEASE: Any = Lease.__table__
# Made once and for the tables: making a statement costs more than running it, and nothing of
# an order has to be tracked.
_STOCK = (
    select(*_TN.c["tn", "provider", "profile", "features", "off_sale_on"], _LEASE.c.account_uuid)
    .outerjoin(_LEASE, (_LEASE.c.tn == _TN.c.tn) & _LEASE.c.released_on.is_(None))
    .where(_TN.c.tn.in_(bindparam("tns", expanding=True)))
    .order_by(_TN.c.tn)
)
_KEPT_STOCK = _STOCK.with_for_update(key_share=True, of=_TN)
_PLACE, _LIST = insert(_ORDER), insert(_ITEM)
_OFF_SALE = (
    update(_TN)
    .where(_TN.c.tn.in_(bindparam("tns", expanding=True)))
    .values(off_sale_on=bindparam("at"), modified_on=bindparam("at"))
)


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
    """An item on its way to its provider and back; the columns of `Item` that buying needs."""

    uuid: UUID
    tn: int
    provider: str | None
    features: list[str]
    autorenew: bool
    state: str
    price: Json
    reason: str | None = None


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
    asked = {"tns": list({wish.tn for wish in wishes})}
    rows = await session.execute(_KEPT_STOCK if keep else _STOCK, asked)
    stock = {row.tn: row for row in rows}
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


async def place_offers(
    session: AsyncSession, buyer: Buyer, offers: Sequence[Offer], *, now: datetime
) -> list[OpenItem]:
    """Write the order down, with its numbers off sale and its money set aside.

    The offers were made in the same unit of work, and kept. Raises `NotEnoughBalance` when the
    balance does not suffice for all that can be had.
    """
    items = items_for(offers)
    await write_order(session, buyer, items, now=now, settled=False)
    tns = [item.tn for item in items if item.state == State.PROCESSING]
    if tns:
        cost = cost_of(offers)
        await set_aside(session, buyer.account, cost, reference=buyer.uuid, now=now)
        await take_off_sale(session, tns, now=now)
    return items


def cost_of(offers: Iterable[Offer]) -> Decimal:
    """Add up what is to be paid now, for what can be had."""
    return sum((offer.price.first for offer in offers if offer.refusal is None), ZERO)


async def take_off_sale(session: AsyncSession, tns: Sequence[int], *, now: datetime) -> None:
    """Offer numbers to nobody else."""
    await session.execute(_OFF_SALE, {"tns": tns, "at": now})


async def write_order(
    session: AsyncSession, buyer: Buyer, items: Sequence[OpenItem], *, now: datetime, settled: bool
) -> None:
    """Write the rows of an order and its items as they are now."""
    await session.execute(_PLACE, _order_row(buyer, now, settled=settled))
    rows = [_item_row(buyer.uuid, place, item, now) for place, item in enumerate(items)]
    await session.execute(_LIST, rows)


def _order_row(buyer: Buyer, now: datetime, *, settled: bool) -> dict[str, Any]:
    return {
        "uuid": buyer.uuid,
        "account_uuid": buyer.account,
        "created_by": buyer.user,
        "request": buyer.request,
        "profile": buyer.profile,
        "sip_connection_uuid": buyer.sip_connection,
        "sip_control_app_uuid": buyer.sip_control_app,
        "settled_on": now if settled else None,
        "created_on": now,
        "modified_on": now,
    }


def items_for(offers: Sequence[Offer]) -> list[OpenItem]:
    """Make the items of an order: those that can be had are open."""
    return [
        OpenItem(
            uuid=new_id(),
            tn=offer.wish.tn,
            provider=offer.provider,
            features=[feature.value for feature in offer.wish.features],
            autorenew=offer.wish.autorenew,
            state=(State.FAILED if offer.refusal else State.PROCESSING).value,
            price=offer.price.to_json(),
            reason=offer.refusal,
        )
        for offer in offers
    ]


def _item_row(order: UUID, place: int, item: OpenItem, now: datetime) -> dict[str, Any]:
    return {
        "uuid": item.uuid,
        "order_uuid": order,
        "place": place,
        "tn": item.tn,
        "provider": item.provider,
        "features": item.features,
        "autorenew": item.autorenew,
        "state": item.state,
        "reason": item.reason,
        "price": item.price,
        "created_on": now,
        "modified_on": now,
    }


def total_of(offers: Collection[Offer]) -> tuple[Decimal, Decimal]:
    """Add up what is paid once and what is paid each month."""
    return (
        sum((offer.price.nrc for offer in offers), ZERO),
        sum((offer.price.mrc for offer in offers), ZERO),
    )
