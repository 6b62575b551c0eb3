import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentact.voice.sip.message import Message
from opentact.voice.sip.parser import MAX_HEAD, MAX_HEADERS, Malformed, parse
from voice.sip.samples import SDP, read_request, read_response, request, response


def refused(data: bytes) -> Malformed:
    with pytest.raises(Malformed) as caught:
        parse(data)
    return caught.value


def test_an_invite_is_read() -> None:
    invite = read_request(request(body=SDP))
    assert (invite.method, invite.uri) == ("INVITE", "sip:+12015550101@192.0.2.2")
    assert invite.sender.user == "+12015550100"
    assert invite.body == SDP


def test_a_response_is_read() -> None:
    ringing = read_response(response(180))
    assert (ringing.status, ringing.phrase) == (180, "Whatever")
    assert ringing.cseq.method == "INVITE"


def test_short_names_become_long_ones() -> None:
    assert read_request(request("INVITE", "s: Hello")).first("subject") == "Hello"


def test_folded_lines_are_joined_by_one_space() -> None:
    assert read_request(request("INVITE", "Subject: one\r\n  \ttwo")).first("subject") == "one two"


def test_empty_lines_before_the_start_are_skipped() -> None:
    assert read_request(b"\r\n\r\n" + request()).method == "INVITE"


def test_bytes_that_are_no_utf8_survive_the_round_trip() -> None:
    odd = request("INVITE", "Subject: caf\udce9")
    assert b"caf\xe9" in odd
    assert b"caf\xe9" in bytes(parse(odd))


def test_only_the_datagram_limits_a_body_without_length() -> None:
    data = request(body=SDP).replace(f"Content-Length: {len(SDP)}\r\n".encode(), b"")
    assert read_request(data).body == SDP


def test_excess_is_dropped_and_shortage_refused() -> None:
    assert read_request(request(body=SDP) + b"more").body == SDP
    short = refused(request(body=SDP)[:-1])
    assert str(short) == f"Content-Length says {len(SDP)}, the body has {len(SDP) - 1}"
    assert short.request is not None


@pytest.mark.parametrize("length", ["-1", "1e3", "", "99999999999", "+5"])
def test_a_length_that_is_none_is_refused(length: str) -> None:
    data = request().replace(b"Content-Length: 0", f"Content-Length: {length}".encode())
    assert refused(data).request is not None


def test_equal_lengths_may_be_said_twice() -> None:
    assert read_request(request("OPTIONS", "Content-Length: 0")).method == "OPTIONS"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "empty"),
        (b"\r\n\r\n\r\n", "empty"),
        (b"x" * 70_000, "longer than a datagram can be"),
        (b"INVITE sip:a SIP/2.0\nVia: x\r\n\r\n", "a line ends without CRLF"),
        (b"INVITE sip:a SIP/2.0\r\nVia: x\ry\r\n\r\n", "a line ends without CRLF"),
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "not a request line"),
        (b"SIP/2.0 20 OK\r\n\r\n", "not a status line"),
        (b"SIP/2.0 700 OK\r\n\r\n", "not a status line"),
        (b"SIP/3.0 200 OK\r\n\r\n", "not a status line"),
    ],
)
def test_garbage_is_named_and_owed_no_answer(data: bytes, why: str) -> None:
    malformed = refused(data)
    assert str(malformed) == why
    assert malformed.request is None


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("no colon", "not a header: no colon"),
        ("sp ace: x", "not a header: sp ace: x"),
        (": x", "not a header: : x"),
    ],
)
def test_a_bad_header_leaves_a_request_to_refuse(line: str, why: str) -> None:
    malformed = refused(request("INVITE", line))
    assert str(malformed) == why
    assert malformed.request is not None
    assert malformed.request.call_id == "call-1"


def test_another_version_gets_its_own_status() -> None:
    malformed = refused(request().replace(b" SIP/2.0\r\n", b" SIP/7.0\r\n", 1))
    assert malformed.status == 505
    assert malformed.request is not None


def test_a_malformed_ack_is_never_to_be_answered() -> None:
    assert refused(request("ACK").replace(b" SIP/2.0\r\n", b" SIP/7.0\r\n", 1)).request is None


def test_a_cut_off_head_is_refused() -> None:
    data = request()
    head = data[: data.index(b"CSeq")]
    assert str(refused(head)) == "no empty line after the headers"


def test_the_number_of_headers_is_limited() -> None:
    many = request("INVITE", *(["X: y"] * MAX_HEADERS))
    malformed = refused(many)
    assert str(malformed) == "too many headers"
    assert malformed.request is not None


def test_the_size_of_the_head_is_limited() -> None:
    assert str(refused(request("INVITE", "X: " + "y" * MAX_HEAD))) == "its headers are too long"


def read_all(message: Message) -> None:
    """Ask for every typed value; each may raise ValueError, and nothing else."""
    for ask in ("via", "sender", "recipient", "cseq", "call_id", "contact"):
        try:
            getattr(message, ask)
        except ValueError:
            continue


@given(st.binary(max_size=400))
def test_any_bytes_are_a_message_or_a_value_error(data: bytes) -> None:
    try:
        read_all(parse(data))
    except ValueError:
        return


@given(st.data(), st.sampled_from([request(body=SDP), response(200, body=SDP), request("BYE")]))
def test_any_damage_leaves_a_message_or_a_value_error(data: st.DataObject, whole: bytes) -> None:
    at = data.draw(st.integers(0, len(whole) - 1))
    width = data.draw(st.integers(0, 30))
    damaged = whole[:at] + data.draw(st.binary(max_size=20)) + whole[at + width :]
    try:
        message = parse(damaged)
    except Malformed as malformed:
        if malformed.request is not None:
            read_all(malformed.request)
        return
    read_all(message)
    assert bytes(parse(bytes(message))) == bytes(message)
