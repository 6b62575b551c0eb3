import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentact.voice.sdp.faults import BadSdp, SdpRefused
from opentact.voice.sdp.session import MAX_BYTES, Media, Origin, Session

PHONE = b"""v=0\r
o=alice 2890844526 2890844527 IN IP4 192.0.2.10\r
s=-\r
c=IN IP4 192.0.2.10\r
t=0 0\r
a=tool:phone 1.0\r
m=audio 49170 RTP/AVP 0 8 101\r
a=rtpmap:0 PCMU/8000\r
a=rtpmap:101 telephone-event/8000\r
a=sendrecv\r
m=video 51372/2 RTP/AVP 31\r
c=IN IP6 2001:db8::1\r
b=AS:256\r
"""

tokens = st.from_regex(r"[a-zA-Z0-9!.+-]{1,12}", fullmatch=True)
numbers = st.integers(0, 10**19)
values = st.from_regex(r"[!-~]([ -~]{0,20}[!-~])?", fullmatch=True)
attributes = st.lists(st.tuples(tokens, st.none() | values | st.just("")), max_size=4).map(tuple)
addresses = st.ip_addresses().map(str)
media = st.builds(
    Media,
    tokens.map(str.lower),
    st.integers(0, 65_535),
    tokens,
    st.lists(tokens, min_size=1, max_size=5).map(tuple),
    st.none() | addresses,
    attributes,
)
sessions = st.builds(
    Session,
    st.builds(Origin, tokens, numbers, numbers, addresses),
    values,
    st.none() | addresses,
    attributes,
    st.lists(media, max_size=3).map(tuple),
)


def test_reads_what_a_phone_sends() -> None:
    session = Session.parse(PHONE)
    assert session.origin == Origin("alice", 2890844526, 2890844527, "192.0.2.10")
    assert session.connection == "192.0.2.10"
    assert session.attributes == (("tool", "phone 1.0"),)
    audio, video = session.media
    assert (audio.kind, audio.port, audio.protocol) == ("audio", 49170, "RTP/AVP")
    assert audio.formats == ("0", "8", "101")
    assert audio.attribute("sendrecv") == ""
    assert audio.attribute("ptime") is None
    assert (video.port, video.connection) == (51372, "2001:db8::1")


@pytest.mark.parametrize(
    "loose",
    [
        PHONE.replace(b"\r\n", b"\n"),
        PHONE.replace(b"\r\n", b"\r"),
        PHONE.replace(b"s=-\r\n", b"").replace(b"t=0 0\r\n", b""),
        PHONE + b"\r\n\r\n",
        PHONE.replace(b"c=", b"c = "),
        PHONE.replace(b"t=0 0\r\n", b"t=0 0\r\nz=0 0\r\nk=clear:x\r\n"),
    ],
)
def test_forgives_what_does_not_matter(loose: bytes) -> None:
    assert Session.parse(loose) == Session.parse(PHONE)


def test_an_origin_without_user_is_read() -> None:
    session = Session.parse(PHONE.replace(b"o=alice ", b"o="))
    assert session.origin == Origin("-", 2890844526, 2890844527, "192.0.2.10")


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        (b"", "expected v=0"),
        (b"v=1\r\no=- 1 1 IN IP4 1.2.3.4\r\n", "expected v=0"),
        (b"v=0\r\ns=-\r\n", "no o= line"),
        (PHONE.replace(b"s=-", b"nonsense"), "line 3: expected letter=value"),
        (PHONE.replace(b"o=alice 2890844526", b"o=alice x"), "line 2: o= needs numbers"),
        (PHONE.replace(b"IN IP4 192.0.2.10\r\ns", b"IP4 192.0.2.10\r\ns"), "line 2: expected o="),
        (PHONE.replace(b"c=IN IP4", b"c=ATM NSAP"), "line 4: expected c=IN"),
        (PHONE.replace(b"m=audio 49170", b"m=audio 4917O"), "line 7: m= with the port '4917O'"),
        (PHONE.replace(b"m=audio 49170", b"m=audio 70000"), "port '70000'"),
        (PHONE.replace(b"m=audio 49170", b"m=audio -1"), "port '-1'"),
        (PHONE.replace(b"m=video 51372/2", b"m=video 51372/x"), "port '51372/x'"),
        (PHONE.replace(b"RTP/AVP 0 8 101", b"RTP/AVP"), "line 7: expected m=kind"),
        (b"v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\nm=\r\n", "line 3: expected m=kind"),
        (PHONE + b"m=audio 9 RTP/AVP 0\r\n" * 40, "more than 32 media lines"),
        (PHONE.replace(b" 0 8 101", b" 0" * 65), "more than 64 formats"),
        (PHONE + b"a=x\r\n" * 1_000, "1013 lines, at most 1000"),
        (PHONE + b"a=" + b"x" * MAX_BYTES, "at most 32768"),
        (PHONE.replace(b"s=-", b"s=\0"), "NUL"),
    ],
)
def test_refuses_what_is_broken_and_says_where(broken: bytes, why: str) -> None:
    with pytest.raises(BadSdp, match=why) as refusal:
        Session.parse(broken)
    assert refusal.value.status == 400


@given(sessions)
def test_what_is_written_is_read_back(session: Session) -> None:
    assert Session.parse(bytes(session)) == session


@given(st.binary(max_size=300) | st.binary(max_size=200).map(lambda tail: PHONE + tail))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        session = Session.parse(data)
    except SdpRefused:
        return
    assert Session.parse(bytes(session)).origin == session.origin
