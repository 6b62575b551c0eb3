"""Whole calls as ladders: the caller on the left, the callee on the right, seconds first."""

from collections.abc import Callable
from textwrap import dedent

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opentact.voice.sip.effects import (
    ENDS,
    Acked,
    Answered,
    Cancelled,
    HungUp,
    NoAck,
    Progressed,
    Refused,
    TimedOut,
)
from opentact.voice.sip.incoming import IncomingCall
from voice.sip.wire import ANSWER, OFFER, Wire


def ring_only(call: IncomingCall, now: float) -> None:
    call.ring(now)


def answer_and_leave(call: IncomingCall, now: float) -> None:
    call.answer(ANSWER, now)
    call.hangup(now)


def busy(call: IncomingCall, now: float) -> None:
    call.reject(486, now, extra=[("reason", "Q.850;cause=17")])


def test_a_call_is_answered_and_hung_up() -> None:
    wire = Wire()
    call = wire.call()
    wire.run(until=1.0)
    call.hangup(wire.now)
    wire.run()
    assert wire.ladder() == dedent("""
        0.0  INVITE ->
        0.0             <- 100
        0.0             <- 200
        0.0  ACK ->
        1.0  BYE ->
        1.0             <- 200
        """)
    assert wire.caller.heard == [Answered(ANSWER)]
    assert wire.callee.heard == [Acked(None), HungUp()]
    assert wire.caller.is_empty
    assert wire.callee.is_empty


def test_the_first_two_invites_are_lost() -> None:
    wire = Wire("xx")
    wire.call()
    wire.run(until=2.0)
    assert wire.ladder() == dedent("""
        0.0  INVITE -x
        0.5  INVITE -x
        1.5  INVITE ->
        1.5             <- 100
        1.5             <- 200
        1.5  ACK ->
        """)


def test_nobody_is_there() -> None:
    wire = Wire("x" * 20)
    wire.call()
    wire.run()
    assert wire.ladder() == dedent("""
        0.0  INVITE -x
        0.5  INVITE -x
        1.5  INVITE -x
        3.5  INVITE -x
        7.5  INVITE -x
        15.5  INVITE -x
        31.5  INVITE -x
        """)
    assert wire.caller.heard == [TimedOut()]
    assert wire.caller.is_empty


def test_an_answer_is_repeated_until_its_ack() -> None:
    wire = Wire("..xx.x")
    wire.call()
    wire.run(until=5.0)
    assert wire.ladder() == dedent("""
        0.0  INVITE ->
        0.0             <- 100
        0.0             x- 200
        0.5             x- 200
        1.5             <- 200
        1.5  ACK -x
        3.5             <- 200
        3.5  ACK ->
        """)
    assert wire.callee.heard == [Acked(None)]
    assert wire.caller.heard == [Answered(ANSWER)]


