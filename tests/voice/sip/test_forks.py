"""An INVITE that a proxy forks: several ring, one answers, the others are hung up."""

from opentact.voice.sip.agent import Agent
from opentact.voice.sip.effects import Answered, Effect, Progressed, Told, Transmit
from opentact.voice.sip.forks import MAX_FORKS
from opentact.voice.sip.invitation import Invitation
from opentact.voice.sip.message import Request
from opentact.voice.sip.outgoing import OutgoingCall
from opentact.voice.sip.parser import parse
from opentact.voice.sip.routing import Identity
from voice.sip.samples import PEER, SDP, response
from voice.sip.wire import words

BRANCH = "z9hG4bKours3"
RELIABLE = ("Require: 100rel", "Allow: INVITE, UPDATE, PRACK")


def call_out() -> tuple[Agent, OutgoingCall]:
    ua = Agent(Identity("192.0.2.2", 5060), words("ours"))
    target = "sip:ann@192.0.2.9:5062"
    call = ua.invite(Invitation(target, target, "sip:bob@192.0.2.2", SDP), 0.0)
    ua.effects()
    return ua, call


def hear(
    ua: Agent, status: int, tag: str, *more: str, body: bytes = b"", now: float = 1.0
) -> list[Effect]:
    data = response(status, *more, branch=BRANCH, to_tag=tag, body=body)
    data = data.replace(b"<sip:ann@192.0.2.9:5062>\r\n", f"<sip:{tag}@192.0.2.9>\r\n".encode())
    return ua.datagram(data, PEER, now)


def sent(effects: list[Effect]) -> list[Request]:
    messages = [parse(effect.data) for effect in effects if isinstance(effect, Transmit)]
    return [message for message in messages if isinstance(message, Request)]


def told(effects: list[Effect]) -> list[object]:
    return [effect.event for effect in effects if isinstance(effect, Told)]


def test_each_fork_tells_its_progress_and_the_first_answer_wins() -> None:
    ua, call = call_out()
    (first,) = told(hear(ua, 180, "phone"))
    (second,) = told(hear(ua, 183, "mailbox", body=SDP))
    assert isinstance(first, Progressed)
    assert isinstance(second, Progressed)
    assert (first.fork, second.fork, second.sdp) == ("phone", "mailbox", SDP)
    effects = hear(ua, 200, "phone", body=SDP)
    assert told(effects) == [Answered(SDP)]
    (ack,) = sent(effects)
    assert (ack.method, ack.uri, ack.recipient.tag) == ("ACK", "sip:phone@192.0.2.9", "phone")
    late = sent(hear(ua, 200, "mailbox", body=SDP, now=1.1))
    assert [(one.method, one.recipient.tag) for one in late] == [
        ("ACK", "mailbox"),
        ("BYE", "mailbox"),
    ]
    again = sent(hear(ua, 200, "mailbox", body=SDP, now=1.6))
    assert [one.method for one in again] == ["ACK"], "acknowledged again, hung up once"
    assert call.dialog is not None
    assert call.dialog.remote_tag == "phone"


def test_each_fork_has_its_own_pracks() -> None:
    ua, _ = call_out()
    (one,) = sent(hear(ua, 183, "phone", *RELIABLE, "RSeq: 10", body=SDP))
    (other,) = sent(hear(ua, 183, "mailbox", *RELIABLE, "RSeq: 500", body=SDP))
    assert (one.method, one.uri, one.first("rack")) == (
        "PRACK",
        "sip:phone@192.0.2.9",
        "10 1 INVITE",
    )
    assert (other.recipient.tag, other.first("rack")) == ("mailbox", "500 1 INVITE")
    assert str(one.cseq) == str(other.cseq) == "2 PRACK"
    # A repeat, and one that came before its turn, are not acknowledged and not told.
    for rseq in (10, 12):
        assert hear(ua, 180, "phone", *RELIABLE, f"RSeq: {rseq}") == []
    (third,) = sent(hear(ua, 180, "phone", *RELIABLE, "RSeq: 11"))
    assert str(third.cseq) == "3 PRACK"


def test_numbers_go_on_from_the_early_dialog() -> None:
    ua, call = call_out()
    hear(ua, 183, "phone", *RELIABLE, "RSeq: 1", body=SDP)
    hear(ua, 200, "phone", body=SDP)
    call.hangup(2.0)
    (bye,) = sent(ua.effects())
    assert str(bye.cseq) == "3 BYE"


def test_more_forks_than_honest_ones_are_not_followed() -> None:
    ua, _ = call_out()
    for number in range(100):
        hear(ua, 183, f"fork{number}", *RELIABLE, "RSeq: 1")
    assert len(ua.core.transactions) == 1 + MAX_FORKS


def test_an_update_of_a_fork_is_taken_once_its_media_is_settled() -> None:
    ua, call = call_out()
    hear(ua, 183, "phone", *RELIABLE, "RSeq: 1", body=SDP)
    call.update(b"v=0\r\ns=hold\r\n", 1.5)
    (update,) = sent(ua.effects())
    assert (update.method, update.uri, str(update.cseq)) == (
        "UPDATE",
        "sip:phone@192.0.2.9",
        "3 UPDATE",
    )


def test_progress_without_a_tag_is_progress_too() -> None:
    ua, _ = call_out()
    (ringing,) = told(hear(ua, 180, ""))
    assert ringing == Progressed(180)
