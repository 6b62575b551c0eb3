import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentact.voice.timeline.messages import Summary, sentence_of, summary_of

SDP = (
    "v=0\r\no=- 1 1 IN IP4 10.0.0.5\r\ns=-\r\nc=IN IP4 10.0.0.5\r\nt=0 0\r\n"
    "m=audio 4000 RTP/AVP 0 96\r\na=rtpmap:96 opus/48000/2\r\na=sendonly\r\n"
)


def message(start: str, *lines: str, body: str = "", kind: str = "application/sdp") -> str:
    head = [start, "Via: SIP/2.0/UDP x;branch=z9hG4bK1", "From: <sip:a@x>;tag=1", "Call-ID: c"]
    more = [f"Content-Type: {kind}", f"Content-Length: {len(body)}"] if body else []
    return "\r\n".join([*head, *lines, *more, "", body])


def say(summary: Summary, *, ours: bool = False, again: bool = False) -> str:
    return sentence_of(summary, ours=ours, peer="udp:192.0.2.1:5060", again=again)


def test_an_invite_is_summed_up_with_what_its_description_says() -> None:
    text = message("INVITE sip:2@y SIP/2.0", "To: <sip:2@y>", "CSeq: 1 INVITE", body=SDP)
    summary = summary_of(text)
    assert summary.name == "INVITE (SDP)"
    assert summary.headers["From"] == "<sip:a@x>;tag=1"
    assert summary.sdp is not None
    assert summary.sdp.as_dict() == {
        "address": "10.0.0.5",
        "port": 4000,
        "direction": "sendonly",
        "codecs": ["PCMU", "opus"],
        "secure": False,
    }
    assert say(summary) == (
        "udp:192.0.2.1:5060 sends INVITE (a call); media at 10.0.0.5:4000, PCMU, opus, sendonly"
    )


def test_an_invite_within_a_call_is_a_change() -> None:
    text = message("INVITE sip:2@y SIP/2.0", "To: <sip:2@y>;tag=9", "CSeq: 2 INVITE")
    assert "a change of the session" in say(summary_of(text))


def test_an_answer_names_what_it_answers() -> None:
    summary = summary_of(message("SIP/2.0 486 Busy Here", "To: <sip:2@y>;tag=2", "CSeq: 1 INVITE"))
    assert summary.name == "486 Busy Here"
    assert say(summary) == "udp:192.0.2.1:5060 answers 486 Busy Here to INVITE"
    assert say(summary, ours=True, again=True) == (
        "We answer udp:192.0.2.1:5060: 486 Busy Here to INVITE; once more"
    )


def test_a_key_by_info_is_named() -> None:
    text = message(
        "INFO sip:2@y SIP/2.0",
        "To: <sip:2@y>;tag=2",
        "CSeq: 3 INFO",
        body="Signal=5\r\nDuration=160",
        kind="application/dtmf-relay",
    )
    assert "the key 5" in say(summary_of(text))


def test_a_reason_is_told() -> None:
    text = message(
        "BYE sip:2@y SIP/2.0", "To: <sip:2@y>;tag=2", "CSeq: 2 BYE", "Reason: Q.850;cause=16"
    )
    assert say(summary_of(text), ours=True) == (
        "We send udp:192.0.2.1:5060 BYE (the end of the call); reason Q.850;cause=16"
    )


@pytest.mark.parametrize("text", ["", "\r\n\r\n", "GET / HTTP/1.1\r\n\r\n", "INVITE", "\udcff"])
def test_what_is_no_message_is_still_summed_up(text: str) -> None:
    assert isinstance(say(summary_of(text)), str)


@given(st.text(max_size=400))
def test_any_text_has_a_summary_and_a_sentence(text: str) -> None:
    summary = summary_of(message("INVITE sip:2@y SIP/2.0", "CSeq: 1 INVITE", body=text))
    assert len(say(summary)) < 2000
    assert len(summary_of(text).name) <= 46
