from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentact.voice.sip.framing import MESSAGE_SECONDS, Framer
from opentact.voice.sip.parser import MAX_BYTES, MAX_HEAD


def message(body: bytes = b"", length: object = None, name: str = "Content-Length") -> bytes:
    said = len(body) if length is None else length
    head = f"OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/TCP h;branch=z9hG4bK1\r\n{name}: {said}\r\n\r\n"
    return head.encode() + body


def feed(framer: Framer, *pieces: bytes) -> list[bytes]:
    return [each for piece in pieces for each in framer.feed(piece, 0.0)]


@given(
    st.lists(st.binary(max_size=40).map(message), max_size=4),
    st.lists(st.integers(0, 400), max_size=12),
    st.sampled_from([b"", b"\r\n", b"\r\n\r\n"]),
)
def test_messages_come_out_whole_however_they_are_cut(
    messages: list[bytes], cuts: list[int], between: bytes
) -> None:
    stream = between.join([b"", *messages])
    edges = sorted({0, *(cut for cut in cuts if cut < len(stream)), len(stream)})
    framer = Framer()
    pieces = [stream[a:b] for a, b in pairwise(edges)]
    assert feed(framer, *pieces) == messages
    assert framer.broken is None
    assert framer.stale_at is None


@given(st.lists(st.binary(max_size=200), max_size=20))
def test_whatever_comes_it_keeps_no_more_than_a_message(pieces: list[bytes]) -> None:
    framer = Framer()
    for piece in pieces:
        for each in framer.feed(piece, 0.0):
            assert len(each) <= MAX_HEAD + MAX_BYTES + 4


@pytest.mark.parametrize("name", ["Content-Length", "content-length", "l", "CONTENT-LENGTH "])
def test_the_length_is_found_in_every_spelling(name: str) -> None:
    whole = message(b"abc", name=name)
    assert feed(Framer(), whole + whole) == [whole, whole]


def test_without_a_length_there_is_no_body() -> None:
    bare = b"OPTIONS sip:a SIP/2.0\r\nVia: x\r\n\r\n"
    assert feed(Framer(), bare + bare) == [bare, bare]


@pytest.mark.parametrize(
    ("length", "why"),
    [
        ("-1", "Content-Length cannot be read"),
        ("1e3", "Content-Length cannot be read"),
        ("99999999999", "Content-Length cannot be read"),
        (f"3\r\nContent-Length: {4}", "Content-Length cannot be read"),
        (MAX_BYTES + 1, "message too long"),
    ],
)
def test_after_a_length_that_cannot_be_followed_the_head_is_the_last_thing(
    length: object, why: str
) -> None:
    framer = Framer()
    wrong = message(length=length)
    assert feed(framer, wrong + message(), message()) == [wrong]
    assert framer.broken == why


@pytest.mark.parametrize(
    "foreign",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01",
        b"\n",
        b"\0" * 10,
        b"SSH-2.0-x\r\n",
    ],
)
def test_another_protocol_is_known_by_its_first_line(foreign: bytes) -> None:
    framer = Framer()
    assert feed(framer, foreign) == []
    assert framer.broken == "not SIP"


@pytest.mark.parametrize("start", [b"", b"OPTIONS sip:a SIP/2.0\r\n"])
def test_headers_without_end_are_not_collected(start: bytes) -> None:
    framer = Framer()
    feed(framer, start)
    for _ in range(MAX_HEAD // 64):
        assert framer.broken is None
        feed(framer, b"A" * 62 + b"\r\n" if start else b"A" * 64)
    feed(framer, b"A" * 64)
    assert framer.broken == "headers too long"


def test_a_pair_of_line_ends_is_a_keep_alive_and_a_single_one_its_answer() -> None:
    framer = Framer()
    assert feed(framer, b"\r\n\r\n" + message() + b"\r\n" + message()) == [message(), message()]
    assert framer.take_pings() == 1
    assert framer.take_pings() == 0
    feed(framer, b"\r\n", b"\r\n", b"\r")
    assert framer.take_pings() == 1


def test_a_message_under_way_has_a_time_by_which_it_must_be_whole() -> None:
    framer = Framer()
    first, rest = message()[:9], message()[9:]
    framer.feed(first, 100.0)
    framer.feed(rest[:1], 105.0)
    assert framer.stale_at == 100.0 + MESSAGE_SECONDS
    framer.feed(rest[1:] + first, 106.0)
    assert framer.stale_at == 106.0 + MESSAGE_SECONDS


def test_keep_alives_do_not_count_as_a_message_under_way() -> None:
    framer = Framer()
    framer.feed(b"\r\n\r", 1.0)
    assert framer.stale_at is None
