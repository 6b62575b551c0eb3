"""Limits of calls, and what refuses them, as the wire spells them."""

from decimal import Decimal
from typing import Any

from typing_extensions import TypedDict

from opentact.voice.outbound_profiles import OutboundVoiceProfile
from opentact.voice.rules.refusals import RuleRefused


class RefusalOut(TypedDict):
    """A refusal as it is written; `limit` and `present` are text, in the rule's unit."""

    cause: str
    rule: str
    object: str
    object_uuid: str | None
    object_name: str | None
    limit: str
    present: str
    message: str


class PriceOut(TypedDict):
    """The quote. Rate and price are null for a number that has no price."""

    to: str
    country: str | None
    prefix: str | None
    destination: str | None
    rate: float | None
    connect_fee: float | None
    initial: int | None
    increment: int | None
    seconds: int
    billed_seconds: int | None
    price: float | None
    allowed: bool
    refusals: list[RefusalOut]


class LimitsOut(TypedDict):
    """The limits of an outbound voice profile; null is no limit."""

    channel_limit: int | None
    max_rate: float | None
    daily_spend_limit: float | None
    calls_per_second: int | None
    user_calls_per_minute: int | None
    countries: list[str] | None
    open_prefixes: list[str]


def limits_out(profile: OutboundVoiceProfile) -> LimitsOut:
    """Write the profile's limits."""
    return {
        "channel_limit": profile.channel_limit,
        "max_rate": dollars_out(profile.max_rate),
        "daily_spend_limit": dollars_out(profile.daily_spend_limit),
        "calls_per_second": profile.calls_per_second,
        "user_calls_per_minute": profile.user_calls_per_minute,
        "countries": profile.countries,
        "open_prefixes": profile.open_prefixes,
    }


def refusal_out(refused: RuleRefused) -> RefusalOut:
    """Write a refusal."""
    told: Any = refused.as_dict()
    out: RefusalOut = told
    return out


def dollars_out(amount: Decimal | None) -> float | None:
    """Write an amount as a JSON number, or null."""
    return None if amount is None else float(amount)
