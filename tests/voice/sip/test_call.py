"""What happens within an established call: re-INVITEs, glare, lost ACKs, ends."""

import pytest

from opentact.voice.sip.agent import Agent
from opentact.voice.sip.effects import Acked, Effect, HungUp, NoAck, Reoffered, Told, Transmit
from opentact.voice.sip.incoming import IncomingCall
from opentact.voice.sip.machine import Address
from opentact.voice.sip.message import Request, Response, reply
from opentact.voice.sip.parser import parse
from opentact.voice.sip.routing import Identity
from voice.sip.samples import PEER, SDP, request
from voice.sip.wire import words

OURS = b"v=0\r\ns=ours\r\n"


class Talk:
    """A call that came to us, and the peer's side of it by hand."""

    def __init__(self, *, offer: bytes = SDP, ack: bool = True) -> None:
        self.ua = Agent(Identity("192.0.2.2", 5060), words("ours"))
        self.hear("INVITE", 1, body=offer)
        (self.call,) = self.ua.core.calls.values()
        assert isinstance(self.call, IncomingCall)
        self.call.answer(OURS, 0.0)
        self.ua.effects()
        if ack:
            self.hear("ACK", 1)

    def hear(
        self, method: str, number: int, *more: str, body: bytes = b"", now: float = 0.0
    ) -> list[Effect]:
        tag = "" if (method, number) == ("INVITE", 1) else "ours1"
        data = request(
            method, *more, branch=f"z9hG4bK{method}{number}", number=number, to_tag=tag, body=body
        )
        return self.ua.datagram(data, PEER, now)

    def said(self, effects: list[Effect] | None = None) -> list[str]:
        """Name what went out: statuses of responses, methods of requests."""
        out = self.ua.effects() if effects is None else effects
        messages = [parse(effect.data) for effect in out if isinstance(effect, Transmit)]
        return [
            str(message.status) if isinstance(message, Response) else message.method
            for message in messages
            if isinstance(message, Response | Request)
        ]


def told(effects: list[Effect]) -> list[object]:
    return [effect.event for effect in effects if isinstance(effect, Told)]


def test_a_reoffer_is_handed_up_and_answered() -> None:
    talk = Talk()
    effects = talk.hear("INVITE", 2, body=b"v=0\r\ns=hold\r\n")
    assert talk.said(effects) == ["100"]
    assert told(effects) == [Reoffered(b"v=0\r\ns=hold\r\n")]
    talk.call.reanswer(OURS, 1.0)
    assert talk.said() == ["200"]
    assert talk.said(talk.ua.woken(1.5)) == ["200"]
    assert told(talk.hear("ACK", 2, now=1.6)) == [Acked(None, again=True)]
    # What is left is the session timer: the peer, which has none, is refreshed by us.
    assert talk.call.wake_at == 901.0


def test_a_reinvite_without_offer_gets_ours_and_its_answer_in_the_ack() -> None:
    talk = Talk()
    assert told(talk.hear("INVITE", 2)) == [Reoffered(None)]
    talk.call.reanswer(OURS, 0.0)
    assert told(talk.hear("ACK", 2, body=SDP)) == [Acked(SDP, again=True)]


def test_a_refused_reoffer_leaves_the_call_as_it_was() -> None:
    talk = Talk()
    talk.hear("INVITE", 2, "Contact: <sip:moved@192.0.2.99>", body=SDP)
    before = talk.call.dialog and talk.call.dialog.target
    talk.call.refuse_reoffer(488, 0.0)
    assert talk.said() == ["488"]
    talk.call.refuse_reoffer(488, 0.0)
    talk.call.reanswer(OURS, 0.0)
    assert talk.said() == []
    assert talk.call.dialog
    assert talk.call.dialog.target == before


def test_an_accepted_reinvite_moves_the_target() -> None:
    talk = Talk()
    data = request(
        "INVITE",
        "Contact: <sip:moved@192.0.2.99>",
        branch="z9hG4bKmove",
        number=2,
        to_tag="ours1",
        body=SDP,
        without="Contact",
    )
    talk.ua.datagram(data, PEER, 0.0)
    talk.call.reanswer(OURS, 0.0)
    talk.hear("ACK", 2)
    talk.ua.effects()
    talk.call.hangup(1.0)
    (bye,) = [effect for effect in talk.ua.effects() if isinstance(effect, Transmit)]
    assert bye.peer == Address("192.0.2.99", 5060)
    assert bye.data.startswith(b"BYE sip:moved@192.0.2.99 SIP/2.0\r\n")


def test_a_withdrawn_reoffer_leaves_the_call_as_it_was() -> None:
    talk = Talk()
    talk.hear("INVITE", 2, body=SDP)
    cancel = request("CANCEL", branch="z9hG4bKINVITE2", number=2, to_tag="ours1")
    assert talk.said(talk.ua.datagram(cancel, PEER, 0.0)) == ["200", "487"]
    talk.call.reanswer(OURS, 0.0)
    assert talk.said() == []
    assert talk.ua.core.calls


