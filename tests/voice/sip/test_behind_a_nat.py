"""Calls with peers whose addresses lead nowhere: BYE goes where they were heard."""

import pytest

from opentact.voice.sip.agent import Agent
from opentact.voice.sip.effects import Incoming, Transmit
from opentact.voice.sip.machine import Address
from opentact.voice.sip.routing import Identity
from voice.sip.samples import SDP, read_request, read_response, request


def bye_of(source: Address, via: str, contact: str) -> Address:
    """Answer a caller, hang up, and tell where the BYE goes."""
    ua = Agent(Identity("203.0.113.1", 5060), lambda: "ours")
    lines = {"via": via, "without": "Contact", "body": SDP}
    effects = ua.datagram(request("INVITE", f"Contact: <{contact}>", **lines), source, 0.0)  # type: ignore[arg-type]
    (call,) = [effect.call for effect in effects if isinstance(effect, Incoming)]
    call.answer(SDP, 0.0)
    (answer,) = [each for each in ua.effects() if isinstance(each, Transmit)]
    tag = read_response(answer.data).recipient.tag or ""
    ack = request("ACK", via=via.replace("one", "ack"), to_tag=tag)
    ua.datagram(ack, source, 0.1)
    call.hangup(1.0)
    (bye,) = [each for each in ua.effects() if isinstance(each, Transmit)]
    assert read_request(bye.data).method == "BYE"
    return bye.peer


NAT = Address("198.51.100.7", 32101)


@pytest.mark.parametrize(
    ("contact", "via_host"),
    [
        ("sip:ann@192.168.1.20:5060", "192.168.1.20:5060"),
        ("sip:ann@192.168.1.20:5062;transport=UDP", "192.168.1.20:5062"),
        ("sip:ann@10.1.2.3", "pc7.home.example"),
        ("sip:ann@100.64.3.4", "198.51.100.7"),  # carrier-grade NAT that rewrites Via
        ("sip:ann@[fe80::1]", "[fe80::1]"),
        ("sip:ann@0.0.0.0:5060", "0.0.0.0:5060"),
        ("sip:ann@127.0.0.1:5060", "127.0.0.1:5060"),
        ("sip:ann@pc7.home.example", "pc7.home.example"),
    ],
)
def test_a_caller_behind_a_nat_gets_its_bye(contact: str, via_host: str) -> None:
    via = f"SIP/2.0/UDP {via_host};branch=z9hG4bKone;rport"
    assert bye_of(NAT, via, contact) == NAT


def test_a_caller_that_sends_from_elsewhere_is_still_reached_where_it_says() -> None:
    via = "SIP/2.0/UDP 198.51.100.7;branch=z9hG4bKone"
    assert bye_of(NAT, via, "sip:ann@198.51.100.99:5070") == Address("198.51.100.99", 5070)


def test_a_caller_on_our_own_network_is_reached_where_it_says() -> None:
    source = Address("192.168.1.20", 5060)
    via = "SIP/2.0/UDP 192.168.1.20;branch=z9hG4bKone"
    assert bye_of(source, via, "sip:ann@192.168.1.30:5070") == Address("192.168.1.30", 5070)


@pytest.mark.parametrize("transport", ["tcp", "tls", "ws", "wss"])
def test_a_caller_by_a_connection_gets_its_bye_by_that_connection(transport: str) -> None:
    source = Address("198.51.100.7", 32101, transport, 9)
    via = f"SIP/2.0/{transport.upper()} 192.168.1.20:40001;branch=z9hG4bKone"
    bye = bye_of(source, via, f"sip:ann@192.168.1.20:40001;transport={transport}")
    assert (bye.transport, bye.flow) == (transport, 9)
    named = bye_of(source, via, f"sip:x@df7jal23ls0d.invalid;transport={transport}")
    assert named == source
    same = bye_of(source, via, f"sip:ann@198.51.100.7;transport={transport}")
    assert (same.transport, same.flow) == (transport, 9)
