import pytest

from opentact.voice.sip.agent import Agent
from opentact.voice.sip.effects import Cancelled, Effect, HungUp, Incoming, Told, Transmit
from opentact.voice.sip.incoming import IncomingCall
from opentact.voice.sip.message import Response
from opentact.voice.sip.routing import Identity
from voice.sip.samples import PEER, SDP, read_response, request
from voice.sip.wire import words


def ring_in(data: bytes) -> tuple[Agent, IncomingCall, list[Response]]:
    ua = Agent(Identity("192.0.2.2", 5060), words("ours"))
    effects = ua.datagram(data, PEER, 0.0)
    (call,) = [effect.call for effect in effects if isinstance(effect, Incoming)]
    assert responses(effects) == []
    call.trying(0.0)
    return ua, call, responses(ua.effects())


def responses(effects: list[Effect]) -> list[Response]:
    return [read_response(effect.data) for effect in effects if isinstance(effect, Transmit)]


def test_100_is_sent_at_once_and_echoes_a_timestamp() -> None:
    _, _, (trying,) = ring_in(request("INVITE", "Timestamp: 54"))
    assert (trying.status, trying.first("timestamp")) == (100, "54")
    assert trying.recipient.tag is None


def test_what_is_refused_with_a_challenge_at_once_leaves_nothing_behind() -> None:
    ua = Agent(Identity("192.0.2.2", 5060), words("ours"))
    for guess in range(50):
        effects = ua.datagram(request(branch=f"z9hG4bK{guess}", body=SDP), PEER, 0.0)
        (call,) = [effect.call for effect in effects if isinstance(effect, Incoming)]
        call.reject(401, 0.0, extra=[("www-authenticate", 'Digest realm="x", nonce="y"')])
        call.trying(0.0)
        (refusal,) = responses(ua.effects())
        assert refusal.status == 401
        assert not len(ua.core.transactions)
        assert not ua.core.calls
        assert ua.wake_at is None


def test_a_challenge_after_100_is_repeated_until_its_ack() -> None:
    ua, call, _ = ring_in(request(body=SDP))
    call.reject(407, 0.0)
    assert [one.status for one in responses(ua.effects())] == [407]
    assert [one.status for one in responses(ua.woken(0.5))] == [407]


def test_who_calls_whom_can_be_read() -> None:
    _, call, _ = ring_in(request(body=SDP))
    assert (call.caller, call.caller_name, call.called) == ("+12015550100", "Ann", "+12015550101")
    assert call.source == call.peer == PEER
    assert call.offer == SDP
    assert call.hops_left == 70


def test_a_caller_without_hops_or_name_is_taken_too() -> None:
    data = request(without="Max-Forwards").replace(b'"Ann" ', b"")
    _, call, _ = ring_in(data)
    assert (call.hops_left, call.caller_name, call.offer) == (70, None, None)


def test_a_body_that_need_not_be_understood_is_no_offer() -> None:
    optional = ("Content-Type: image/png", "Content-Disposition: icon; handling=optional")
    _, call, _ = ring_in(request("INVITE", *optional, body=b"png"))
    assert call.offer is None


def test_ringing_and_answer_carry_the_dialog() -> None:
    ua, call, _ = ring_in(request("INVITE", "Record-Route: <sip:192.0.2.50;lr>", body=SDP))
    call.ring(0.0, SDP, 183)
    call.answer(SDP, 1.0)
    progress, ok = responses(ua.effects())
    for response, status in ((progress, 183), (ok, 200)):
        assert response.status == status
        assert response.recipient.tag == call.local_tag
        assert response.each("record-route") == ["<sip:192.0.2.50;lr>"]
        assert response.contact is not None
        assert response.contact.uri == "sip:192.0.2.2:5060"
        assert response.first("content-type") == "application/sdp"
        assert response.body == SDP
    assert ok.first("allow")


def test_plain_ringing_has_no_body() -> None:
    ua, call, _ = ring_in(request(body=SDP))
    call.ring(0.0)
    (ringing,) = responses(ua.effects())
    assert (ringing.status, ringing.body, ringing.first("content-type")) == (180, b"", None)


def test_only_the_first_final_answer_counts() -> None:
    ua, call, _ = ring_in(request(body=SDP))
    call.reject(486, 0.0, "On The Phone", [("reason", "Q.850;cause=17")])
    call.reject(603, 0.0)
    call.answer(SDP, 0.0)
    call.ring(0.0)
    (busy,) = responses(ua.effects())
    assert (busy.status, busy.phrase, busy.first("reason")) == (
        486,
        "On The Phone",
        "Q.850;cause=17",
    )


def test_a_status_must_fit_its_verb() -> None:
    ua, call, _ = ring_in(request(body=SDP))
    with pytest.raises(ValueError, match="180 is not a refusal"):
        call.reject(180, 0.0)
    for status in (100, 200):
        with pytest.raises(ValueError, match="is no progress"):
            call.ring(0.0, status=status)
    assert ua.effects() == []


def test_hanging_up_before_the_answer_refuses() -> None:
    ua, call, _ = ring_in(request(body=SDP))
    call.hangup(0.0, [("reason", "Q.850;cause=31")])
    (refusal,) = responses(ua.effects())
    assert (refusal.status, refusal.first("reason")) == (480, "Q.850;cause=31")
    assert not ua.core.calls
    assert not ua.core.ringing


def test_a_cancel_ends_it_with_487() -> None:
    ua, call, _ = ring_in(request(body=SDP))
    effects = ua.datagram(request("CANCEL", "Reason: SIP;cause=200"), PEER, 0.5)
    cancelled, terminated = responses(effects)
    assert (cancelled.status, cancelled.cseq.method) == (200, "CANCEL")
    assert (terminated.status, terminated.cseq.method) == (487, "INVITE")
    assert cancelled.recipient.tag == terminated.recipient.tag == call.local_tag
    assert [e.event for e in effects if isinstance(e, Told)] == [Cancelled("SIP;cause=200")]


def test_a_bye_in_the_early_dialog_ends_it_too() -> None:
    ua, call, _ = ring_in(request(body=SDP))
    bye = request("BYE", branch="z9hG4bKbye", number=2, to_tag=call.local_tag)
    effects = ua.datagram(bye, PEER, 0.5)
    assert [response.status for response in responses(effects)] == [200, 487]
    assert [e.event for e in effects if isinstance(e, Told)] == [HungUp(None)]


def test_a_dialog_that_sips_began_stays_with_tls() -> None:
    ua = Agent(Identity("192.0.2.2", 5060), words("ours"))
    data = request(uri="sips:bob@192.0.2.2", body=SDP)
    by_tls = PEER._replace(transport="tls", flow=3)
    (call,) = [
        effect.call for effect in ua.datagram(data, by_tls, 0.0) if isinstance(effect, Incoming)
    ]
    call.ring(0.0)
    call.answer(SDP, 1.0)
    assert {each.first("contact") for each in responses(ua.effects())} == {"<sips:192.0.2.2:5060>"}


def test_sips_by_any_other_transport_is_refused_and_says_why() -> None:
    ua = Agent(Identity("192.0.2.2", 5060), words("ours"))
    (refusal,) = responses(ua.datagram(request(uri="sips:bob@192.0.2.2"), PEER, 0.0))
    assert (refusal.status, refusal.phrase) == (
        416,
        "Unsupported URI Scheme: sips is served over TLS",
    )