def test_a_refusal_must_refuse() -> None:
    talk = Talk()
    talk.hear("INVITE", 2, body=SDP)
    with pytest.raises(ValueError, match="200 is not a refusal"):
        talk.call.refuse_reoffer(200, 0.0)


def test_a_second_reinvite_before_the_first_is_answered_is_told_to_wait() -> None:
    talk = Talk()
    talk.hear("INVITE", 2, body=SDP)
    (effect,) = talk.hear("INVITE", 3, body=SDP)
    assert talk.said([effect]) == ["500"]
    assert isinstance(effect, Transmit)
    retry = parse(effect.data).first("retry-after")
    assert retry is not None
    assert 0 <= int(retry) <= 10


def test_a_reinvite_while_our_offer_is_unanswered_is_glare() -> None:
    talk = Talk(offer=b"", ack=False)
    assert talk.said(talk.hear("INVITE", 2, body=SDP)) == ["491"]


def test_a_reinvite_that_overtakes_the_ack_is_taken_but_not_two() -> None:
    talk = Talk(ack=False)
    assert told(talk.hear("INVITE", 2, body=SDP)) == [Reoffered(SDP)]
    talk.call.reanswer(OURS, 0.0)
    talk.ua.effects()
    assert talk.said(talk.hear("INVITE", 3, body=SDP)) == ["500"]


def test_a_reinvite_before_any_answer_is_told_to_wait() -> None:
    ua = Agent(Identity("192.0.2.2", 5060), words("ours"))
    ua.datagram(request(body=SDP), PEER, 0.0)
    again = request(branch="z9hG4bKtwo", number=2, to_tag="ours1", body=SDP)
    (effect,) = ua.datagram(again, PEER, 0.0)
    assert isinstance(effect, Transmit)
    assert effect.data.startswith(b"SIP/2.0 500 ")


def test_a_reinvite_nobody_acks_ends_the_call() -> None:
    talk = Talk()
    talk.hear("INVITE", 2, body=SDP)
    talk.call.reanswer(OURS, 0.0)
    talk.ua.effects()
    events: list[object] = []
    while (at := talk.ua.wake_at) is not None:
        events += told(talk.ua.woken(at))
    assert events == [NoAck()]
    assert not talk.ua.core.calls


def test_a_bye_ends_what_is_pending() -> None:
    talk = Talk()
    talk.hear("INVITE", 2, body=SDP)
    effects = talk.hear("BYE", 3)
    assert talk.said(effects) == ["200", "487"]
    assert told(effects) == [HungUp(None)]


def test_a_bye_before_the_ack_stops_the_repeats() -> None:
    talk = Talk(ack=False)
    assert told(talk.hear("BYE", 2)) == [HungUp(None)]
    assert talk.call.wake_at is None


def test_nothing_is_told_after_our_own_hangup() -> None:
    talk = Talk()
    talk.call.hangup(0.0)
    talk.call.hangup(0.0)
    assert talk.said() == ["BYE"]
    effects = talk.hear("BYE", 2)
    assert talk.said(effects) == ["200"]
    assert told(effects) == []
    assert talk.said(talk.hear("INVITE", 3, body=SDP)) == ["481"]


def test_a_repeated_ack_is_no_news() -> None:
    talk = Talk()
    assert told(talk.hear("ACK", 1)) == []


def test_a_call_says_what_it_is_doing() -> None:
    assert repr(Talk(ack=False).call) == "<IncomingCall call-1 192.0.2.9:5062 CONFIRMING>"


def test_an_info_of_ours_changes_nothing_whatever_is_answered() -> None:
    talk = Talk()
    talk.call.inform("application/dtmf-relay", b"Signal=5\r\n", 1.0)
    [out] = [effect for effect in talk.ua.effects() if isinstance(effect, Transmit)]
    info = parse(out.data)
    assert isinstance(info, Request)
    assert (info.method, info.body) == ("INFO", b"Signal=5\r\n")
    assert info.first("content-type") == "application/dtmf-relay"
    assert told(talk.ua.datagram(reply(info, 481), PEER, 1.1)) == []
    assert not talk.call.is_over


def test_no_info_goes_out_before_the_answer_is_acknowledged_nor_after_the_end() -> None:
    early, late = Talk(ack=False), Talk()
    early.call.inform("application/dtmf", b"5", 0.0)
    assert early.said() == []
    late.call.hangup(1.0)
    late.call.inform("application/dtmf", b"5", 1.0)
    assert late.said() == ["BYE"]


@pytest.mark.parametrize(
    ("allow", "takes"),
    [([], None), (["Allow: INVITE, INFO"], True), (["Allow: INVITE, ACK, BYE"], False)],
)
def test_a_peer_says_whether_it_takes_info(allow: list[str], *, takes: bool | None) -> None:
    ua = Agent(Identity("192.0.2.2", 5060), words("ours"))
    ua.datagram(request("INVITE", *allow, body=SDP), PEER, 0.0)
    (call,) = ua.core.calls.values()
    assert call.takes_info is takes
