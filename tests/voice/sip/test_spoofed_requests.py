"""Requests of somebody who has learnt the tags of a call: refused, in words, and harmless."""

import pytest

from opentact.voice.sip.agent import FROM_ELSEWHERE, Agent
from opentact.voice.sip.effects import Dropped, Effect, HungUp, Incoming, Told, Transmit
from opentact.voice.sip.incoming import IncomingCall
from opentact.voice.sip.machine import Address
from opentact.voice.sip.outgoing import Invitation
from opentact.voice.sip.routing import Identity
from voice.sip.samples import PEER, SDP, read_request, read_response, request, response
from voice.sip.wire import words

THIEF = Address("198.51.100.66", 5060)


def agent(*kin: Address) -> Agent:
    return Agent(
        Identity("192.0.2.2", 5060),
        words("ours"),
        kin=lambda one, other: {one.host, other.host} <= {each.host for each in kin},
    )


def established(ua: Agent, *, via: str | None = None, more: tuple[str, ...] = ()) -> IncomingCall:
    effects = ua.datagram(request("INVITE", *more, body=SDP, via=via), PEER, 0.0)
    (call,) = [effect.call for effect in effects if isinstance(effect, Incoming)]
    call.answer(SDP, 0.0)
    ua.effects()
    ua.datagram(request("ACK", branch="z9hG4bKack", to_tag=call.local_tag), PEER, 0.1)
    return call


def within(method: str, call: IncomingCall) -> bytes:
    return request(method, branch=f"z9hG4bK{method}", to_tag=call.local_tag, number=2, body=SDP)


def statuses(effects: list[Effect]) -> list[tuple[int, str]]:
    answers = [read_response(each.data) for each in effects if isinstance(each, Transmit)]
    return [(each.status, each.phrase) for each in answers]


def ends(effects: list[Effect]) -> bool:
    return any(isinstance(each, Told) and isinstance(each.event, HungUp) for each in effects)


@pytest.mark.parametrize("method", ["BYE", "INVITE", "UPDATE", "INFO"])
def test_who_is_not_the_peer_is_refused_and_the_call_goes_on(method: str) -> None:
    ua = agent()
    call = established(ua)
    effects = ua.datagram(within(method, call), THIEF, 1.0)
    assert statuses(effects) == [(403, "Forbidden: this call is with another address")]
    assert [each.reason for each in effects if isinstance(each, Dropped)] == [FROM_ELSEWHERE]
    assert not [each for each in effects if isinstance(each, Told)]
    assert call.peer == PEER
    assert ends(ua.datagram(within("BYE", call), PEER, 2.0)), "the number was not used up"


def test_an_ack_from_elsewhere_moves_no_call() -> None:
    ua = agent()
    effects = ua.datagram(request(body=SDP), PEER, 0.0)
    (call,) = [effect.call for effect in effects if isinstance(effect, Incoming)]
    call.answer(SDP, 0.0)
    ua.effects()
    ack = request("ACK", branch="z9hG4bKack", to_tag=call.local_tag)
    assert ua.datagram(ack, THIEF, 0.1) == [Dropped(FROM_ELSEWHERE)]
    assert call.peer == PEER
    ua.datagram(ack, PEER, 0.2)
    call.hangup(1.0)
    (bye,) = [each for each in ua.effects() if isinstance(each, Transmit)]
    assert (read_request(bye.data).method, bye.peer.host) == ("BYE", PEER.host)


@pytest.mark.parametrize(
    "source",
    [
        Address(PEER.host, 61000),  # a NAT gave it another port
        Address("192.0.2.77", 5060),  # its Contact: the INVITE came through a proxy
        Address("192.0.2.78", 5060),  # a proxy that asked to stay in the path
        Address("203.0.113.5", 40000),  # where the proxy heard the caller, behind a NAT
        Address("192.0.2.79", 5060),  # another server of the same trunk
    ],
)
def test_the_peer_hangs_up_from_wherever_it_may_be(source: Address) -> None:
    ua = agent(PEER, Address("192.0.2.79", 5060))
    via = (
        "SIP/2.0/UDP 192.0.2.9:5062;branch=z9hG4bKone,"
        " SIP/2.0/UDP 10.0.0.7;branch=z9hG4bKtwo;received=203.0.113.5"
    )
    routes = ("Record-Route: <sip:192.0.2.78;lr>",)
    call = established(ua, via=via, more=routes)
    assert call.dialog is not None
    call.dialog.target = "sip:ann@192.0.2.77"
    assert ends(ua.datagram(within("BYE", call), source, 1.0))


def test_whom_we_called_is_held_to_the_same() -> None:
    ua = agent()
    invitation = Invitation("sip:ann@192.0.2.9:5062", "sip:ann@192.0.2.9", "sip:b@192.0.2.2", SDP)
    call = ua.invite(invitation, 0.0)
    (invite,) = [each for each in ua.effects() if isinstance(each, Transmit)]
    sent = read_request(invite.data)
    answer = response(200, branch=sent.via.branch or "", body=SDP)
    answer = answer.replace(b"call-1", sent.call_id.encode()).replace(
        b"tag=ours", f"tag={call.local_tag}".encode()
    )
    ua.datagram(answer, PEER, 0.1)
    bye = request("BYE", to_tag=call.local_tag, call_id=sent.call_id)
    assert statuses(ua.datagram(bye, THIEF, 1.0)) == [
        (403, "Forbidden: this call is with another address")
    ]
    assert ends(ua.datagram(bye, Address(PEER.host, 50000), 1.0))
