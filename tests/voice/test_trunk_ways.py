"""Targets, their order, and what a caller's technology prefix means."""

from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentact.voice.trunk_ways import (
    Route,
    Transport,
    TrunkCaller,
    TrunkKind,
    TrunkTarget,
    ordered,
)


def target(host: str, priority: int = 10, weight: int = 100) -> TrunkTarget:
    return TrunkTarget(host, 5060, priority=priority, weight=weight)


@pytest.mark.parametrize(
    ("where", "uri"),
    [
        (TrunkTarget("192.0.2.7", 5060), "sip:+12@192.0.2.7:5060"),
        (TrunkTarget("2001:db8::7", 5062), "sip:+12@[2001:db8::7]:5062"),
        (TrunkTarget("a.example", 5061, Transport.TLS), "sip:+12@a.example:5061;transport=tls"),
    ],
)
def test_a_uri_names_place_and_transport(where: TrunkTarget, uri: str) -> None:
    assert where.uri("+12") == uri
    assert where.uri() == uri.replace("+12@", "")


def test_a_lower_priority_goes_first_whatever_the_weights() -> None:
    targets = [target("c", 20, 900), target("a", 0, 1), target("b", 10, 500)]
    assert [each.host for each in ordered(targets, Random(1).randrange)] == ["a", "b", "c"]


def test_weights_share_the_first_place_in_proportion() -> None:
    chance = Random(7)
    targets = [target("small", weight=100), target("large", weight=300)]
    firsts = Counter(ordered(targets, chance.randrange)[0].host for _ in range(4000))
    # 3 of 4, give or take five times the deviation of 4000 throws (27).
    assert 2860 < firsts["large"] < 3140


def test_weight_nought_goes_first_only_by_the_smallest_chance() -> None:
    chance = Random(7)
    targets = [target("heavy", weight=99), target("nought", weight=0)]
    firsts = Counter(ordered(targets, chance.randrange)[0].host for _ in range(2000))
    assert 1 <= firsts["nought"] < 60


@given(
    st.lists(
        st.builds(target, st.sampled_from("abcdef"), st.integers(0, 3), st.integers(0, 5)),
        unique=True,
    ),
    st.randoms(use_true_random=False),
)
def test_every_target_comes_once_and_in_order_of_priority(
    targets: list[TrunkTarget], chance: Random
) -> None:
    found = ordered(targets, chance.randrange)
    assert sorted(map(repr, found)) == sorted(map(repr, targets))
    assert [each.priority for each in found] == sorted(each.priority for each in targets)


def test_a_row_without_words_on_it_is_a_stand_in_over_udp() -> None:
    assert TrunkTarget.read({"host": "a", "port": 1}) == TrunkTarget("a", 1, Transport.UDP, 10, 100)
    assert Route.read({}) == Route("", 10, None)


def test_a_technology_prefix_is_taken_off_only_where_it_stands() -> None:
    caller = TrunkCaller(TrunkKind.CONNECTION, "pbx", tech_prefix=123456)
    assert caller.number_of("12345612015550100") == "12015550100"
    assert caller.number_of("12015550100") == "12015550100"
    assert TrunkCaller(TrunkKind.CARRIER, "c").number_of("None2015550100") == "None2015550100"
