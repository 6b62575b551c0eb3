"""Whom a node listens to."""

from ipaddress import ip_network

from opentact.voice.edge import Edge
from opentact.voice.sip.machine import Address


def test_an_edge_knows_its_carriers() -> None:
    edge = Edge("n", "127.0.0.1", (ip_network("192.0.2.0/24"), ip_network("fe80::/10")))
    assert edge.caller_of(Address("192.0.2.7", 5060))
    assert edge.caller_of(Address("fe80::1%eth0", 5060))
    assert not edge.caller_of(Address("192.0.3.7", 5060))
