"""Damaged messages in any order, to an agent that is in the middle of calls."""

from hypothesis import given, settings
from hypothesis import strategies as st

from opentact.voice.sip.agent import Agent
from opentact.voice.sip.effects import Incoming
from opentact.voice.sip.outgoing import Invitation
from opentact.voice.sip.routing import Identity
from voice.sip.samples import PEER, SDP, request, response
from voice.sip.wire import words

WITHIN: list[bytes] = [
    request("INVITE", branch="z9hG4bKre", number=2, to_tag="ours1", body=SDP),
    request("INVITE", branch="z9hG4bKre2", number=3, to_tag="ours1"),
    request("ACK", branch="z9hG4bKack", number=1, to_tag="ours1"),
    request("ACK", branch="z9hG4bKack2", number=2, to_tag="ours1"),
    request("INFO", branch="z9hG4bKinfo", number=4, to_tag="ours1", body=b"x"),
    request("BYE", branch="z9hG4bKbye", number=5, to_tag="ours1"),
    request("CANCEL"),
    request("OPTIONS"),
    request(body=SDP),
    response(180, branch="z9hG4bKours4"),
    response(200, branch="z9hG4bKours4", body=SDP),
    response(200, branch="z9hG4bKours4", to_tag="fork"),
    response(486, branch="z9hG4bKours4"),
]


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_no_sequence_of_damaged_messages_breaks_it(data: st.DataObject) -> None:
    ua = Agent(Identity("192.0.2.2", 5060), words("ours"))
    effects = ua.datagram(request(body=SDP), PEER, 0.0)
    (call,) = [effect.call for effect in effects if isinstance(effect, Incoming)]
    assert call.local_tag == "ours1"
    out = ua.invite(
        Invitation("sip:ann@192.0.2.9", "sip:ann@192.0.2.9", "sip:bob@192.0.2.2", SDP), 0.0
    )
    if data.draw(st.booleans()):
        call.answer(SDP, 0.0)
    now = 0.0
    for _ in range(data.draw(st.integers(1, 8))):
        message = data.draw(st.sampled_from(WITHIN))
        if data.draw(st.booleans()):
            at = data.draw(st.integers(0, len(message)))
            width = data.draw(st.integers(0, 12))
            message = message[:at] + data.draw(st.binary(max_size=8)) + message[at + width :]
        now += data.draw(st.floats(0.0, 2.0))
        ua.datagram(message, PEER, now)
        if data.draw(st.booleans()):
            call.reanswer(SDP, now)
    for one in list(ua.core.calls.values()):
        one.hangup(now)
    out.hangup(now)
    while (at_ := ua.wake_at) is not None and at_ < now + 300:
        ua.woken(at_)
    # An INVITE that only ever rang waits for the end its CANCEL brings, and no longer.
    assert not ua.core.calls
    assert not len(ua.core.transactions)
    assert ua.wake_at is None
