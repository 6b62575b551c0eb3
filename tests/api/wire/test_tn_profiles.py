"""How price lists, screening lists and special prices are spelt."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from opentact.api.wire.tn_profiles import (
    SpecialPriceOut,
    TnProfileOut,
    profile_out,
    special_price_out,
)
from opentact.numbers.profiles import TnProfile, TnSpecialPrice
from support.samples import ACCOUNT, AT, uuid
from support.shapes import members, tells_a_secret


def profile(**more: Any) -> TnProfile:
    made: dict[str, Any] = {"name": "US", "mrc": Decimal(1), "created_on": AT, "modified_on": AT}
    return TnProfile(uuid=uuid(90), **{**made, **more})


def test_a_price_list_has_every_member_that_is_documented() -> None:
    written = profile_out(profile(description="Local numbers"))
    assert set(written) == members(TnProfileOut)
    assert (written["uuid"], written["name"], written["mrc"]) == (str(uuid(90)), "US", 1.0)
    assert written["country"]["a2"] == "US"
    assert (written["blacklist"], written["whitelist"]) == ([], [])
    assert tells_a_secret(written) == []


def test_providers_are_named_for_what_works_and_null_for_the_rest() -> None:
    written = profile_out(profile(provider="own", toll_free=True))
    features = ("voice", "sms", "mms", "fax", "emergency")
    providers = {name: written[f"{name}_provider"] for name in features}
    assert providers == {
        "voice": {"name": "own"},
        "sms": {"name": "own"},
        "mms": None,
        "fax": None,
        "emergency": None,
    }
    assert written["tn_provider"] == {"name": "own", "toll_free": True}


def test_screening_lists_show_the_usual_prices() -> None:
    mine = profile(account_uuid=ACCOUNT.uuid, name="quiet", mrc=Decimal(0), blacklist=["1212*"])
    written = profile_out(mine, profile())
    assert (written["name"], written["mrc"], written["blacklist"]) == ("quiet", 1.0, ["1212*"])


def test_a_country_that_is_none_is_null() -> None:
    assert profile_out(profile(country="ZZ"))["country"] is None


@pytest.mark.parametrize(
    ("ends", "written_as"),
    [(None, None), (AT + timedelta(days=1), "2024-02-21T16:41:44.795Z")],
)
def test_a_special_price_says_when_it_ends(ends: Any, written_as: str | None) -> None:
    price = TnSpecialPrice(
        uuid=uuid(91),
        account_uuid=ACCOUNT.uuid,
        name="US",
        mrc=Decimal("0.75"),
        expired_on=ends,
        created_on=AT,
        modified_on=AT,
    )
    written = special_price_out(price)
    assert set(written) == members(SpecialPriceOut)
    assert (written["mrc"], written["expired_on"]) == (0.75, written_as)
