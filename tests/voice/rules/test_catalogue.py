"""Each rule refuses what it should, and says which object, which limit and what is."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from opentact.billing.rating import Rate
from opentact.kit.ids import new_id
from opentact.voice.rules import catalogue, causes
from opentact.voice.rules.facts import OutboundFacts
from opentact.voice.rules.high_risk import HighRisk
from opentact.voice.rules.refusals import RuleObject

ACCOUNT = RuleObject("account", new_id(), "Alice")
PROFILE = RuleObject("outbound_voice_profile", new_id(), "Main")
USER = RuleObject("sip_user", new_id(), "bob")
FINE = OutboundFacts(
    ACCOUNT,
    PROFILE,
    "12025550123",
    country="US",
    countries=frozenset({"US"}),
    caller_is_own=True,
    caller_id="12025550100",
    rate=Rate(Decimal("0.01")),
)
PREMIUM = HighRisk("1900", "premium", "US", "a table")


def test_a_call_within_all_limits_is_let_out() -> None:
    assert list(catalogue.refusals(catalogue.ALL, FINE)) == []


@pytest.mark.parametrize(
    ("changes", "rule", "kind", "limit", "present"),
    [
        ({"digits": "911"}, "emergency", "platform", "no emergency numbers", "911"),
        ({"digits": "1933"}, "emergency", "platform", "no emergency numbers", "1933"),
        ({"profile_active": False}, "is_active", PROFILE.kind, "true", "false"),
        ({"country": "CU"}, "countries", PROFILE.kind, "US", "CU"),
        ({"country": None}, "countries", PROFILE.kind, "US", "?"),
        ({"countries": frozenset()}, "countries", PROFILE.kind, "none", "US"),
        (
            {"risk": PREMIUM, "digits": "19005550123"},
            "open_prefixes",
            PROFILE.kind,
            "none opened",
            "1900 premium",
        ),
        (
            {"caller_is_own": False, "caller_id": ""},
            "caller_id",
            "account",
            "numbers of the account",
            "none",
        ),
        ({"rate": None, "deck": "Deck 7"}, "rate_deck", "rate_deck", "a known prefix", FINE.digits),
        ({"max_rate": Decimal("0.009")}, "max_rate", PROFILE.kind, "0.00900", "0.01000"),
        ({"channel_limit": 10, "channels": 10}, "channel_limit", PROFILE.kind, "10", "10"),
        (
            {"account_channel_limit": 3, "account_channels": 4},
            "channel_limit",
            "account",
            "3",
            "4",
        ),
        (
            {"daily_spend_limit": Decimal(5), "spent": Decimal("4.995")},
            "daily_spend_limit",
            PROFILE.kind,
            "5.00000",
            "4.99500",
        ),
        (
            {"user": USER, "user_limit": 60, "user_calls": 60},
            "user_calls_per_minute",
            "sip_user",
            "60",
            "60",
        ),
    ],
)
def test_a_rule_refuses_with_its_object_limit_and_present_value(
    changes: dict[str, Any], rule: str, kind: str, limit: str, present: str
) -> None:
    [refused] = catalogue.refusals(catalogue.ALL, replace(FINE, **changes))
    assert (refused.rule, refused.object, refused.limit, refused.present) == (
        rule,
        kind,
        limit,
        present,
    )
    assert f"limit {limit}, now {present}" in refused.words


@pytest.mark.parametrize(
    "changes",
    [
        {"max_rate": Decimal("0.01")},
        {"channel_limit": 10, "channels": 9},
        {"daily_spend_limit": Decimal(5), "spent": Decimal("4.99")},
        {"user": USER, "user_limit": 60, "user_calls": 59},
        {"risk": PREMIUM, "digits": "19005550123", "opened": ("1900",)},
        {"risk": HighRisk("8816", "satellite", "", ""), "country": None, "opened": ("8816",),
         "digits": "881612345678"},
    ],
)  # fmt: skip
def test_a_limit_that_is_just_kept_lets_by(changes: dict[str, Any]) -> None:
    assert catalogue.first_refusal(catalogue.ALL, replace(FINE, **changes)) is None


def test_a_quote_hears_every_refusal_and_a_call_the_first() -> None:
    facts = replace(FINE, country="CU", caller_is_own=False, channel_limit=0)
    rules = [refused.rule for refused in catalogue.refusals(catalogue.ALL, facts)]
    assert rules == ["countries", "caller_id", "channel_limit"]
    first = catalogue.first_refusal(catalogue.ALL, facts)
    assert first is not None
    assert first.cause is causes.COUNTRY_CLOSED


def test_every_rule_has_a_name_and_a_sentence() -> None:
    for rule in catalogue.ALL:
        assert rule.NAME.isidentifier()
        assert rule.SAYS.endswith(".")
