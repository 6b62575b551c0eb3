"""Where targets are: addresses in the order to try, and those that customers may not reach."""

from ipaddress import ip_address
from uuid import UUID

import pytest

from opentact.voice.sip.machine import Address
from opentact.voice.trunk_places import AVOID_S, MOST_SERVERS, Places, is_address, names_of
from opentact.voice.trunk_ways import Transport, Trunk, TrunkKind, TrunkTarget

NAMED = TrunkTarget("sip.example.com", None)
URI = "sip:sip.example.com"
FIRST, SECOND = Address("192.0.2.1", 5060), Address("192.0.2.2", 5070)


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def public(host: str) -> bool:
    return not ip_address(host).is_private or host.startswith("192.0.2.")


def trunk(target: TrunkTarget, kind: TrunkKind = TrunkKind.CONNECTION) -> Trunk:
    return Trunk(kind, UUID(int=1), "pbx", (target,))


def known(*servers: Address, clock: Clock | None = None) -> Places:
    places = Places(clock or Clock(), public)
    places.learn({URI: servers})
    return places


@pytest.mark.parametrize(
    ("target", "address"),
    [
        (TrunkTarget("192.0.2.7", 5070), Address("192.0.2.7", 5070)),
        (TrunkTarget("192.0.2.7", None), Address("192.0.2.7", 5060)),
        (TrunkTarget("192.0.2.7", None, Transport.TLS), Address("192.0.2.7", 5061, "tls")),
    ],
)
def test_an_address_is_called_at_its_port_or_the_usual_one(
    target: TrunkTarget, address: Address
) -> None:
    assert Places(Clock()).of(target) == (address,)


def test_names_are_asked_for_as_uris_and_addresses_are_not() -> None:
    targets = [NAMED, TrunkTarget("a.example", 5061, Transport.TLS), TrunkTarget("192.0.2.7", 5060)]
    assert names_of(targets, ["switch.example", "192.0.2.9"]) == {
        URI,
        "sip:a.example:5061;transport=tls",
        "sip:switch.example",
    }


def test_all_servers_of_a_domain_are_tried_and_no_more_than_a_call_has_time_for() -> None:
    many = [Address(f"192.0.2.{each}", 5060) for each in range(1, 20)]
    assert known(*many).open_to(trunk(NAMED), NAMED) == tuple(many[:MOST_SERVERS])


@pytest.mark.parametrize("status", [None, 408, 503])
def test_a_server_that_failed_is_put_last_for_a_while(status: int | None) -> None:
    clock = Clock()
    places = known(FIRST, SECOND, clock=clock)
    places.told(FIRST, status)
    assert places.in_order((FIRST, SECOND)) == (SECOND, FIRST)
    clock.now += AVOID_S
    assert places.in_order((FIRST, SECOND)) == (FIRST, SECOND)


def test_a_server_that_answers_again_has_its_place_back() -> None:
    places = known(FIRST, SECOND)
    places.told(FIRST, None)
    places.told(FIRST, 486)
    assert places.in_order((FIRST, SECOND)) == (FIRST, SECOND)


def test_what_failed_is_forgotten_with_its_name() -> None:
    places = known(FIRST, SECOND)
    places.told(FIRST, None)
    places.learn({})
    places.learn({URI: (FIRST, SECOND)})
    assert places.in_order((FIRST, SECOND)) == (FIRST, SECOND)


def test_customers_do_not_reach_private_addresses_by_name_or_number() -> None:
    inside = Address("10.0.0.5", 5060)
    places = known(inside, FIRST)
    assert places.open_to(trunk(NAMED), NAMED) == (FIRST,)
    literal = TrunkTarget("10.0.0.5", 5060)
    assert places.open_to(trunk(literal), literal) == ()
    assert places.why_not(trunk(literal), literal) == (
        "10.0.0.5 is no public address, and the setting sip_networks does not name it"
    )
    carrier = trunk(literal, TrunkKind.CARRIER)
    assert places.open_to(carrier, literal) == (inside,)


def test_a_name_that_leads_inside_is_refused_with_both() -> None:
    places = known(Address("10.0.0.5", 5060))
    assert places.why_not(trunk(NAMED), NAMED).startswith("sip.example.com (10.0.0.5) is no public")


def test_a_name_that_leads_nowhere_says_so() -> None:
    assert known().why_not(trunk(NAMED), NAMED) == "sip.example.com has no address that is known"


def test_a_host_that_calls_come_from_is_all_its_addresses() -> None:
    places = Places(Clock())
    places.learn({"sip:pbx.example": (FIRST, FIRST._replace(port=5080), SECOND)})
    assert places.of_host("pbx.example") == (FIRST.host, SECOND.host)
    assert places.of_host("other.example") == ()


def test_an_address_is_told_from_a_name() -> None:
    assert is_address("2001:db8::1")
    assert not is_address("pbx.example")
