import pytest

from opentact.voice.sip.headers import Via
from opentact.voice.sip.machine import Address
from opentact.voice.sip.routing import (
    Identity,
    address_of,
    carried_by,
    hidden_host,
    next_hop,
    reply_address,
    way_to,
)

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


@pytest.mark.parametrize(
    ("uri", "port", "transport"),
    [
        ("sip:a@192.0.2.1;transport=tcp", 5060, "tcp"),
        ("sip:a@192.0.2.1;TRANSPORT=UDP", 5060, "udp"),
        ("sip:a@192.0.2.1;transport=TLS", 5061, "tls"),
        ("sip:a@192.0.2.1:9;transport=Ws", 9, "ws"),
        ("sips:a@192.0.2.1", 5061, "tls"),
        ("sips:a@192.0.2.1;transport=tcp", 5061, "tls"),
        ("sips:a@192.0.2.1;transport=ws", 443, "wss"),
    ],
)
def test_a_uri_says_by_which_transport(uri: str, port: int, transport: str) -> None:
    assert address_of(uri) == Address("192.0.2.1", port, transport)


def test_a_transport_nobody_speaks_leads_nowhere() -> None:
    assert address_of("sip:a@192.0.2.1;transport=sctp") is None


def test_a_response_goes_back_on_its_connection_or_to_the_port_of_via() -> None:
    source = Address("192.0.2.9", 40000, "tcp", 7)
    via = Via.parse("SIP/2.0/TCP 10.0.0.1:5070;rport;maddr=203.0.113.5")
    assert reply_address(via, source) == Address("192.0.2.9", 5070, "tcp", 7)
    bare = Via.parse("SIP/2.0/TLS 10.0.0.1")
    assert reply_address(bare, source._replace(transport="tls")).port == 5061


FLOW = Address("203.0.113.9", 40000, "tcp", 7)


@pytest.mark.parametrize(
    ("uri", "peer", "hidden", "way"),
    [
        # A peer that can be reached where it says is reached there.
        ("sip:a@203.0.113.77", SOURCE, None, Address("203.0.113.77", 5060)),
        ("sip:a@10.0.0.1", Address("10.0.0.2", 5060), None, Address("10.0.0.1", 5060)),
        # Behind a NAT: a nearer network, or the host that its Via named in vain.
        ("sip:a@10.0.0.1", SOURCE, None, SOURCE),
        ("sip:a@127.0.0.1:5070", Address("10.0.0.1", 5060), None, Address("10.0.0.1", 5060)),
        ("sip:a@[fd00::1]", Address("2001:db8::1", 9), None, Address("2001:db8::1", 9)),
        ("sip:a@10.0.0.1", Address("10.0.0.2", 9), "10.0.0.1", Address("10.0.0.2", 9)),
        # Names, those that were made up among them.
        ("sip:a@df7jal23ls0d.invalid;transport=ws", FLOW, None, FLOW),
        ("sip:a@pbx.example.com", SOURCE, None, SOURCE),
        # An open connection is used again.
        ("sip:a@203.0.113.9", FLOW, None, Address("203.0.113.9", 5060, "tcp", 7)),
        ("sip:a@203.0.113.10", FLOW, None, Address("203.0.113.10", 5060)),
    ],
)
def test_a_request_in_a_dialog_reaches_its_peer(
    uri: str, peer: Address, hidden: str | None, way: Address
) -> None:
    assert way_to(uri, peer, hidden) == way


ME = Identity("192.0.2.1", 5060)


def test_the_transport_that_carries_a_request_names_itself() -> None:
    request = (
        f"INVITE sip:a@b SIP/2.0\r\nVia: {ME.via('z9hG4bK1')}\r\n"
        f"Contact: {ME.contact}\r\n\r\nSIP/2.0/UDP 192.0.2.1:5060; {ME.contact}"
    ).encode()
    carried = carried_by(request, ME, "tls", 5061).decode()
    head, body = carried.split("\r\n\r\n")
    assert head.split("\r\n")[1:] == [
        "Via: SIP/2.0/TLS 192.0.2.1:5061;branch=z9hG4bK1;rport",
        "Contact: <sip:192.0.2.1:5061;transport=tls>",
    ]
    assert body == f"SIP/2.0/UDP 192.0.2.1:5060; {ME.contact}"


def test_without_a_listener_only_via_says_so() -> None:
    request = f"INVITE sip:a@b SIP/2.0\r\nVia: {ME.via('b')}\r\nContact: {ME.contact}\r\n\r\n"
    carried = carried_by(request.encode(), ME, "tcp", None).decode()
    assert "Via: SIP/2.0/TCP 192.0.2.1:5060;" in carried
    assert f"Contact: {ME.contact}\r\n" in carried


def test_a_response_keeps_the_vias_of_others_and_names_our_contact() -> None:
    answer = (
        f"SIP/2.0 200 OK\r\nVia: {ME.via('z9hG4bK1')}\r\n"
        "Contact: <sip:ann@192.0.2.1:5060>;expires=60\r\n\r\n"
    ).encode()
    carried = carried_by(answer, ME, "ws", 8088).decode()
    assert f"Via: {ME.via('z9hG4bK1')}\r\n" in carried
    assert "Contact: <sip:ann@192.0.2.1:8088;transport=ws>;expires=60\r\n" in carried


def test_a_secured_peer_keeps_its_name() -> None:
    peer = Address("203.0.113.9", 5061, "tls", name="sip.example.com")
    assert way_to("sip:a@203.0.113.9:5071;transport=tls", peer) == peer._replace(port=5071)


@pytest.mark.parametrize(
    ("via", "host"),
    [
        ("SIP/2.0/UDP 10.0.0.1;received=192.0.2.9", "10.0.0.1"),
        ("SIP/2.0/UDP [fd00::1];received=2001:db8::1", "fd00::1"),
        ("SIP/2.0/UDP 192.0.2.9;received=192.0.2.9;rport=9", None),
        ("SIP/2.0/UDP 10.0.0.1", None),
    ],
)
def test_a_via_that_is_not_where_it_came_from_hides_a_peer(via: str, host: str | None) -> None:
    assert hidden_host(Via.parse(via)) == host
