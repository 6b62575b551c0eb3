"""Session timers: what is agreed, and what happens when the other side is gone (RFC 4028)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentact.voice.sip.agent import Agent
from opentact.voice.sip.effects import Expired, Reoffered
from opentact.voice.sip.routing import Identity
from opentact.voice.sip.session_timer import (
    Policy,
    SessionExpires,
    SessionTimer,
    Terms,
    agree,
    read_min_se,
    settle,
    too_brief,
)
from voice.sip.samples import PEER, SDP, read_request, read_response, request, response
from voice.sip.wire import ANSWER, Wire, words

KNOWS = "Supported: timer, replaces"
POLICY = Policy()


@pytest.mark.parametrize(
    ("text", "seconds", "refresher"),
    [
        ("1800", 1800, None),
        (" 90 ; refresher=uas", 90, "uas"),
        ("4294967295;x=y;Refresher=UAC", 4294967295, "uac"),
        ("1800;refresher=nobody", 1800, None),
    ],
)
def test_the_header_is_read(text: str, seconds: int, refresher: str | None) -> None:
    assert SessionExpires.parse(text) == SessionExpires(seconds, refresher)


@given(st.text(max_size=40))
def test_any_text_is_a_header_or_a_value_error(text: str) -> None:
    try:
        read = SessionExpires.parse(text)
    except ValueError:
        return
    assert SessionExpires.parse(str(read)) == read


@pytest.mark.parametrize(
    ("more", "terms", "said"),
    [
        # Who asks and knows how, refreshes, unless it wants us to.
        ([KNOWS, "Session-Expires: 600"], Terms(600, ours=False), "600;refresher=uac"),
        ([KNOWS, "Session-Expires: 600;refresher=uas"], Terms(600, ours=True), "600;refresher=uas"),
        ([KNOWS], Terms(1800, ours=False), "1800;refresher=uac"),
        ([], Terms(1800, ours=True), "1800;refresher=uas"),
        ([KNOWS, "Session-Expires: 7200"], Terms(1800, ours=False), "1800;refresher=uac"),
        ([KNOWS, "Min-SE: 3600"], Terms(3600, ours=False), "3600;refresher=uac"),
        # A proxy put it in for a caller without timers; less than the least is not believed.
        (["Session-Expires: 1;refresher=uac"], Terms(1800, ours=True), "1800;refresher=uas"),
        ([KNOWS, "Session-Expires: soon"], Terms(1800, ours=False), "1800;refresher=uac"),
    ],
)
def test_as_server_we_decide(more: list[str], terms: Terms, said: str) -> None:
    agreed, headers = agree(read_request(request("INVITE", *more)), POLICY)
    assert agreed == terms
    assert dict(headers)["session-expires"] == said
    assert ("require", "timer") in headers or KNOWS not in more


@pytest.mark.parametrize(
    ("more", "terms"),
    [
        (["Session-Expires: 600;refresher=uac"], Terms(600, ours=True)),
        (["Session-Expires: 600;refresher=uas"], Terms(600, ours=False)),
        (["Session-Expires: 600"], Terms(600, ours=True)),
        ([], Terms(1800, ours=True)),
        (["Session-Expires: 1;refresher=uac"], Terms(90, ours=True)),
    ],
)
def test_as_client_we_take_what_the_answer_says(more: list[str], terms: Terms) -> None:
    assert settle(read_response(response(200, *more)), POLICY) == terms


def test_too_brief_a_session_is_refused_to_whom_can_understand_it() -> None:
    brief = "Session-Expires: 60"
    assert too_brief(read_request(request("INVITE", KNOWS, brief)), POLICY)
    assert not too_brief(read_request(request("INVITE", brief)), POLICY)
    assert not too_brief(read_request(request("INVITE", KNOWS, "Session-Expires: 90")), POLICY)


@pytest.mark.parametrize(("text", "seconds"), [("90", 90), ("x", None), ("999999", None)])
def test_min_se_is_believed_within_reason(text: str, seconds: int | None) -> None:
    assert read_min_se(read_response(response(422, f"Min-SE: {text}"))) == seconds


def test_who_waits_for_the_other_gives_up_a_little_before_the_end() -> None:
    assert SessionTimer.start(Terms(1800, ours=False), 10.0).wake_at == 1778.0
    assert SessionTimer.start(Terms(90, ours=False), 0.0).wake_at == 60.0
    timer = SessionTimer.start(Terms(90, ours=True), 0.0)
    assert timer.wake_at == 45.0
    assert not timer.take_refresh(44.9)
    assert timer.take_refresh(45.0)
    assert timer.wake_at == 90.0
    timer.again(45.0)
    assert timer.wake_at == 75.0
    timer.again(75.0)
    assert timer.wake_at == 90.0, "no time is left for another try"


def test_the_one_that_refreshes_does_so_with_update_and_nobody_is_bothered() -> None:
    wire = Wire()
    call = wire.call()
    wire.run(until=2000.0)
    assert wire.story[4:] == [
        "900.0  UPDATE ->",
        "900.0             <- 200",
        "1800.0  UPDATE ->",
        "1800.0             <- 200",
    ]
    assert len(wire.caller.heard) == len(wire.callee.heard) == 1
    call.hangup(wire.now)
    wire.run(until=2300.0)
    assert wire.caller.is_empty
    assert wire.callee.is_empty


def test_without_refreshes_the_call_ends_and_says_why() -> None:
    wire = Wire("...." + "x" * 400)
    wire.call()
    wire.run(until=3000.0)
    assert wire.caller.heard[1:] == [Expired("nobody answered our UPDATE")]
    assert wire.callee.heard[1:] == [Expired("the session timer ran out")]
    assert "1768.0             x- BYE" in wire.story
    assert wire.caller.is_empty
    assert wire.callee.is_empty


def test_too_brief_an_invite_is_sent_again_as_long_as_was_asked() -> None:
    wire = Wire()
    wire.caller.agent.core.session = Policy(seconds=60, least=60)
    call = wire.call()
    wire.run(until=1.0)
    assert [line.split(maxsplit=1)[1].strip() for line in wire.story] == [
        "INVITE ->",
        "<- 422",
        "ACK ->",
        "INVITE ->",
        "<- 100",
        "<- 200",
        "ACK ->",
    ]
    assert wire.callee.calls[0].request.first("session-expires") == "90"
    assert wire.callee.calls[0].request.first("min-se") == "90"
    call.hangup(wire.now)
    wire.run(until=300.0)
    assert wire.caller.is_empty


def test_a_refusal_of_update_is_followed_by_a_reinvite_with_the_same_media() -> None:
    ua = Agent(Identity("192.0.2.2", 5060), words("ours"))
    ua.datagram(request("INVITE", "Allow: INVITE, UPDATE", body=SDP), PEER, 0.0)
    (call,) = ua.core.calls.values()
    call.answer(ANSWER, 0.0)  # type: ignore[attr-defined]
    ua.datagram(request("ACK", to_tag="ours1"), PEER, 0.0)
    ua.effects()
    (update,) = [read_request(one.data) for one in ua.woken(900.0) if hasattr(one, "data")]
    assert update.method == "UPDATE"
    refusal = response(501, method="UPDATE", branch=update.via.branch or "", number=1)
    ua.datagram(refusal, PEER, 900.1)
    (again,) = [read_request(one.data) for one in ua.woken(900.1) if hasattr(one, "data")]
    assert (again.method, again.body) == ("INVITE", ANSWER)


def test_a_reinvite_of_the_peer_sets_the_timer_anew() -> None:
    wire = Wire()
    wire.callee.agent.core.session = Policy(seconds=200)
    call = wire.call()
    wire.run(until=50.0)
    call.reoffer(b"v=0\r\ns=again\r\n", wire.now)
    wire.run(until=51.0)
    assert isinstance(wire.callee.heard[-1], Reoffered)
    wire.callee.calls[0].reanswer(ANSWER, wire.now)
    wire.run(until=160.0)
    updates = [line for line in wire.story if "UPDATE" in line]
    assert updates == ["151.0  UPDATE ->"]