def test_without_an_ack_the_call_is_hung_up() -> None:
    wire = Wire("..." + "x." * 11)  # every ACK is lost, and nothing else
    wire.call()
    wire.run()
    repeats = [float(line.split()[0]) for line in wire.story if "<- 200" in line]
    assert repeats == [0.0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert wire.story[-2:] == ["32.0             <- BYE", "32.0  200 ->"]
    assert wire.callee.heard == [NoAck()]
    assert wire.caller.heard == [Answered(ANSWER), HungUp()]
    assert wire.callee.is_empty
    assert wire.caller.is_empty


def test_a_busy_callee_is_acked_and_repeats_until_then() -> None:
    wire = Wire("...x", on_call=busy)
    wire.call()
    wire.run()
    assert wire.ladder() == dedent("""
        0.0  INVITE ->
        0.0             <- 100
        0.0             <- 486
        0.0  ACK -x
        0.5             <- 486
        0.5  ACK ->
        """)
    assert wire.caller.heard == [Refused(486, "Busy Here", "Q.850;cause=17")]
    assert wire.callee.heard == []
    assert wire.callee.is_empty


def test_a_caller_gives_up() -> None:
    wire = Wire(on_call=ring_only)
    call = wire.call()
    wire.run(until=2.0)
    call.hangup(wire.now, [("reason", "SIP;cause=487")])
    wire.run()
    assert wire.ladder() == dedent("""
        0.0  INVITE ->
        0.0             <- 100
        0.0             <- 180
        2.0  CANCEL ->
        2.0             <- 200
        2.0             <- 487
        2.0  ACK ->
        """)
    assert wire.caller.heard == [Progressed(180)]
    assert wire.callee.heard == [Cancelled("SIP;cause=487")]
    assert wire.caller.is_empty
    assert wire.callee.is_empty


def test_a_cancel_waits_for_a_sign_of_life() -> None:
    wire = Wire("x", on_call=ring_only)
    wire.call().hangup(0.0)
    wire.run()
    assert wire.story[:4] == [
        "0.0  INVITE -x",
        "0.5  INVITE ->",
        "0.5             <- 100",
        "0.5             <- 180",
    ]
    assert "0.5  CANCEL ->" in wire.story
    assert wire.caller.is_empty


def test_an_answer_that_crosses_the_cancel_is_hung_up() -> None:
    wire = Wire("...l.", on_call=ring_only)
    call = wire.call()
    wire.run(until=1.0)
    call.hangup(wire.now)
    wire.flush()
    wire.callee.calls[0].answer(ANSWER, wire.now)
    wire.run()
    assert wire.ladder() == dedent("""
        0.0  INVITE ->
        0.0             <- 100
        0.0             <- 180
        1.0  CANCEL -l
        1.0             <- 200
        1.0  ACK ->
        1.0  BYE ->
        1.0             <- 200
        1.5             <- 200
        """)
    assert wire.callee.heard == [Acked(None), HungUp()]


def test_the_callee_hangs_up_before_the_ack_but_says_bye_after_it() -> None:
    wire = Wire("..xx", on_call=answer_and_leave)
    wire.call()
    wire.run()
    assert wire.ladder() == dedent("""
        0.0  INVITE ->
        0.0             <- 100
        0.0             x- 200
        0.5             x- 200
        1.5             <- 200
        1.5  ACK ->
        1.5             <- BYE
        1.5  200 ->
        """)
    assert wire.callee.heard == []
    assert wire.caller.heard == [Answered(ANSWER), HungUp()]


def test_both_hang_up_at_once() -> None:
    wire = Wire()
    call = wire.call()
    wire.run(until=1.0)
    call.hangup(wire.now)
    wire.callee.calls[0].hangup(wire.now)
    wire.run()
    assert sorted(wire.story[-4:]) == [
        "1.0             <- 200",
        "1.0             <- BYE",
        "1.0  200 ->",
        "1.0  BYE ->",
    ]
    assert wire.caller.is_empty
    assert wire.callee.is_empty


def test_a_lost_bye_is_repeated_and_then_forgotten() -> None:
    wire = Wire("...." + "x" * 20)
    call = wire.call()
    wire.run(until=1.0)
    call.hangup(wire.now)
    wire.run()
    byes = [line for line in wire.story if "BYE" in line]
    assert [float(line.split()[0]) for line in byes] == [
        *(1.0, 1.5, 2.5, 4.5, 8.5, 12.5, 16.5, 20.5, 24.5, 28.5, 32.5)
    ]
    assert wire.caller.is_empty
    assert list(wire.callee.agent.core.calls), "the callee heard nothing of it"


DEEDS: dict[str, Callable[[IncomingCall, float], None]] = {
    "ring": lambda call, now: call.ring(now, ANSWER, 183),
    "answer": lambda call, now: call.answer(ANSWER, now),
    "reject": lambda call, now: call.reject(603, now),
    "hangup": lambda call, now: call.hangup(now),
    "reanswer": lambda call, now: call.reanswer(OFFER, now),
}


@given(
    fate=st.text("..x2l", max_size=40),
    deeds=st.lists(st.tuples(st.sampled_from([*DEEDS, "cancel"]), st.floats(0.0, 3.0)), max_size=6),
)
@settings(max_examples=150, deadline=None)
def test_whatever_is_lost_and_done_nothing_is_left_behind(
    fate: str, deeds: list[tuple[str, float]]
) -> None:
    wire = Wire(fate, on_call=ring_only)
    outgoing = wire.call()
    for deed, pause in [*deeds, ("cancel", 0.0), ("hangup", 0.0)]:
        wire.run(until=wire.now + pause)
        if deed == "cancel":
            outgoing.hangup(wire.now)
        else:
            for call in wire.callee.calls:
                DEEDS[deed](call, wire.now)
    wire.run(until=wire.now + 300)
    for side, legs in ((wire.caller, 1), (wire.callee, len(wire.callee.calls))):
        assert side.is_empty
        assert len([event for event in side.heard if isinstance(event, ENDS)]) <= legs


@pytest.mark.parametrize("fate", ["2222222", ".2.2.2.2", "l2l2l2"])
def test_duplicates_change_nothing(fate: str) -> None:
    wire = Wire(fate)
    call = wire.call()
    wire.run(until=5.0)
    call.hangup(wire.now)
    wire.run()
    assert len(wire.callee.calls) == 1
    assert wire.caller.heard == [Answered(ANSWER)]
    assert wire.callee.heard == [Acked(None), HungUp()]
    assert wire.caller.is_empty
    assert wire.callee.is_empty
