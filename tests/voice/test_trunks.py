"""Trunks in memory: where a call goes out, in which order, and what is learnt from it."""

from dataclasses import replace
from random import Random
from typing import Any
from uuid import UUID

import pytest

from opentact.kit.units import Storage
from opentact.voice.sip.digest import Credentials
from opentact.voice.sip.machine import Address
from opentact.voice.trunk_health import TargetState
from opentact.voice.trunk_rows import Login, Rows
from opentact.voice.trunk_ways import (
    Route,
    Transport,
    Trunk,
    TrunkCaller,
    TrunkKind,
    TrunkTarget,
)
from opentact.voice.trunks import Guests, Trunks

ONE = TrunkTarget("192.0.2.1", 5060, priority=1)
TWO = TrunkTarget("192.0.2.2", 5060, priority=2)
NAMED = TrunkTarget("sip.example.com", 5061, Transport.TLS)
NUMBER = "12015551234"


class NoStorage:
    """A storage that may not be asked: what calls need is in memory."""

    def read(self) -> Any:
        raise AssertionError("the database was asked")

    write = read


def carrier(number: int, *routes: Route, targets: tuple[TrunkTarget, ...] = (ONE,)) -> Trunk:
    name, uuid = f"carrier {number}", UUID(int=number)
    caller = TrunkCaller(TrunkKind.CARRIER, name, uuid)
    return Trunk(
        TrunkKind.CARRIER, uuid, name, targets, keep_identity=True, routes=routes, caller=caller
    )


PBX = Trunk(
    TrunkKind.CONNECTION,
    UUID(int=100),
    "pbx",
    (ONE, TWO),
    account=UUID(int=7),
    credentials=Credentials("me", "secret"),
    caller=TrunkCaller(TrunkKind.CONNECTION, "pbx", UUID(int=100), UUID(int=7)),
)
SIMULATED = carrier(999, targets=(TrunkTarget("127.0.0.1", 5555),))


def states_of(trunks: Trunks, uuid: UUID) -> dict[TrunkTarget, TargetState]:
    """Tell the state of each target of a trunk."""
    targets = trunks.by_uuid[uuid].targets
    return {target: trunks.health(uuid, target).state for target in targets}


def trunks(*there: Trunk, **more: Any) -> Trunks:
    storage: Storage = NoStorage()
    made = Trunks(storage, lambda: 5.0, Random(3).randrange, **more)
    made.take(Rows(there))
    return made


def uris(ways: list[Any]) -> list[str]:
    return [way.uri for way in ways]


def names(ways: list[Any]) -> list[str]:
    return [way.name for way in ways]


def test_a_connections_targets_are_the_ways_to_it() -> None:
    ways = trunks(PBX).ways_to_connection(PBX.uuid, NUMBER)
    assert uris(ways) == ["sip:12015551234@192.0.2.1:5060", "sip:12015551234@192.0.2.2:5060"]
    assert ways[0].destination == Address("192.0.2.1", 5060, "udp")
    assert ways[0].credentials == Credentials("me", "secret")
    assert (ways[0].keep_identity, ways[0].trunk_uuid) == (False, PBX.uuid)
    assert ways[0].towards("100").uri == "sip:100@192.0.2.1:5060"


def test_no_way_leads_to_a_connection_that_is_not_there_nor_to_a_carrier_as_one() -> None:
    there = carrier(1, Route())
    assert trunks(PBX, there).ways_to_connection(UUID(int=5)) == []
    assert trunks(PBX, there).ways_to_connection(there.uuid) == []


def test_a_name_leads_somewhere_once_it_is_resolved() -> None:
    known = trunks(replace(PBX, targets=(NAMED,)))
    assert known.ways_to_connection(PBX.uuid)[0].destination is None
    assert known.caller_of(Address("198.51.100.4", 5061)) is None
    there = Address("198.51.100.4", 5061, "tls", 0, "sip.example.com")
    known.located({"sip:sip.example.com:5061;transport=tls": (there,)})
    assert known.ways_to_connection(PBX.uuid)[0].destination == there
    assert known.caller_of(Address("198.51.100.4", 5061)) == PBX.caller


def test_each_server_of_a_target_is_a_way_and_one_that_failed_is_the_last() -> None:
    known = trunks(replace(PBX, targets=(replace(NAMED, port=None),)))
    one, two = (Address(f"198.51.100.{n}", 5061, "tls", 0, NAMED.host) for n in (4, 5))
    known.located({"sip:sip.example.com;transport=tls": (one, two)})
    first, second = known.ways_to_connection(PBX.uuid, NUMBER)
    assert [first.destination, second.destination] == [one, two]
    known.told(first, 503)
    assert known.ways_to_connection(PBX.uuid, NUMBER) == [second, first]
    assert known.caller_of(Address("198.51.100.5", 5061)) == PBX.caller


def test_no_way_leads_a_customer_to_where_it_may_not_reach() -> None:
    known = trunks(PBX, may_reach=lambda host: host != ONE.host)
    assert uris(known.ways_to_connection(PBX.uuid, "100")) == ["sip:100@192.0.2.2:5060"]
    known = trunks(PBX, carrier(1, Route()), may_reach=lambda _host: False)
    assert known.ways_to_connection(PBX.uuid, "100") == []
    assert known.why_no_way(PBX.uuid) == (
        "192.0.2.1 is no public address, and the setting sip_networks does not name it"
    )
    # The operator's own carriers may be anywhere, and what is not there has no reason.
    assert names(known.ways_out(1, NUMBER)) == ["carrier 1"]
    assert known.why_no_way(UUID(int=5)) is None


