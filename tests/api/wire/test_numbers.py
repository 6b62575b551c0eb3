"""How numbers, orders and prices are spelt."""

from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from opentact.api.wire.numbers import (
    ItemOut,
    OrderOut,
    PriceOut,
    TnOut,
    item_out,
    order_out,
    price_list_out,
    price_out,
    quote_out,
    tn_out,
)
from opentact.api.wire.tn_profiles import PriceListOut
from opentact.numbers.features import Feature
from opentact.numbers.inventory import tn_row
from opentact.numbers.orders import Item, Offer, Wish
from opentact.numbers.prices import price_of
from opentact.numbers.profiles import TnProfile
from support.samples import AT, ORDER, uuid
from support.shapes import members, tells_a_secret

TN = 12025550100
LIST = TnProfile(
    name="US",
    nrc=Decimal("0.50"),
    mrc=Decimal("1.00"),
    sms_mrc=Decimal("0.20"),
    voice_incoming_per_min_cost=Decimal("0.0085"),
    created_on=AT,
    modified_on=AT,
)
BOTH = (Feature.VOICE, Feature.SMS)


def row(**more: Any) -> Any:
    known = {
        "type": "long_code",
        "country": "US",
        "state": "DC",
        "city": "Washington",
        "rate_center": "WSHNGTNZN1",
        "profile": "US",
        "features": 3,
    }
    return SimpleNamespace(**tn_row(TN, AT, **{**known, **more}))


def test_a_number_is_shown_with_what_it_costs_whoever_asks() -> None:
    written = tn_out(row(), {"US": LIST})
    assert set(written) == members(TnOut)
    assert (written["nrc"], written["mrc"], written["npa"], written["nxx"]) == (
        0.5,
        1.0,
        "202",
        "555",
    )
    assert written["features"] == ["voice", "sms"]


def test_a_number_on_no_list_costs_nothing_that_is_known() -> None:
    written = tn_out(row(profile="GONE", state=None, city=None, rate_center=None), {"US": LIST})
    assert (written["nrc"], written["mrc"]) == (0, 0)
    assert (written["state"], written["city"], written["rate_center"]) == (None, None, None)


def test_an_order_counts_what_became_of_its_numbers() -> None:
    written = order_out(ORDER)
    assert set(written) == members(OrderOut)
    assert (written["total"], written["success"], written["processing"], written["failed"]) == (
        2,
        1,
        0,
        1,
    )


def test_a_price_list_names_every_price_and_what_cannot_be_bought_is_free() -> None:
    written = price_list_out(LIST)
    assert set(written) == members(PriceListOut)
    costing = {name: amount for name, amount in written.items() if amount}
    assert costing == {
        "nrc": 0.5,
        "mrc": 1.0,
        "sms_mrc": 0.2,
        "voice_incoming_per_min_cost": 0.0085,
    }
    assert set(price_list_out(None).values()) == {0.0}


def test_a_quote_adds_up_and_says_what_cannot_be_had() -> None:
    had = Offer(Wish(TN, BOTH), price=price_of(LIST, BOTH), provider="dev", profile="US")
    lost = Offer(Wish(TN + 1, BOTH), refusal="it is not for sale")
    written = quote_out([had, lost], {"US": LIST})
    assert set(written) == members(PriceOut)
    assert (written["nrc"], written["mrc"]) == (0.5, 1.2)
    first, second = written["items"]
    assert (first["tn"], first["name"], first["sms_mrc"], first["description"]) == (
        TN,
        "US",
        0.2,
        None,
    )
    # What a minute costs is the list's, though nobody has talked yet.
    assert first["voice_incoming_per_min_cost"] == 0.0085
    assert (second["name"], second["description"], second["mrc"]) == (
        str(TN + 1),
        "it is not for sale",
        0,
    )


def item(**more: Any) -> Item:
    known: dict[str, Any] = {
        "uuid": uuid(41),
        "created_on": AT,
        "modified_on": AT,
        "order_uuid": ORDER.uuid,
        "tn": TN,
        "place": 0,
        "features": ["voice", "sms", "fax"],
        "autorenew": True,
        "state": "success",
        "reason": "Complete",
        "price": price_of(LIST, BOTH).to_json(),
    }
    return Item(**{**known, **more})


def test_an_item_says_what_was_asked_and_what_became_of_it() -> None:
    written = item_out(item(), "buy")
    assert set(written) == members(ItemOut)
    assert (written["request"], written["context"]) == ({"tn": TN}, "buy")
    # What cannot be switched on is kept, but was never bought.
    assert written["features"] == ["voice", "sms"]
    assert (written["state"], written["reason"], written["tn"]["tn"]) == ("success", "Complete", TN)
    assert tells_a_secret(written) == []


def test_an_order_costs_what_it_was_priced_at_then() -> None:
    written = price_out([item(), item(tn=TN + 1, price={})])
    assert (written["nrc"], written["mrc"]) == (0.5, 1.2)
    assert written["items"][0]["sms_mrc"] == 0.2
    assert [one["tn"] for one in written["items"]] == [TN, TN + 1]
