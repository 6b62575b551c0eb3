from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentact.voice.rtp.packet import MAX_BYTES, RtpPacket, is_rtcp, pack, pack_header, parse

DATA = Path(__file__).parents[2] / "data" / "rtp"
WORDS = st.integers(0, 2**32 - 1)

packets = st.builds(
    RtpPacket,
    st.integers(0, 127),
    st.booleans(),
    st.integers(0, 65_535),
    WORDS,
    WORDS,
    st.binary(max_size=400),
)

PLAIN = RtpPacket(0, marker=True, sequence=1, timestamp=2, ssrc=3, payload=b"audio")


def with_flags(flags: int, data: bytes) -> bytes:
    """The plain packet, with other first bits and other bytes after the header."""
    return bytes((0x80 | flags,)) + pack(PLAIN)[1:12] + data


@given(packets)
def test_what_is_packed_is_read_back(packet: RtpPacket) -> None:
    assert parse(pack(packet)) == packet


@given(packets, st.lists(WORDS, max_size=15), st.binary(max_size=10), st.integers(1, 255))
def test_what_surrounds_the_payload_is_taken_off(
    packet: RtpPacket, sources: list[int], extension: bytes, padding: int
) -> None:
    extension += bytes(-len(extension) % 4)
    header = bytearray(12)
    pack_header(header, *packet[:1], *packet[2:5], marker=packet.marker)
    header[0] |= 0x30 | len(sources)
    data = bytes(header) + b"".join(each.to_bytes(4) for each in sources)
    data += b"\xbe\xde" + (len(extension) // 4).to_bytes(2) + extension
    data += packet.payload + bytes(padding - 1) + bytes((padding,))
    assert parse(data) == packet


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "0 bytes"),
        (pack(PLAIN)[:11], "11 bytes"),
        (pack(PLAIN) + bytes(MAX_BYTES), "expected 12 to 1500"),
        (b"\x40" + pack(PLAIN)[1:], "version 1"),
        (b"INVITE sip:bob@example.com SIP/2.0", "version 1"),
        (with_flags(0x0F, b"1234"), "need more"),
        (with_flags(0x10, b"12"), "within its extension"),
        (with_flags(0x10, b"\0\0\0\x09"), "need more"),
        (with_flags(0x20, b"audio\0"), "padding of no length"),
        (with_flags(0x20, b"audio\x07"), "need more"),
    ],
)
def test_refuses_what_is_no_packet(data: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse(data)


@given(st.binary(max_size=80))
def test_any_bytes_are_a_packet_or_refused(data: bytes) -> None:
    try:
        packet = parse(data)
    except ValueError:
        return
    assert len(packet.payload) <= len(data) - 12


@pytest.mark.parametrize(("second", "rtcp"), [(200, True), (207, True), (0, False), (128, False)])
def test_reports_are_told_apart_by_the_second_byte(second: int, *, rtcp: bool) -> None:
    assert is_rtcp(bytes((0x80, second))) is rtcp
    assert not is_rtcp(b"\x80")
