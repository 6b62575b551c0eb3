"""Our re-INVITEs and UPDATEs as ladders, with glare, loss and refusals."""

from textwrap import dedent

import pytest

from opentact.voice.sip.effects import (
    ENDS,
    Acked,
    Answered,
    Expired,
    HungUp,
    Reanswered,
    Reoffered,
    ReofferRefused,
)
from opentact.voice.sip.incoming import IncomingCall
from opentact.voice.sip.outgoing import OutgoingCall
from voice.sip.wire import ANSWER, OFFER, Wire

HOLD = b"v=0\r\no=- 1 2 IN IP4 192.0.2.1\r\ns=-\r\na=sendonly\r\n"
HELD = b"v=0\r\no=- 2 3 IN IP4 192.0.2.2\r\ns=-\r\na=recvonly\r\n"


def talking(fate: str = "") -> tuple[Wire, OutgoingCall, IncomingCall]:
    """A call that is up since half a second; `fate` begins after it."""
    wire = Wire("...." + fate)
    caller = wire.call()
    wire.run(until=0.5)
    wire.story.clear()
    wire.caller.heard.clear()
    wire.callee.heard.clear()
    return wire, caller, wire.callee.calls[0]


def settle(wire: Wire, caller: OutgoingCall) -> None:
    """Hang up, and see that nothing is left."""
    caller.hangup(wire.now)
    wire.run(until=wire.now + 300)
    assert wire.caller.is_empty
    assert wire.callee.is_empty


def test_a_hold_and_its_answer() -> None:
    wire, caller, callee = talking()
    caller.reoffer(HOLD, wire.now)
    wire.run(until=0.7)
    assert wire.callee.heard == [Reoffered(HOLD)]
    callee.reanswer(HELD, wire.now)
    wire.run(until=1.0)
    assert wire.ladder() == dedent("""
        0.5  INVITE ->
        0.5             <- 100
        0.7             <- 200
        0.7  ACK ->
        """)
    assert wire.caller.heard == [Reanswered(HELD)]
    assert wire.callee.heard == [Reoffered(HOLD), Acked(None, again=True)]
    settle(wire, caller)


def test_the_callee_may_propose_too() -> None:
    wire, caller, callee = talking()
    callee.reoffer(HOLD, wire.now)
    wire.run(until=0.7)
    caller.reanswer(HELD, wire.now)
    wire.run(until=1.0)
    assert wire.callee.heard == [Reanswered(HELD)]
    assert wire.caller.heard == [Reoffered(HOLD), Acked(None, again=True)]
    settle(wire, caller)


def test_a_lost_ack_is_sent_again_for_the_repeated_answer() -> None:
    wire, caller, callee = talking("..." + "x")
    caller.reoffer(HOLD, wire.now)
    wire.run(until=0.7)
    callee.reanswer(HELD, wire.now)
    wire.run(until=2.0)
    assert wire.story[2:] == [
        "0.7             <- 200",
        "0.7  ACK -x",
        "1.2             <- 200",
        "1.2  ACK ->",
    ]
    assert wire.caller.heard == [Reanswered(HELD)]
    settle(wire, caller)


def test_a_refusal_leaves_the_call_as_it_was() -> None:
    wire, caller, callee = talking()
    caller.reoffer(HOLD, wire.now)
    wire.run(until=0.7)
    callee.refuse_reoffer(488, wire.now)
    wire.run(until=1.0)
    assert wire.story[-2:] == ["0.7             <- 488", "0.7  ACK ->"]
    assert wire.caller.heard == [ReofferRefused(488)]
    assert callee.phase is caller.phase
    settle(wire, caller)


def test_who_proposes_at_once_with_the_other_tries_again_at_another_time() -> None:
    wire, caller, callee = talking()
    caller.reoffer(HOLD, wire.now)
    callee.reoffer(HELD, wire.now)
    wire.run(until=0.6)
    assert [line.split()[-1] for line in wire.story].count("491") + [
        line.split()[1] for line in wire.story
    ].count("491") == 2
    assert wire.caller.heard == wire.callee.heard == []
    # RFC 3261 14.1: who made the Call-ID waits 2.1 to 4 s, the other one at most 2 s.
    wire.run(until=2.55)
    assert wire.caller.heard == [Reoffered(HELD)]
    caller.reanswer(HOLD, wire.now)
    wire.run(until=4.6)
    assert wire.callee.heard == [Reanswered(HOLD), Reoffered(HOLD)]
    settle(wire, caller)


def test_what_is_proposed_meanwhile_waits_and_the_last_one_counts() -> None:
    wire, caller, callee = talking()
    caller.reoffer(HOLD, wire.now)
    caller.reoffer(b"v=0\r\ns=never\r\n", wire.now)
    caller.reoffer(OFFER, wire.now)
    wire.run(until=0.7)
    callee.reanswer(HELD, wire.now)
    wire.run(until=0.9)
    callee.reanswer(ANSWER, wire.now)
    wire.run(until=1.1)
    assert [one.offer for one in wire.callee.heard if isinstance(one, Reoffered)] == [HOLD, OFFER]
    assert wire.caller.heard == [Reanswered(HELD), Reanswered(ANSWER)]
    settle(wire, caller)


