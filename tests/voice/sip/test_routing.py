import pytest

from opentact.voice.sip.headers import Via
from opentact.voice.sip.machine import Address
from opentact.voice.sip.routing import Identity, address_of, next_hop, reply_address

SOURCE = Address("192.0.2.9", 1024)


@pytest.mark.parametrize(
    ("via", "address"),
    [
        ("SIP/2.0/UDP 10.0.0.1", Address("192.0.2.9", 5060)),
        ("SIP/2.0/UDP 10.0.0.1:5070", Address("192.0.2.9", 5070)),
        ("SIP/2.0/UDP 10.0.0.1:5070;rport", SOURCE),
        ("SIP/2.0/UDP 10.0.0.1:5070;rport=1024;received=192.0.2.9", SOURCE),
        ("SIP/2.0/UDP 10.0.0.1:5070;maddr=203.0.113.5", Address("203.0.113.5", 5070)),
        ("SIP/2.0/UDP 10.0.0.1:5070;maddr=239.1.1.1", Address("192.0.2.9", 5070)),
        ("SIP/2.0/UDP 10.0.0.1:5070;maddr=example.com", Address("192.0.2.9", 5070)),
    ],
)
def test_a_response_goes_where_the_via_says(via: str, address: Address) -> None:
    assert reply_address(Via.parse(via), SOURCE) == address


@pytest.mark.parametrize(
    ("uri", "address"),
    [
        ("sip:a@192.0.2.1", Address("192.0.2.1", 5060)),
        ("sip:a@192.0.2.1:5070", Address("192.0.2.1", 5070)),
        ("sip:a@[2001:db8::1]:5070", Address("2001:db8::1", 5070)),
        ("sip:a@localhost", Address("127.0.0.1", 5060)),
        ("sip:a@example.com;maddr=192.0.2.1", Address("192.0.2.1", 5060)),
        ("sip:a@example.com", None),
        ("tel:+12015550100", None),
        ("sip:a@999.1.1.1", None),
    ],
)
def test_only_addresses_lead_somewhere(uri: str, address: Address | None) -> None:
    assert address_of(uri) == address


def test_without_routes_a_request_goes_to_its_target() -> None:
    assert next_hop("sip:t@x", ()) == ("sip:t@x", (), "sip:t@x")


def test_a_loose_route_is_a_header() -> None:
    routes = ("<sip:p1;lr>", "<sip:p2;lr>")
    assert next_hop("sip:t@x", routes) == ("sip:t@x", routes, "sip:p1;lr")


def test_a_strict_route_takes_the_place_of_the_target() -> None:
    routes = ("<sip:p1>", "<sip:p2;lr>")
    expected = ("sip:p1", ("<sip:p2;lr>", "<sip:t@x>"), "sip:p1")
    assert next_hop("sip:t@x", routes) == expected


def test_ipv6_is_written_in_brackets() -> None:
    me = Identity("2001:db8::1", 5060)
    assert me.contact == "<sip:[2001:db8::1]:5060>"
    assert Via.parse(me.via("z9hG4bK1")).host == "[2001:db8::1]"
