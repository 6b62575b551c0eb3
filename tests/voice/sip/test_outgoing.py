import pytest

from opentact.voice.sip.agent import Agent
from opentact.voice.sip.effects import (
    Answered,
    Effect,
    HungUp,
    Progressed,
    Refused,
    Told,
    Transmit,
)
from opentact.voice.sip.machine import Address
from opentact.voice.sip.message import Message, Request
from opentact.voice.sip.outgoing import Invitation, OutgoingCall
from opentact.voice.sip.parser import parse
from opentact.voice.sip.routing import Identity
from voice.sip.samples import PEER, SDP, read_request, request, response
from voice.sip.wire import words

TARGET = "sip:ann@192.0.2.9:5062"
# Tokens go to the call id, the tag and the branch, in this order.
BRANCH = "z9hG4bKours3"


def call_out(**but: object) -> tuple[Agent, OutgoingCall, Request]:
    ua = Agent(Identity("192.0.2.2", 5060), words("ours"))
    wanted: dict[str, object] = {
        "target": TARGET,
        "to": TARGET,
        "caller": "Bob <sip:+12015550101@192.0.2.2>",
        "sdp": SDP,
    }
    call = ua.invite(Invitation(**(wanted | but)), 0.0)  # type: ignore[arg-type] # by name
    (effect,) = ua.effects()
    assert isinstance(effect, Transmit)
    assert effect.peer == PEER
    return ua, call, read_request(effect.data)


def hear(
    ua: Agent,
    status: int,
    *more: str,
    body: bytes = b"",
    to_tag: str = "theirs",
    method: str = "INVITE",
    now: float = 1.0,
) -> list[Effect]:
    data = response(status, *more, branch=BRANCH, body=body, to_tag=to_tag, method=method)
    return ua.datagram(data, PEER, now)


def sent(effects: list[Effect]) -> list[Message]:
    return [parse(effect.data) for effect in effects if isinstance(effect, Transmit)]


def methods(effects: list[Effect]) -> list[str]:
    return [message.method for message in sent(effects) if isinstance(message, Request)]


def told(effects: list[Effect]) -> list[object]:
    return [effect.event for effect in effects if isinstance(effect, Told)]


def test_the_invite_says_all_it_must() -> None:
    _, call, invite = call_out(
        extra=(("x-account", "7"), ("via", "forged"), ("route", "<sip:192.0.2.9:5062;lr>")), hops=9
    )
    assert (invite.method, invite.uri, invite.body) == ("INVITE", TARGET, SDP)
    assert str(invite.sender) == f'"Bob" <sip:+12015550101@192.0.2.2>;tag={call.local_tag}'
    assert invite.recipient.tag is None
    assert invite.headers["via"] == [f"SIP/2.0/UDP 192.0.2.2:5060;branch={BRANCH};rport"]
    assert invite.contact is not None
    for name, value in {
        "max-forwards": "9",
        "cseq": "1 INVITE",
        "call-id": call.call_id,
        "x-account": "7",
        "route": "<sip:192.0.2.9:5062;lr>",
        "content-type": "application/sdp",
        "user-agent": "opentact",
    }.items():
        assert invite.headers[name] == [value]


@pytest.mark.parametrize(
    ("but", "why"),
    [
        ({"target": "sip:a@example.com"}, "name a destination"),
        ({"target": "nonsense", "destination": PEER}, "not a URI"),
        ({"target": "sip:a@x\r\nEvil: 1", "destination": PEER}, "not a URI"),
        ({"to": "sip:a@x\r\nEvil: 1"}, "not an address"),
        ({"caller": "nobody"}, "not a URI"),
        ({"extra": (("subject", "a\r\nEvil: 1"),)}, "line break"),
        ({"hops": 0}, "used up its hops"),
    ],
)
def test_what_cannot_be_sent_is_refused_and_forgotten(but: dict[str, object], why: str) -> None:
    ua, _, _ = call_out()
    ua.core.calls.clear()
    wanted: dict[str, object] = {"target": TARGET, "to": TARGET, "caller": TARGET, "sdp": SDP}
    with pytest.raises(ValueError, match=why):
        ua.invite(Invitation(**(wanted | but)), 0.0)  # type: ignore[arg-type] # by name
    assert not ua.core.calls


def test_progress_is_told_but_100_is_not() -> None:
    ua, _, _ = call_out()
    assert told(hear(ua, 100)) == []
    assert told(hear(ua, 180)) == [Progressed(180, None)]
    assert told(hear(ua, 183, body=SDP)) == [Progressed(183, SDP)]