def test_what_is_proposed_before_the_answer_waits_for_it() -> None:
    wire = Wire(on_call=lambda call, now: call.ring(now))
    caller = wire.call()
    caller.reoffer(HOLD, wire.now)
    wire.run(until=1.0)
    (callee,) = wire.callee.calls
    callee.reoffer(HELD, wire.now)
    callee.answer(ANSWER, wire.now)
    wire.run(until=3.05)
    assert wire.caller.heard[-1] == Reoffered(HELD)
    caller.reanswer(ANSWER, wire.now)
    wire.run(until=5.1)
    assert wire.callee.heard[-1] == Reoffered(HOLD)
    settle(wire, caller)


def test_a_reinvite_that_asks_for_an_offer_answers_it_in_the_ack() -> None:
    wire, caller, callee = talking()
    caller.reoffer(None, wire.now)
    wire.run(until=0.6)
    assert wire.callee.heard == [Reoffered(None)]
    callee.reanswer(ANSWER, wire.now)
    wire.run(until=0.7)
    assert wire.caller.heard == [Reanswered(ANSWER)]
    caller.acknowledge(HELD, wire.now)
    wire.run(until=1.0)
    assert wire.callee.heard[1:] == [Acked(HELD, again=True)]
    settle(wire, caller)


def test_an_update_needs_no_ack() -> None:
    wire, caller, callee = talking()
    caller.update(HOLD, wire.now)
    wire.run(until=0.7)
    assert wire.callee.heard == [Reoffered(HOLD)]
    callee.reanswer(HELD, wire.now)
    wire.run(until=5.0)
    assert wire.ladder() == dedent("""
        0.5  UPDATE ->
        0.7             <- 200
        """)
    assert wire.caller.heard == [Reanswered(HELD)]
    settle(wire, caller)


def test_an_update_without_an_offer_is_answered_by_itself() -> None:
    wire, caller, _ = talking()
    caller.update(None, wire.now)
    wire.run(until=0.7)
    assert wire.story == ["0.5  UPDATE ->", "0.5             <- 200"]
    assert wire.callee.heard == []
    settle(wire, caller)


@pytest.mark.parametrize("verb", ["reoffer", "update"])
def test_a_peer_that_does_not_answer_is_gone(verb: str) -> None:
    wire, caller, _ = talking("x" * 40)
    getattr(caller, verb)(HOLD, wire.now)
    wire.run(until=100)
    assert [type(one) for one in wire.caller.heard] == [Expired]
    assert wire.caller.is_empty


def test_a_peer_that_knows_nothing_of_the_call_is_gone() -> None:
    wire, caller, callee = talking()
    callee.leave()
    caller.reoffer(HOLD, wire.now)
    wire.run(until=1.0)
    assert wire.story[1:4] == ["0.5             <- 481", "0.5  ACK ->", "0.5  BYE ->"]
    assert wire.caller.heard == [Expired("the peer answered 481 to our INVITE")]
    wire.run(until=100.0)
    assert wire.caller.is_empty


def test_hanging_up_while_a_proposal_flies_ends_once() -> None:
    wire, caller, callee = talking()
    caller.reoffer(HOLD, wire.now)
    wire.run(until=0.6)
    caller.hangup(wire.now)
    wire.run(until=0.7)
    callee.reanswer(HELD, wire.now)
    caller.reoffer(HOLD, wire.now)
    settle(wire, caller)
    assert [one for one in wire.callee.heard if isinstance(one, ENDS)] == [HungUp()]
    assert wire.caller.heard == []


def test_an_offer_that_nobody_answers_is_acknowledged_before_the_call_is_hung_up() -> None:
    wire = Wire()
    call = wire.call(sdp=b"")
    wire.run(until=0.1)
    call.hangup(wire.now)
    wire.run()
    assert wire.story[3:] == ["0.1  ACK ->", "0.1  BYE ->", "0.1             <- 200"]
    assert wire.callee.heard == [Acked(None), HungUp()]
    assert wire.caller.is_empty
    assert wire.callee.is_empty


def test_a_call_without_an_offer_has_its_answer_in_the_ack() -> None:
    wire = Wire()
    call = wire.call(sdp=b"")
    wire.run(until=1.0)
    assert wire.callee.calls[0].offer is None
    assert wire.caller.heard == [Answered(ANSWER)]
    call.acknowledge(OFFER, wire.now)
    wire.run(until=5.0)
    assert wire.story == [
        "0.0  INVITE ->",
        "0.0             <- 100",
        "0.0             <- 200",
        "0.5             <- 200",
        "1.0  ACK ->",
    ]
    assert wire.callee.heard == [Acked(OFFER)]
