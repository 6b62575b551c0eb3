"""RTP packets (RFC 3550 section 5.1): headers packed in place, packets read with every check."""

from struct import Struct
from typing import Final, NamedTuple

HEADER_BYTES: Final = 12
# An Ethernet frame holds no more; a datagram larger than this is not audio.
MAX_BYTES: Final = 1_500

_HEADER: Final = Struct("!BBHII")
_VERSION_2: Final = 0x80
_MARKER: Final = 0x80


class RtpPacket(NamedTuple):
    """One packet, its padding and extension taken off."""

    payload_type: int
    marker: bool
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes


def pack_header(
    buffer: bytearray,
    payload_type: int,
    sequence: int,
    timestamp: int,
    ssrc: int,
    *,
    marker: bool = False,
) -> None:
    """Write the twelve bytes at the start of `buffer`; numbers are already within their bits."""
    kind = payload_type | _MARKER if marker else payload_type
    _HEADER.pack_into(buffer, 0, _VERSION_2, kind, sequence, timestamp, ssrc)


def pack(packet: RtpPacket) -> bytes:
    """Write a whole packet."""
    buffer = bytearray(HEADER_BYTES)
    pack_header(buffer, *packet[:1], *packet[2:5], marker=packet.marker)
    return bytes(buffer) + packet.payload


def is_rtcp(data: bytes) -> bool:
    """Tell RTCP from RTP by the second byte, where both share a port (RFC 5761 section 4)."""
    return len(data) > 1 and 192 <= data[1] <= 223  # noqa: PLR2004 - the range of RFC 5761


def parse(data: bytes) -> RtpPacket:
    """Read a packet, or raise ValueError (RFC 3550 appendix A.1)."""
    size = len(data)
    if not HEADER_BYTES <= size <= MAX_BYTES:
        raise ValueError(f"RTP packet of {size} bytes, expected {HEADER_BYTES} to {MAX_BYTES}")
    flags, kind, sequence, timestamp, ssrc = _HEADER.unpack_from(data)
    if flags >> 6 != 2:  # noqa: PLR2004 - the version of RFC 3550
        raise ValueError(f"RTP version {flags >> 6}, expected 2")
    start, end = HEADER_BYTES, size
    if flags != _VERSION_2:
        start, end = _bounds(data, flags)
    return RtpPacket(
        kind & ~_MARKER,
        bool(kind & _MARKER),
        sequence,
        timestamp,
        ssrc,
        data[start:end],
    )


def _bounds(data: bytes, flags: int) -> tuple[int, int]:
    """Find where the payload starts and ends, given CSRCs, extension and padding."""
    size = len(data)
    start, end = HEADER_BYTES + 4 * (flags & 0x0F), size
    if flags & 0x10:
        if start + 4 > size:
            raise ValueError("RTP packet ends within its extension header")
        start += 4 + 4 * int.from_bytes(data[start + 2 : start + 4])
    if flags & 0x20:
        padding = data[-1]
        if not padding:
            raise ValueError("RTP packet with padding of no length")
        end -= padding
    if start > end:
        raise ValueError(f"RTP packet of {size} bytes, whose header and padding need more")
    return start, end
