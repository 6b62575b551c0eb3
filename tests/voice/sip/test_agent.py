import pytest

from opentact.voice.sip.agent import Agent
from opentact.voice.sip.effects import (
    Acked,
    Dropped,
    Effect,
    HungUp,
    Incoming,
    InfoReceived,
    Told,
    Transmit,
)
from opentact.voice.sip.incoming import IncomingCall
from opentact.voice.sip.message import Response
from opentact.voice.sip.routing import Identity
from voice.sip.samples import PEER, SDP, read_response, request, response
from voice.sip.wire import words


def agent(max_calls: int = 100, max_transactions: int = 100) -> Agent:
    return Agent(
        Identity("192.0.2.2", 5060),
        words("ours"),
        max_calls=max_calls,
        max_transactions=max_transactions,
    )


def answers(effects: list[Effect]) -> list[Response]:
    return [read_response(effect.data) for effect in effects if isinstance(effect, Transmit)]


def answer_to(data: bytes) -> Response:
    """What a request out of the blue is answered, and that nothing is kept of it."""
    ua = agent()
    (response,) = answers(ua.datagram(data, PEER, 0.0))
    assert not len(ua.core.transactions)
    assert not ua.core.calls
    assert ua.wake_at is None
    return response


def dropped(effects: list[Effect]) -> list[str]:
    return [effect.reason for effect in effects if isinstance(effect, Dropped)]


def told(effects: list[Effect]) -> list[object]:
    return [effect.event for effect in effects if isinstance(effect, Told)]


def incoming(ua: Agent, data: bytes | None = None, now: float = 0.0) -> IncomingCall:
    effects = ua.datagram(data or request(body=SDP), PEER, now)
    (call,) = [effect.call for effect in effects if isinstance(effect, Incoming)]
    return call


def established(ua: Agent) -> IncomingCall:
    call = incoming(ua)
    call.answer(SDP, 0.0)
    ua.datagram(request("ACK", branch="z9hG4bKack", to_tag=call.local_tag), PEER, 0.1)
    ua.effects()
    return call


def test_options_says_what_we_can() -> None:
    can = answer_to(request("OPTIONS"))
    assert can.status == 200
    assert can.first("allow") == "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, PRACK, UPDATE"
    assert can.first("accept") == "application/sdp"
    assert can.first("supported") == "100rel, timer"
    assert can.recipient.tag


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (request("REGISTER"), 405),
        (request("REFER", to_tag="x"), 405),
        (request("MESSAGE", body=b"hi"), 405),
        (request("SUBSCRIBE"), 405),
        (request("PUBLISH"), 405),
        (request("NOTIFY"), 405),
        (request("PRACK", to_tag="x"), 481),
        (request("PRACK"), 481),
        (request("UPDATE"), 481),
        (request("DANCE"), 501),
        (request(uri="sips:bob@192.0.2.2"), 416),  # not by TLS
        (request(uri="http://192.0.2.2/"), 416),
        (request("INVITE", "Require: replaces"), 420),
        (request("INVITE", 'Require: a, "open'), 400),
        (request("INVITE", "Content-Type: text/plain", body=b"hi"), 415),
        (request("INVITE", "Content-Encoding: gzip", body=SDP), 415),
        (request("INVITE", "Accept: text/plain", body=SDP), 406),
        (request(to_tag="nobody"), 481),
        (request("BYE", to_tag="nobody"), 481),
        (request("BYE"), 481),
        (request("CANCEL"), 481),
        (request("INVITE", "Max-Forwards: 300", without="Max-Forwards"), 400),
        (request("INVITE", "Contact: *", without="Contact"), 400),
        (request("INVITE", "Record-Route: nowhere"), 400),
        (request(via="SIP/2.0/UDP ;;;"), 400),
        (request().replace(b"CSeq: 1 ", b"CSeq: 2147483648 "), 400),
        (request().replace(b" SIP/2.0\r\n", b" SIP/7.0\r\n", 1), 505),
    ],
)
def test_what_cannot_be_served_is_refused_and_forgotten(data: bytes, status: int) -> None:
    assert answer_to(data).status == status


@pytest.mark.parametrize("name", ["From", "To", "Call-ID", "CSeq"])
def test_a_missing_header_is_named(name: str) -> None:
    assert answer_to(request(without=name)).phrase == f"Bad Request: no {name}"


def test_a_refusal_says_what_would_do() -> None:
    assert answer_to(request("REGISTER")).first("allow")
    assert answer_to(request("INVITE", "Require: a, b")).first("unsupported") == "a, b"
    wrong_type = request("INVITE", "Content-Type: text/plain", body=b"hi")
    assert answer_to(wrong_type).first("accept") == "application/sdp"
    zipped = request("INVITE", "Content-Encoding: gzip", body=SDP)
    assert answer_to(zipped).first("accept-encoding") == "identity"


def test_a_repeat_of_what_was_refused_gets_the_same_again() -> None:
    ua, data = agent(), request("INVITE", "Require: replaces")
    assert ua.datagram(data, PEER, 0.0) == ua.datagram(data, PEER, 0.5)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\r\n\r\n", "keep-alive"),
        (b"\0\0\0\0", "keep-alive"),
        (b"hello", "malformed"),
        (request(without="Via"), "malformed"),
        (request("ACK"), "stray ACK"),
        (request("ACK", to_tag="nobody"), "stray ACK"),
        (request("ACK", without="CSeq"), "malformed"),
        (response(200), "stray response"),
        (response(200).replace(b"CSeq: 1 ", b"CSeq: x "), "malformed"),
        (response(200, "Via: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKtwo"), "malformed"),
    ],
)
def test_what_is_owed_no_answer_is_dropped(data: bytes, reason: str) -> None:
    ua = agent()
    assert dropped(ua.datagram(data, PEER, 0.0)) == [reason]
    assert not len(ua.core.transactions)


