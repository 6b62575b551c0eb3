"""Numbers, orders and prices as the wire spells them (spec/03; spec/11 A.2)."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from typing_extensions import NotRequired, TypedDict  # noqa: UP035 - pydantic needs these on 3.11

from opentact.events.log import Draft
from opentact.kit.clock import stamp
from opentact.numbers.events import OrderChanged, OrderSummary
from opentact.numbers.features import from_bits
from opentact.numbers.orders import Offer, total_of
from opentact.numbers.prices import Price
from opentact.numbers.profiles import Prices
from opentact.numbers.tn import npa, nxx

from .events import frame, render

OLD_FEATURES = ("mms", "fax", "emergency")
_COSTS = {
    "voice": ("incoming_per_min_cost", "outgoing_per_min_cost"),
    "sms": ("per_send_cost", "per_receive_cost"),
    "mms": ("per_send_cost", "per_receive_cost"),
    "fax": ("incoming_per_min_cost", "outgoing_per_min_cost"),
    "emergency": ("incoming_per_min_cost", "outgoing_per_min_cost"),
}


class TnShortOut(TypedDict):
    """A number, as orders and leases carry it."""

    tn: int
    created_on: str
    modified_on: str
    deleted_on: str | None


class TnOut(TnShortOut):
    """A number that is for sale (spec/11 D-4)."""

    type: str
    country: str
    state: str | None
    city: str | None
    rate_center: str | None
    npa: str
    nxx: str
    features: list[str]
    nrc: float
    mrc: float
    registered: bool
    profile: str


class OrderOut(TypedDict):
    """An order in short. `success` is a count here (spec/11 B3)."""

    uuid: str
    state: str
    created_on: str
    modified_on: str
    total: int
    success: int
    processing: int
    failed: int


class PriceOut(TypedDict):
    """A quote: what is paid once, what each month, and for which number what."""

    nrc: float
    mrc: float
    items: list[dict[str, Any]]


def tn_short(tn: int, created: datetime, modified: datetime) -> TnShortOut:
    """Write a number as orders and leases carry it."""
    return {
        "tn": tn,
        "created_on": stamp(created),
        "modified_on": stamp(modified),
        "deleted_on": None,
    }


def tn_out(row: Any, prices: Mapping[str, Prices]) -> TnOut:
    """Write a number of the inventory, with what it costs whoever asks."""
    cost = prices.get(row.profile)
    return {
        **tn_short(row.tn, row.created_on, row.modified_on),
        "type": row.type,
        "country": row.country,
        "state": row.state,
        "city": row.city,
        "rate_center": row.rate_center,
        "npa": npa(row.tn),
        "nxx": nxx(row.tn),
        "features": [feature.value for feature in from_bits(row.features)],
        "nrc": float(cost.nrc) if cost else 0.0,
        "mrc": float(cost.mrc) if cost else 0.0,
        "registered": False,
        "profile": row.profile,
    }


def order_out(order: OrderSummary) -> OrderOut:
    """Write an order in short."""
    return {
        "uuid": str(order.uuid),
        "state": order.state,
        "created_on": stamp(order.created_on),
        "modified_on": stamp(order.modified_on),
        "total": order.total,
        "success": order.success,
        "processing": order.processing,
        "failed": order.failed,
    }


def price_list_out(prices: Prices | None) -> dict[str, float]:
    """Write every price of a list; what cannot be bought costs nothing (spec/11 B11)."""
    names = ["nrc", "mrc"]
    for feature, uses in _COSTS.items():
        names += [f"{feature}_{part}" for part in ("nrc", "mrc", *uses)]
    return {name: float(getattr(prices, name, 0)) for name in names}


def quote_out(offers: Iterable[Offer], lists: Mapping[str, Prices]) -> PriceOut:
    """Write a quote."""
    every = list(offers)
    nrc, mrc = total_of(every)
    return {
        "nrc": float(nrc),
        "mrc": float(mrc),
        "items": [_quoted(offer, lists.get(offer.profile or "")) for offer in every],
    }


def _quoted(offer: Offer, prices: Prices | None) -> dict[str, Any]:
    costs = price_list_out(prices)
    for name in costs:
        if name.endswith(("nrc", "mrc")):
            costs[name] = float(offer.price.parts.get(name, 0))
    return {
        **costs,
        "id": str(offer.wish.tn),
        "name": offer.profile or str(offer.wish.tn),
        "description": offer.refusal,
        "tn": offer.wish.tn,
    }


class ItemOut(TypedDict):
    """One number of an order, and what became of it."""

    created_on: str
    modified_on: str
    uuid: str
    state: str
    reason: str | None
    autorenew: bool
    request: dict[str, Any]
    features: list[str]
    context: str
    tn: TnShortOut


def item_out(item: Any, context: str) -> ItemOut:
    """Write an item of an order."""
    features = [f for f in item.features if f not in OLD_FEATURES]
    return {
        "created_on": stamp(item.created_on),
        "modified_on": stamp(item.modified_on),
        "uuid": str(item.uuid),
        "state": item.state,
        "reason": item.reason,
        "autorenew": item.autorenew,
        "request": {"tn": item.tn},
        "features": features,
        "context": context,
        "tn": tn_short(item.tn, item.created_on, item.modified_on),
    }


def price_out(items: Iterable[Any]) -> PriceOut:
    """Write what an order's items cost, as they were priced when it was placed."""
    priced = [(item.tn, Price.from_json(item.price)) for item in items]
    return {
        "nrc": float(sum(price.nrc for _, price in priced)),
        "mrc": float(sum(price.mrc for _, price in priced)),
        "items": [
            {
                "id": str(tn),
                "name": str(tn),
                "tn": tn,
                **{name: float(amount) for name, amount in price.parts.items()},
            }
            for tn, price in priced
        ],
    }


class OrderDetailOut(OrderOut):
    """An order with everything about it: the union of what 2020, 2021 and 2024 print (B16)."""

    account: dict[str, Any]
    created_by: dict[str, Any] | None
    modified_by: NotRequired[dict[str, Any] | None]
    tn_items: list[ItemOut]
    tn_leases: list[dict[str, Any]]
    tns: list[TnShortOut]
    tnleases: list[dict[str, Any]]
    items: list[dict[str, Any]]
    errors: list[dict[str, Any]]
    request: dict[str, Any]
    price: PriceOut
    profile: dict[str, Any] | None
    sip_connection: dict[str, Any] | None
    sip_control_app: dict[str, Any] | None
    autorenew: bool
    voice: bool
    sms: bool
    mms: bool
    fax: bool
    emergency: bool


@render.register
def _(happened: OrderChanged, uuid: UUID, at: datetime) -> Draft:
    order = happened.order
    words = f"TN order {order.uuid} - {order.state}"
    return frame("tn_order", uuid, at, words, order_out(order), happened.account, ref_id=order.uuid)
