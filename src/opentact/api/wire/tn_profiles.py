"""TN profiles and special prices as the wire spells them (spec/04; spec/11 D-3)."""

from typing import Any

from typing_extensions import TypedDict

from opentact.kit.clock import stamp
from opentact.numbers.countries import countries
from opentact.numbers.profiles import Prices, TnProfile, TnSpecialPrice

from .dictionaries import CountryOut, write_country
from .numbers import price_list_out


class PriceListOut(TypedDict):
    """Every price of a list, in dollars."""

    nrc: float
    mrc: float
    voice_nrc: float
    voice_mrc: float
    voice_incoming_per_min_cost: float
    voice_outgoing_per_min_cost: float
    sms_nrc: float
    sms_mrc: float
    sms_per_send_cost: float
    sms_per_receive_cost: float
    mms_nrc: float
    mms_mrc: float
    mms_per_send_cost: float
    mms_per_receive_cost: float
    fax_nrc: float
    fax_mrc: float
    fax_incoming_per_min_cost: float
    fax_outgoing_per_min_cost: float
    emergency_nrc: float
    emergency_mrc: float
    emergency_incoming_per_min_cost: float
    emergency_outgoing_per_min_cost: float


class TnProfileOut(PriceListOut):
    """A price list, or screening lists with the usual prices beside them."""

    uuid: str
    name: str
    description: str | None
    created_on: str
    modified_on: str
    is_active: bool
    priority: str
    tn_provider: dict[str, Any]
    register_provider: dict[str, Any] | None
    toll_free: bool
    tn_search_validator: str
    tn_search_placeholder: str
    tn_search_tooltip: str
    country: CountryOut | None
    blacklist: list[str]
    whitelist: list[str]
    voice_provider: dict[str, Any] | None
    sms_provider: dict[str, Any] | None
    mms_provider: dict[str, Any] | None
    fax_provider: dict[str, Any] | None
    emergency_provider: dict[str, Any] | None


class SpecialPriceOut(PriceListOut):
    """What the account pays instead, until `expired_on`."""

    uuid: str
    name: str
    description: str | None
    created_on: str
    modified_on: str
    is_active: bool
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