@pytest.mark.parametrize(
    ("number", "product", "expected"),
    [
        ("12015551234", 1, ["jersey", "america", "world"]),
        ("+12015551234", 1, ["jersey", "america", "world"]),
        ("13035551234", 1, ["america", "world"]),
        ("4930123456", 1, ["world"]),
        ("13035551234", 2, ["premium", "america", "world"]),
        ("13035551234", None, ["america", "world"]),
    ],
)
def test_the_longest_prefix_of_the_product_goes_first(
    number: str, product: int | None, expected: list[str]
) -> None:
    known = trunks(
        replace(carrier(1, Route("", 5)), name="world"),
        replace(carrier(2, Route("1", 10)), name="america"),
        replace(carrier(3, Route("1201", 20)), name="jersey"),
        replace(carrier(4, Route("1", 90, product=2)), name="premium"),
    )
    assert names(known.ways_out(product, number)) == expected


def test_a_carrier_comes_once_by_its_longest_prefix() -> None:
    twice, other = carrier(1, Route("1201", 20), Route("1", 5)), carrier(2, Route("1", 10))
    assert names(trunks(twice, other).ways_out(1, NUMBER)) == ["carrier 1", "carrier 2"]


def test_equal_prefixes_go_by_the_routes_priority() -> None:
    known = trunks(carrier(1, Route("1", 20)), carrier(2, Route("1", 10)))
    assert names(known.ways_out(1, NUMBER)) == ["carrier 2", "carrier 1"]


def test_calls_out_name_the_number_in_e164_and_trust_carriers_with_the_caller() -> None:
    [way] = trunks(carrier(1, Route())).ways_out(1, NUMBER)
    assert (way.uri, way.keep_identity) == ("sip:+12015551234@192.0.2.1:5060", True)


def test_the_simulated_carrier_carries_everything_while_there_is_no_other() -> None:
    assert names(trunks(PBX, simulated=SIMULATED).ways_out(1, NUMBER)) == ["carrier 999"]


def test_beside_a_real_carrier_the_simulated_one_gets_fictional_numbers_only() -> None:
    known = trunks(carrier(1, Route()), simulated=SIMULATED)
    assert names(known.ways_out(1, NUMBER)) == ["carrier 1"]
    assert names(known.ways_out(1, "12025550142")) == ["carrier 999"]
    assert names(known.ways_out(1, "12025550242")) == ["carrier 1"]


def test_nobody_carries_what_no_route_names() -> None:
    assert trunks(carrier(1, Route("44"))).ways_out(1, NUMBER) == []


def test_a_target_that_fails_calls_is_passed_over_and_told_of() -> None:
    turns = []
    known = trunks(PBX, on_turn=lambda *turn: turns.append(turn))
    first, second = known.ways_to_connection(PBX.uuid)
    known.told(second, 486)
    for _ in range(3):
        known.told(first, None)
    assert known.ways_to_connection(PBX.uuid) == [second]
    assert states_of(known, PBX.uuid) == {ONE: TargetState.DOWN, TWO: TargetState.UP}
    assert [(trunk.name, target, turned.after) for trunk, target, turned in turns] == [
        ("pbx", TWO, TargetState.UP),
        ("pbx", ONE, TargetState.DOWN),
    ]
    assert turns[1][2].reason == "no answer to a call, the 3rd failure in a row"


def test_with_every_target_down_they_are_tried_all_the_same() -> None:
    known = trunks(PBX)
    ways = known.ways_to_connection(PBX.uuid)
    for way in ways * 3:
        known.told(way, 503)
    assert known.ways_to_connection(PBX.uuid) == ways


def test_health_survives_a_change_of_other_things_but_not_of_the_target() -> None:
    known = trunks(PBX)
    first = known.ways_to_connection(PBX.uuid)[0]
    for _ in range(3):
        known.told(first, 503)
    known.take(Rows((replace(PBX, name="renamed"),)))
    assert known.health(PBX.uuid, ONE).state is TargetState.DOWN
    known.take(Rows((replace(PBX, targets=(TWO,)),)))
    known.told(first, 503)  # a call that was under way; its target is gone
    assert states_of(known, PBX.uuid) == {TWO: TargetState.UNKNOWN}


def test_who_calls_is_told_by_address_and_guests_come_last() -> None:
    known = trunks(PBX, carrier(1), guests=Guests(last=("127.0.0.0/8",)))
    assert known.caller_of(Address("192.0.2.2", 6000)) == PBX.caller
    # The carrier has the first target as well, and nobody takes a carrier's calls.
    found = known.caller_of(Address("192.0.2.1", 6000))
    assert found is not None
    assert found.name == "carrier 1"
    assert known.caller_of(Address("198.51.100.9", 5060)) is None
    local = known.caller_of(Address("127.0.0.1", 40000))
    assert local is not None
    assert (local.kind, local.uuid) == (TrunkKind.CARRIER, None)


def test_a_login_is_found_by_its_name() -> None:
    assert PBX.caller
    known = trunks()
    known.take(Rows((PBX,), (Login("pbx7", "secret", PBX.caller),)))
    found = known.login("pbx7")
    assert found is not None
    assert found.caller is PBX.caller
    assert known.login("nobody") is None


def test_a_change_is_told_to_whoever_keeps_the_trunks_alive() -> None:
    changed: list[int] = []
    known = trunks(PBX, on_change=lambda: changed.append(1))
    known.take(Rows())
    assert len(changed) == 2