def test_a_repeated_invite_is_one_call() -> None:
    ua = agent()
    incoming(ua).trying(0.0)
    ua.effects()
    again = ua.datagram(request(body=SDP), PEER, 0.5)
    assert [answer.status for answer in answers(again)] == [100]
    assert len(ua.core.calls) == 1


def test_the_same_call_by_another_way_is_a_loop() -> None:
    ua = agent()
    incoming(ua)
    merged = ua.datagram(request(branch="z9hG4bKother", body=SDP), PEER, 0.1)
    assert [answer.status for answer in answers(merged)] == [482]


def test_an_old_caller_without_branch_is_matched_by_its_headers() -> None:
    ua, via = agent(), "SIP/2.0/UDP 192.0.2.9:5062"
    call = incoming(ua, request(via=via, body=SDP))
    call.reject(486, 0.1)
    ua.effects()
    assert [a.status for a in answers(ua.datagram(request(via=via, body=SDP), PEER, 0.2))] == [486]
    ua.datagram(request("ACK", via=via, to_tag=call.local_tag), PEER, 0.3)
    assert ua.woken(2.0) == []


def test_a_full_house_asks_to_come_back_later() -> None:
    ua = agent(max_calls=1)
    incoming(ua)
    effects = ua.datagram(request(branch="z9hG4bKtwo", call_id="call-2"), PEER, 0.0)
    (refusal,) = answers(effects)
    assert (refusal.status, refusal.first("retry-after")) == (503, "5")


def test_too_many_transactions_turn_away_all_but_the_end_of_calls() -> None:
    ua = agent(max_transactions=1)
    call = established(ua)
    info = request("INFO", branch="z9hG4bKinfo", number=2, to_tag=call.local_tag)
    assert [answer.status for answer in answers(ua.datagram(info, PEER, 1.0))] == [503]
    bye = request("BYE", branch="z9hG4bKbye", number=3, to_tag=call.local_tag)
    assert [answer.status for answer in answers(ua.datagram(bye, PEER, 1.0))] == [200]


def test_a_flood_does_not_grow_beyond_the_limits() -> None:
    ua = agent(max_calls=50, max_transactions=80)
    for n in range(500):
        ua.datagram(request(branch=f"z9hG4bK{n}", call_id=f"call-{n}", body=SDP), PEER, 0.0)
    assert len(ua.core.calls) == 50
    assert len(ua.core.transactions) == 50
    for call in list(ua.core.calls.values()):
        call.hangup(0.0)
    while (at := ua.wake_at) is not None:
        ua.woken(at)
    assert not ua.core.calls
    assert not len(ua.core.transactions)


def test_a_request_out_of_order_is_refused() -> None:
    ua = agent()
    call = established(ua)
    late = request("INFO", branch="z9hG4bKlate", number=1, to_tag=call.local_tag)
    (refusal,) = answers(ua.datagram(late, PEER, 1.0))
    assert (refusal.status, refusal.phrase) == (500, "CSeq Out of Order")


def test_somebody_elses_tag_is_another_dialog() -> None:
    ua = agent()
    call = established(ua)
    stranger = request("BYE", number=2, to_tag=call.local_tag, from_tag="stranger")
    assert [answer.status for answer in answers(ua.datagram(stranger, PEER, 1.0))] == [481]
    assert ua.core.calls


def test_info_is_answered_and_told() -> None:
    ua = agent()
    call = established(ua)
    body = b"Signal=5\r\nDuration=160\r\n"
    info = request(
        "INFO",
        "Content-Type: application/dtmf-relay",
        branch="z9hG4bKinfo",
        number=2,
        to_tag=call.local_tag,
        body=body,
    )
    effects = ua.datagram(info, PEER, 1.0)
    assert [answer.status for answer in answers(effects)] == [200]
    assert told(effects) == [InfoReceived("application/dtmf-relay", body)]
    assert told(ua.datagram(info, PEER, 1.5)) == []


def test_options_within_a_call_is_answered() -> None:
    ua = agent()
    call = established(ua)
    options = request("OPTIONS", branch="z9hG4bKopt", number=2, to_tag=call.local_tag)
    assert [answer.status for answer in answers(ua.datagram(options, PEER, 1.0))] == [200]


def test_the_peer_hangs_up_with_a_reason() -> None:
    ua = agent()
    call = established(ua)
    bye = request(
        "BYE", "Reason: Q.850;cause=16", branch="z9hG4bKbye", number=2, to_tag=call.local_tag
    )
    effects = ua.datagram(bye, PEER, 1.0)
    assert told(effects) == [HungUp("Q.850;cause=16")]
    assert not ua.core.calls


def test_a_cancel_after_the_answer_changes_nothing() -> None:
    ua = agent()
    call = incoming(ua)
    call.answer(SDP, 0.0)
    ua.effects()
    effects = ua.datagram(request("CANCEL"), PEER, 0.1)
    assert [answer.status for answer in answers(effects)] == [200]
    assert told(effects) == []
    assert ua.core.calls


def test_an_offer_that_was_ours_is_answered_in_the_ack() -> None:
    ua = agent()
    call = incoming(ua, request())
    assert call.offer is None
    call.answer(SDP, 0.0)
    ua.effects()
    ack = request("ACK", branch="z9hG4bKack", to_tag=call.local_tag, body=b"v=0\r\nthe answer")
    assert told(ua.datagram(ack, PEER, 0.1)) == [Acked(b"v=0\r\nthe answer")]
