"""The three bodies that an order has had, said in our own words."""

from typing import Any

import pytest
from pydantic import ValidationError

from opentact.api.order_bodies import OldOrder, OrderNew
from opentact.kit.faults import BadRequest
from opentact.numbers.features import Feature
from opentact.numbers.orders import MOST_ITEMS, Wish
from support.numbers import FIRST

BOTH = (Feature.VOICE, Feature.SMS)
ITEM: dict[str, Any] = {"tn": FIRST, "features": ["sms", "voice"], "autorenew": False}


def old(**body: Any) -> list[Wish]:
    return OldOrder.model_validate(body).wishes()


def test_the_order_of_features_is_ours_whatever_was_sent() -> None:
    assert OrderNew.model_validate({"items": [ITEM]}).wishes() == [
        Wish(FIRST, BOTH, autorenew=False)
    ]


def test_a_number_may_be_written_as_text_with_a_plus() -> None:
    for written in (FIRST, str(FIRST), f"+{FIRST}"):
        [wish] = OrderNew.model_validate({"items": [{**ITEM, "tn": written}]}).wishes()
        assert wish.tn == FIRST


def test_the_switches_of_2020_hold_for_every_number() -> None:
    assert old(tns=[FIRST, FIRST + 1], sms="false") == [
        Wish(FIRST, (Feature.VOICE,), autorenew=True),
        Wish(FIRST + 1, (Feature.VOICE,), autorenew=True),
    ]


def test_the_items_of_2021_have_their_own_and_may_name_features() -> None:
    [switched, named] = old(
        items=[{"tn": FIRST, "voice": False, "autorenew": False}, {"tn": FIRST + 1, **ITEM}]
    )
    assert switched == Wish(FIRST, (Feature.SMS,), autorenew=False)
    assert named == Wish(FIRST, BOTH, autorenew=False)


@pytest.mark.parametrize("body", [{}, {"tns": [FIRST], "items": [{"tn": FIRST}]}])
def test_numbers_stand_in_one_place_only(body: dict[str, Any]) -> None:
    with pytest.raises(BadRequest) as refused:
        old(**body)
    assert set(refused.value.fields or {}) == {"params.tns", "params.items"}


@pytest.mark.parametrize(
    "item",
    [
        {**ITEM, "tn": "nonsense"},
        {**ITEM, "tn": True},
        {**ITEM, "tn": 10**30},
        {**ITEM, "features": ["fax"]},
        {**ITEM, "features": ["sms"] * 3},
        {**ITEM, "autorenew": "yes"},
        {"tn": FIRST},
    ],
)
def test_a_wrong_item_is_refused(item: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        OrderNew.model_validate({"items": [item]})


def test_an_order_has_some_numbers_and_not_too_many() -> None:
    for count in (0, MOST_ITEMS + 1):
        with pytest.raises(ValidationError):
            OrderNew.model_validate({"items": [ITEM] * count})
    with pytest.raises(ValidationError):
        old(tns=[FIRST] * (MOST_ITEMS + 1))


def test_what_was_asked_is_echoed_with_the_usual_values() -> None:
    assert OldOrder.model_validate({"tns": [FIRST], "sms": False}).request() == {
        "tns": [FIRST],
        "profile": "US",
        "voice": True,
        "sms": False,
        "mms": False,
        "fax": False,
        "emergency": False,
        "autorenew": True,
    }
