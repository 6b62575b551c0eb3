from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentact.voice.sdp.faults import (
    AudioRefused,
    BadSdp,
    NoAudio,
    NoCommonCodec,
    NoUsableAddress,
    SdpRefused,
)
from opentact.voice.sdp.offer_answer import Codec, Direction, Negotiated, accept, answer, make_offer
from opentact.voice.sdp.session import Session

OURS: Any = {"host": "198.51.100.1", "port": 20_000, "session_id": 7}


def offer(
    *audio: str, line: str = "m=audio 4000 RTP/AVP 0 8 101", host: str = "192.0.2.9"
) -> bytes:
    lines = [
        "v=0",
        f"o=- 1 1 IN IP4 {host}",
        "s=-",
        f"c=IN IP4 {host}",
        "t=0 0",
        line,
        "a=rtpmap:101 telephone-event/8000",
        *audio,
    ]
    return "\r\n".join([*lines, ""]).encode()


def test_answers_with_one_codec_and_telephone_events() -> None:
    description, agreed = answer(offer(), **OURS)
    assert agreed == Negotiated(
        ("192.0.2.9", 4000),
        "PCMU",
        0,
        dtmf_payload=101,
        rtcp=("192.0.2.9", 4001),
        dtmf_expected=101,
    )
    assert description.decode().split("\r\n") == [
        "v=0",
        "o=- 7 1 IN IP4 198.51.100.1",
        "s=-",
        "c=IN IP4 198.51.100.1",
        "t=0 0",
        "m=audio 20000 RTP/AVP 0 101",
        "a=rtpmap:0 PCMU/8000",
        "a=rtpmap:101 telephone-event/8000",
        "a=fmtp:101 0-15",
        "a=ptime:20",
        "a=sendrecv",
        "",
    ]


@pytest.mark.parametrize(
    ("line", "extra", "codecs", "codec", "payload_type"),
    [
        ("m=audio 4000 RTP/AVP 8 0", [], ("PCMU", "PCMA"), "PCMA", 8),
        ("m=audio 4000 RTP/AVP 0 8", [], ("PCMA",), "PCMA", 8),
        ("m=audio 4000 RTP/AVP 9 96", ["a=rtpmap:96 pcma/8000/1"], ("PCMU", "PCMA"), "PCMA", 96),
        ("m=audio 4000 RTP/AVPF 18 0", [], ("PCMU", "PCMA"), "PCMU", 0),
        # a static number may be given another meaning
        ("m=audio 4000 RTP/AVP 0 8", ["a=rtpmap:0 opus/48000/2"], ("PCMU", "PCMA"), "PCMA", 8),
    ],
)
def test_takes_the_offerers_first_codec_that_we_have(
    line: str, extra: list[str], codecs: tuple[Codec, ...], codec: Codec, payload_type: int
) -> None:
    description, agreed = answer(offer(*extra, line=line), **OURS, codecs=codecs)
    assert (agreed.codec, agreed.payload_type) == (codec, payload_type)
    [audio] = Session.parse(description).media
    assert audio.formats[0] == str(payload_type)
    assert audio.protocol in line


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ([], "sendrecv"),
        (["a=sendonly"], "recvonly"),
        (["a=recvonly"], "sendonly"),
        (["a=inactive"], "inactive"),
        (["c=IN IP4 0.0.0.0"], "recvonly"),
        (["c=IN IP4 0.0.0.0", "a=sendonly"], "recvonly"),
        (["c=IN IP4 0.0.0.0", "a=recvonly"], "inactive"),
    ],
)
def test_hold_is_mirrored(theirs: list[str], ours: Direction) -> None:
    description, agreed = answer(offer(*theirs), **OURS)
    assert agreed.direction == ours
    assert Session.parse(description).media[0].attribute(ours) == ""
    assert (agreed.sends, agreed.receives) == (
        ours in {"sendrecv", "sendonly"},
        ours in {"sendrecv", "recvonly"},
    )


def test_a_direction_may_stand_before_the_media() -> None:
    held = offer().replace(b"t=0 0\r\n", b"t=0 0\r\na=sendonly\r\n")
    assert answer(held, **OURS)[1].direction == "recvonly"
    resumed = held + b"a=sendrecv\r\n"
    assert answer(resumed, **OURS)[1].direction == "sendrecv"


@pytest.mark.parametrize(
    ("attributes", "ptime"),
    [
        ([], 20),
        (["a=ptime:30"], 30),
        (["a=ptime:20.0"], 20),
        (["a=ptime:45"], 40),
        (["a=ptime:5"], 10),
        (["a=ptime:200"], 60),
        (["a=ptime:20", "a=maxptime:10"], 10),
        (["a=ptime:soon"], 20),
    ],
)
def test_packet_time_is_the_peers_within_reason(attributes: list[str], ptime: int) -> None:
    assert answer(offer(*attributes), **OURS)[1].ptime == ptime


def test_other_streams_are_refused_in_their_places() -> None:
    many = offer("m=video 5000 RTP/AVP 31", "m=audio 6000 RTP/AVP 0", "m=application 7 UDP/BFCP *")
    description, agreed = answer(many, **OURS)
    assert [(m.kind, m.port) for m in Session.parse(description).media] == [
        ("audio", 20_000),
        ("video", 0),
        ("audio", 0),
        ("application", 0),
    ]
    assert agreed.remote == ("192.0.2.9", 4000)


