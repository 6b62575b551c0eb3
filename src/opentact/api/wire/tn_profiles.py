"""TN profiles and special prices as the wire spells them (spec/04; spec/11 D-3)."""

from typing import Any

from typing_extensions import TypedDict

from opentact.kit.clock import stamp
from opentact.numbers.countries import countries
from opentact.numbers.profiles import Prices, TnProfile, TnSpecialPrice

from .dictionaries import write_country
from .numbers import price_list_out


class TnProfileOut(TypedDict, total=False):
    """A price list or screening lists; every price of spec/04 is a further member."""

    uuid: str
    name: str
    description: str | None
    created_on: str
    modified_on: str
    is_active: bool
    priority: str
    tn_provider: dict[str, Any]
    toll_free: bool
    country: dict[str, Any]
    blacklist: list[str]
    whitelist: list[str]
    nrc: float
    mrc: float
    expired_on: str | None


def profile_out(profile: TnProfile, prices: Prices | None = None) -> dict[str, Any]:
    """Write a profile, with the prices of another list where it has none of its own."""
    country = countries().get(profile.country)
    out: dict[str, Any] = {
        "uuid": str(profile.uuid),
        "name": profile.name,
        "description": profile.description,
        "created_on": stamp(profile.created_on),
        "modified_on": stamp(profile.modified_on),
        "is_active": profile.is_active,
        "priority": profile.priority,
        "tn_provider": {"name": profile.provider, "toll_free": profile.toll_free},
        "register_provider": None,
        "toll_free": profile.toll_free,
        "tn_search_validator": "^[0-9*%]{1,32}$",
        "tn_search_placeholder": "*233",
        "tn_search_tooltip": "* stands for any run of digits, % for one",
        "country": {**write_country(country)} if country else None,
        "blacklist": profile.blacklist,
        "whitelist": profile.whitelist,
        **price_list_out(prices or profile),
    }
    for feature in ("sms", "mms", "voice", "fax", "emergency"):
        works = feature in {"sms", "voice"}
        out[f"{feature}_provider"] = {"name": profile.provider} if works else None
    return out


def special_price_out(price: TnSpecialPrice) -> dict[str, Any]:
    """Write a special price."""
    out: dict[str, Any] = {
        "uuid": str(price.uuid),
        "name": price.name,
        "description": price.description,
        "created_on": stamp(price.created_on),
        "modified_on": stamp(price.modified_on),
        "is_active": True,
        "expired_on": stamp(price.expired_on) if price.expired_on else None,
        **price_list_out(price),
    }
    return out
