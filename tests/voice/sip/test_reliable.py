"""Reliable provisional responses (RFC 3262), as server by hand and between two of ours."""

from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentact.voice.sip.agent import Agent
from opentact.voice.sip.effects import (
    Acked,
    Answered,
    EarlyAnswered,
    Effect,
    Incoming,
    NoAck,
    Progressed,
    Reanswered,
    Refused,
    Reoffered,
    Told,
    Transmit,
)
from opentact.voice.sip.incoming import IncomingCall
from opentact.voice.sip.invitation import Invitation
from opentact.voice.sip.message import Response
from opentact.voice.sip.parser import parse
from opentact.voice.sip.reliable import MAX_WAITING, Progress, Reliable, read_rseq
from opentact.voice.sip.routing import Identity
from voice.sip.samples import PEER, SDP, request
from voice.sip.wire import ANSWER, OFFER, Wire, words

NEEDS = "Require: 100rel"
REQUIRES = (("require", "100rel"),)


class Wary(Wire):
    """A wire whose caller requires reliable ringing."""

    def invite(self) -> None:
        uri = "sip:+12015550101@192.0.2.2"
        wanted = Invitation(uri, uri, "sip:ann@192.0.2.1", OFFER, extra=REQUIRES)
        self.out = self.caller.agent.invite(wanted, self.now)


def ring_early(call: IncomingCall, now: float) -> None:
    call.ring(now, ANSWER, 183)
    call.ring(now)


def ring_in(*more: str, body: bytes = SDP) -> tuple[Agent, IncomingCall]:
    ua = Agent(Identity("192.0.2.2", 5060), words("ours"))
    effects = ua.datagram(request("INVITE", NEEDS, *more, body=body), PEER, 0.0)
    (call,) = [effect.call for effect in effects if isinstance(effect, Incoming)]
    return ua, call


def responses(effects: list[Effect]) -> list[Response]:
    messages = [parse(effect.data) for effect in effects if isinstance(effect, Transmit)]
    return [message for message in messages if isinstance(message, Response)]


def prack(rseq: int, number: int = 2, *, invite: int = 1, body: bytes = b"") -> bytes:
    rack = f"RAck: {rseq} {invite} INVITE"
    return request(
        "PRACK", rack, branch=f"z9hG4bKprack{number}", number=number, to_tag="ours1", body=body
    )


def test_early_media_is_acknowledged_then_the_next_one_goes() -> None:
    wire = Wary(on_call=ring_early)
    wire.invite()
    wire.run(until=1.0)
    assert wire.ladder() == dedent("""
        0.0  INVITE ->
        0.0             <- 100
        0.0             <- 183
        0.0  PRACK ->
        0.0             <- 200
        0.0             <- 180
        0.0  PRACK ->
        0.0             <- 200
        """)
    assert wire.caller.heard == [Progressed(183, ANSWER), Progressed(180)]
    wire.callee.calls[0].answer(ANSWER, wire.now)
    wire.run(until=2.0)
    wire.out.hangup(wire.now)
    wire.run()
    assert wire.caller.is_empty
    assert wire.callee.is_empty


def test_a_lost_ringing_is_repeated_and_told_once() -> None:
    # 100, then 183 twice lost; its third is acknowledged, and that is lost as well.
    wire = Wary("..xx.x", on_call=ring_early)
    wire.invite()
    wire.run(until=3.0)
    assert wire.story[:7] == [
        "0.0  INVITE ->",
        "0.0             <- 100",
        "0.0             x- 183",
        "0.5             x- 183",
        "1.5             <- 183",
        "1.5  PRACK -x",
        "2.0  PRACK ->",
    ]
    assert wire.caller.heard == [Progressed(183, ANSWER), Progressed(180)]


def test_an_answer_does_not_overtake_its_early_media() -> None:
    def ring_and_answer(call: IncomingCall, now: float) -> None:
        call.ring(now, ANSWER, 183)
        call.answer(ANSWER, now)

    wire = Wary("..x", on_call=ring_and_answer)
    wire.invite()
    wire.run(until=1.0)
    assert [line.split()[-1] for line in wire.story if "<-" in line] == ["100", "183", "200", "200"]
    assert wire.caller.heard == [Progressed(183, ANSWER), Answered(ANSWER)]
    assert wire.callee.heard == [Acked(None)]