def test_an_answer_is_acked_along_its_route_and_told_once() -> None:
    ua, _, _ = call_out()
    effects = hear(ua, 200, "Record-Route: <sip:192.0.2.50;lr>", body=SDP)
    assert told(effects) == [Answered(SDP)]
    (ack,) = [effect for effect in effects if isinstance(effect, Transmit)]
    assert ack.peer == Address("192.0.2.50", 5060)
    message = read_request(ack.data)
    assert (message.method, message.uri, str(message.cseq)) == ("ACK", TARGET, "1 ACK")
    assert message.each("route") == ["<sip:192.0.2.50;lr>"]
    assert message.via.branch not in (None, BRANCH)
    again = hear(ua, 200, "Record-Route: <sip:192.0.2.50;lr>", body=SDP, now=1.5)
    assert again == [Transmit(ack.data, ack.peer, repeat=True)]


def test_another_fork_is_acked_and_hung_up() -> None:
    ua, call, _ = call_out()
    hear(ua, 200, body=SDP)
    effects = hear(ua, 200, body=SDP, to_tag="fork")
    assert methods(effects) == ["ACK", "BYE"]
    assert {message.recipient.tag for message in sent(effects)} == {"fork"}
    assert methods(hear(ua, 200, body=SDP, to_tag="fork", now=1.5)) == ["ACK"]
    assert call.dialog is not None
    assert call.dialog.remote_tag == "theirs"


def test_forks_without_end_do_not_make_byes_without_end() -> None:
    ua, _, _ = call_out()
    hear(ua, 200, body=SDP)
    said = [methods(hear(ua, 200, body=SDP, to_tag=f"fork{n}")) for n in range(100)]
    assert sum(one.count("BYE") for one in said) == 16


def test_a_refusal_is_told_with_its_reason() -> None:
    ua, _, _ = call_out()
    effects = hear(ua, 486, "Reason: Q.850;cause=17")
    assert methods(effects) == ["ACK"]
    assert told(effects) == [Refused(486, "Whatever", "Q.850;cause=17")]
    assert not ua.core.calls


def test_a_cancel_copies_the_invite() -> None:
    ua, call, invite = call_out(extra=(("route", "<sip:192.0.2.9:5062;lr>"),))
    hear(ua, 180)
    call.hangup(2.0, [("reason", "SIP;cause=200")])
    call.hangup(2.0)
    (effect,) = ua.effects()
    assert isinstance(effect, Transmit)
    cancel = read_request(effect.data)
    assert (cancel.method, cancel.uri) == ("CANCEL", invite.uri)
    for name in ("via", "route", "from", "to", "call-id"):
        assert cancel.headers[name] == invite.headers[name]
    assert str(cancel.cseq) == "1 CANCEL"
    assert cancel.first("reason") == "SIP;cause=200"


def test_a_callee_that_ignores_the_cancel_is_given_up_on() -> None:
    ua, call, _ = call_out()
    hear(ua, 180)
    call.hangup(2.0)
    ua.effects()
    hear(ua, 200, method="CANCEL", now=2.1)
    while (at := ua.wake_at) is not None:
        assert at <= 34.0
        assert told(ua.woken(at)) == []
    assert not ua.core.calls


def test_an_offer_from_a_callee_that_has_not_answered_is_glare() -> None:
    ua, call, _ = call_out()
    hear(ua, 180)
    offer = request(
        "INVITE", call_id=call.call_id, to_tag=call.local_tag, branch="z9hG4bKglare", body=SDP
    )
    (message,) = sent(ua.datagram(offer, PEER, 1.5))
    assert bytes(message).startswith(b"SIP/2.0 491 ")


def test_a_bye_that_overtakes_the_answer_ends_the_call() -> None:
    ua, call, _ = call_out()
    hear(ua, 180)
    bye = request("BYE", call_id=call.call_id, to_tag=call.local_tag, branch="z9hG4bKbye")
    effects = ua.datagram(bye, PEER, 1.5)
    assert told(effects) == [HungUp(None)]
    late = hear(ua, 200, body=SDP, now=2.0)
    assert "ACK" in methods(late)
    assert told(late) == []
    while (at := ua.wake_at) is not None:
        ua.woken(at)
    assert not len(ua.core.transactions)


def test_an_answer_that_cannot_be_used_is_not_taken_for_one() -> None:
    ua, _, _ = call_out()
    data = response(200, branch=BRANCH, body=SDP).replace(b"<sip:ann@192.0.2.9:5062>", b"<>")
    assert told(ua.datagram(data, PEER, 1.0)) == []
    assert told(hear(ua, 200, body=SDP)) == [Answered(SDP)]