def test_a_stream_that_cannot_be_taken_gives_way_to_one_that_can() -> None:
    srtp_first = offer("m=audio 6000 RTP/AVP 8", line="m=audio 4000 RTP/SAVP 0")
    description, agreed = answer(srtp_first, **OURS)
    assert agreed.remote == ("192.0.2.9", 6000)
    assert [m.port for m in Session.parse(description).media] == [0, 20_000]


@pytest.mark.parametrize(
    ("bad", "fault", "status"),
    [
        (offer(line="m=audio 4000 RTP/AVP 9 18"), NoCommonCodec, 488),
        (offer(line="m=audio 0 RTP/AVP 0"), AudioRefused, 488),
        (offer(line="m=video 4000 RTP/AVP 31"), NoAudio, 488),
        (offer(line="m=audio 4000 RTP/SAVP 0"), NoAudio, 488),
        (offer("c=IN IP4 phone.example.com"), NoUsableAddress, 488),
        (offer("c=IN IP4 224.2.1.1/127"), NoUsableAddress, 488),
        (offer("c=IN IP4 224.2.1.1"), NoUsableAddress, 488),
        (offer("c=IN IP4 255.255.255.255"), NoUsableAddress, 488),
        (offer().replace(b"c=IN IP4 192.0.2.9\r\n", b""), BadSdp, 400),
        (b"hello", BadSdp, 400),
    ],
)
def test_each_refusal_has_its_name_and_status(
    bad: bytes, fault: type[SdpRefused], status: int
) -> None:
    with pytest.raises(fault) as refusal:
        answer(bad, **OURS)
    assert type(refusal.value) is fault
    assert refusal.value.status == status
    assert isinstance(refusal.value, ValueError)


def test_the_version_rises_only_when_something_changed() -> None:
    first, _ = answer(offer(), **OURS)
    same, _ = answer(offer(), **OURS, previous=first)
    held, _ = answer(offer("a=sendonly"), **OURS, previous=same)
    back, _ = answer(offer(), **OURS, previous=held)
    assert same == first
    assert [Session.parse(each).origin.version for each in (first, held, back)] == [1, 2, 3]


def test_reports_go_where_the_peer_says() -> None:
    assert answer(offer("a=rtcp:9999"), **OURS)[1].rtcp == ("192.0.2.9", 9999)
    assert answer(offer("a=rtcp:x"), **OURS)[1].rtcp == ("192.0.2.9", 4001)


def test_our_offer_is_answered_by_ourselves() -> None:
    ours = make_offer(**OURS)
    reply, answerer = answer(ours, host="192.0.2.9", port=4000, session_id=1)
    offerer = accept(ours, reply)
    assert offerer == Negotiated(
        ("192.0.2.9", 4000), "PCMU", 0, 101, rtcp=("192.0.2.9", 4001), dtmf_expected=101
    )
    assert answerer.remote == ("198.51.100.1", 20_000)


def test_an_answer_may_renumber_telephone_events() -> None:
    renumbered = offer("a=rtpmap:96 telephone-event/8000", line="m=audio 4000 RTP/AVP 8 96")
    agreed = accept(make_offer(**OURS), renumbered)
    assert (agreed.dtmf_payload, agreed.dtmf_expected) == (96, 101)


@pytest.mark.parametrize(
    ("offered", "answered", "direction"),
    [
        ("sendrecv", "a=sendonly", "recvonly"),
        ("sendonly", "a=recvonly", "sendonly"),
        ("sendonly", "a=sendrecv", "sendonly"),  # an answer that oversteps the offer
        ("inactive", "a=inactive", "inactive"),
    ],
)
def test_neither_side_widens_a_direction(
    offered: Direction, answered: str, direction: Direction
) -> None:
    agreed = accept(make_offer(**OURS, direction=offered), offer(answered))
    assert agreed.direction == direction


def test_answers_that_are_none_are_refused() -> None:
    ours = make_offer(**OURS, codecs=("PCMA",))
    with pytest.raises(BadSdp, match="2 media lines, the offer 1"):
        accept(ours, offer("m=video 0 RTP/AVP 31"))
    with pytest.raises(NoCommonCodec):
        accept(ours, offer(line="m=audio 4000 RTP/AVP 0"))
    with pytest.raises(AudioRefused):
        accept(ours, offer(line="m=audio 0 RTP/AVP 8"))


lines = st.sampled_from(
    [
        "m=audio 4000 RTP/AVP 0",
        "m=audio 1 RTP/AVP 96",
        "a=rtpmap:96 PCMA/8000",
        "a=rtpmap:999999 x",
        "a=rtpmap:",
        "a=rtcp:99999999999",
        "a=ptime:-1",
        "a=maxptime:0",
        "c=IN IP6 ::1",
        "c=IN IP4 1",
        "a=inactive",
    ]
)


@given(st.lists(lines | st.text(max_size=20)))
def test_any_offer_is_answered_or_refused(tail: list[str]) -> None:
    try:
        description, agreed = answer(offer(*tail), **OURS)
    except SdpRefused:
        return
    assert len(Session.parse(description).media) == len(Session.parse(offer(*tail)).media)
    assert 10 <= agreed.ptime <= 60