def test_without_a_prack_the_invite_is_refused_and_the_end_is_told_once() -> None:
    ua, call = ring_in()
    call.ring(0.0)
    assert [one.status for one in responses(ua.effects())] == [180]
    moments = []
    effects: list[Effect] = []
    while not effects or not any(isinstance(one, Told) for one in effects):
        at = ua.wake_at
        assert at is not None
        effects = ua.woken(at)
        moments.append(at)
    assert moments == [0.5, 1.5, 3.5, 7.5, 15.5, 31.5, 32.0]
    assert [one.status for one in responses(effects)] == [504]
    assert [one.event for one in effects if isinstance(one, Told)] == [NoAck()]
    assert not ua.core.calls


def test_only_the_prack_of_what_rings_is_taken() -> None:
    ua, call = ring_in()
    call.ring(0.0, SDP, 183)
    (early,) = responses(ua.effects())
    rseq = read_rseq(early.first("rseq"))
    assert rseq is not None
    assert early.each("require") == ["100rel"]
    for wrong in (prack(rseq + 1), prack(rseq, 3, invite=2)):
        assert [one.status for one in responses(ua.datagram(wrong, PEER, 0.1))] == [481]
    assert [one.status for one in responses(ua.datagram(prack(rseq, 4), PEER, 0.2))] == [200]
    assert [one.status for one in responses(ua.datagram(prack(rseq, 5), PEER, 0.3))] == [481]
    assert ua.wake_at is not None
    assert ua.wake_at > 30, "it is repeated no more"


def test_the_answer_to_our_early_offer_comes_with_the_prack() -> None:
    ua, call = ring_in(body=b"")
    call.ring(0.0, SDP, 183)
    (early,) = responses(ua.effects())
    effects = ua.datagram(prack(int(early.first("rseq") or 0), body=ANSWER), PEER, 0.1)
    assert [one.event for one in effects if isinstance(one, Told)] == [EarlyAnswered(ANSWER)]


def test_before_the_answer_media_can_be_changed_by_update() -> None:
    wire = Wary(on_call=lambda call, now: call.ring(now, ANSWER, 183))
    wire.invite()
    wire.run(until=0.5)
    (callee,) = wire.callee.calls
    wire.out.update(OFFER, wire.now)
    wire.run(until=0.6)
    assert wire.callee.heard == [Reoffered(OFFER)]
    callee.reanswer(ANSWER, wire.now)
    wire.run(until=0.7)
    assert wire.caller.heard[1:] == [Reanswered(ANSWER)]
    callee.update(ANSWER, wire.now)
    wire.run(until=0.8)
    assert wire.caller.heard[2:] == [Reoffered(ANSWER)]
    wire.out.reanswer(OFFER, wire.now)
    callee.answer(ANSWER, wire.now)
    wire.run(until=1.0)
    assert wire.callee.heard[1:] == [Reanswered(OFFER), Acked(None)]
    wire.out.hangup(wire.now)
    wire.run()
    assert wire.caller.is_empty
    assert wire.callee.is_empty


def test_an_update_before_the_first_offer_is_answered_has_to_wait() -> None:
    ua, call = ring_in()
    call.ring(0.0)
    ua.effects()
    update = request("UPDATE", branch="z9hG4bKup", number=2, to_tag="ours1", body=SDP)
    (refusal,) = responses(ua.datagram(update, PEER, 0.1))
    assert refusal.status == 500
    assert refusal.first("retry-after")


def test_a_refusal_needs_no_prack() -> None:
    wire = Wary("..x", on_call=lambda call, now: call.ring(now))
    wire.invite()
    wire.run(until=0.1)
    wire.callee.calls[0].reject(486, wire.now)
    wire.run()
    assert wire.caller.heard == [Refused(486, "Busy Here")]
    assert wire.caller.is_empty
    assert wire.callee.is_empty


def test_what_waits_is_bounded() -> None:
    reliable = Reliable(1)
    reliable.sent(Progress(180, None), b"180", 0.0)
    for _ in range(100):
        assert reliable.hold(Progress(183, None))
    held = 0
    while reliable.next() is not None:
        held += 1
    assert held == MAX_WAITING


@pytest.mark.parametrize(("text", "number"), [("1", 1), (" 77 ", 77), ("x", None), (None, None)])
def test_rseq_is_a_number_or_nothing(text: str | None, number: int | None) -> None:
    assert read_rseq(text) == number


@given(st.text(max_size=30))
def test_any_rack_is_taken_or_refused(text: str) -> None:
    ua, call = ring_in()
    call.ring(0.0)
    ua.effects()
    written = text.replace("\r", "").replace("\n", "")
    data = request("PRACK", f"RAck: {written}", branch="z9hG4bKp", number=2, to_tag="ours1")
    assert [one.status for one in responses(ua.datagram(data, PEER, 0.1))][:1] in ([481], [400])
