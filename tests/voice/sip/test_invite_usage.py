"""What both sides of a call share: its alarm, its ends, and what it refuses to do twice."""

from opentact.voice.sip.agent import Agent
from opentact.voice.sip.effects import Effect, NoAck, Told, Transmit
from opentact.voice.sip.incoming import IncomingCall
from opentact.voice.sip.invite_usage import Phase
from opentact.voice.sip.message import Request
from opentact.voice.sip.parser import parse
from opentact.voice.sip.routing import Identity
from opentact.voice.sip.session_timer import EXPIRED
from voice.sip.samples import PEER, SDP, request
from voice.sip.wire import words


def answered() -> tuple[Agent, IncomingCall]:
    ua = Agent(Identity("192.0.2.2", 5060), words("ours"))
    ua.datagram(request(body=SDP), PEER, 0.0)
    (call,) = ua.core.ringing.values()
    call.answer(SDP, 0.0)
    ua.effects()
    return ua, call


def byes(effects: list[Effect]) -> list[Request]:
    messages = [parse(effect.data) for effect in effects if isinstance(effect, Transmit)]
    return [one for one in messages if isinstance(one, Request) and one.method == "BYE"]


def test_it_wakes_for_what_comes_first() -> None:
    ua, call = answered()
    assert call.wake_at == 0.5, "the repeat of the 200"
    ua.datagram(request("ACK", to_tag="ours1"), PEER, 0.1)
    assert call.wake_at == 900.0, "the refresh of the session"
    call.hangup(1.0)
    assert call.wake_at is None, "the BYE is the business of its transaction"


def test_a_lost_peer_is_told_once_and_gets_a_bye_that_says_why() -> None:
    ua, call = answered()
    ua.datagram(request("ACK", to_tag="ours1"), PEER, 0.1)
    call.lost("it is gone", 5.0)
    call.lost("it is gone", 6.0)
    call.hangup(7.0)
    effects = ua.effects()
    assert len([one for one in effects if isinstance(one, Told)]) == 1
    (bye,) = byes(effects)
    assert bye.first("reason") == EXPIRED[1]
    assert call.phase is Phase.ENDING


def test_when_no_ack_comes_that_is_the_end() -> None:
    ua, call = answered()
    told: list[object] = []
    while not told:
        assert ua.wake_at is not None
        effects = ua.woken(ua.wake_at)
        told = [one.event for one in effects if isinstance(one, Told)]
    assert told == [NoAck()]
    assert len(byes(effects)) == 1
    assert call.is_over


def test_nothing_is_proposed_once_it_is_over() -> None:
    ua, call = answered()
    call.hangup(0.1)
    call.reoffer(SDP, 0.2)
    call.update(None, 0.2)
    call.acknowledge(SDP, 0.2)
    assert ua.effects() == []
