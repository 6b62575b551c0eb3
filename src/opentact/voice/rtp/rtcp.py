"""RTCP packets (RFC 3550 section 6): reports, descriptions and goodbyes, read and written.

A compound begins with a report. Kinds we do not know (feedback, application) are read over.
"""

from dataclasses import dataclass
from struct import Struct
from typing import Final

MAX_BYTES: Final = 1_500

_SR, _RR, _SDES, _BYE = 200, 201, 202, 203
_CNAME: Final = 1
_BLOCK: Final = Struct("!IB3sIIII")
_SENDER: Final = Struct("!IQIII")
_WORD: Final = 4
_NTP_EPOCH: Final = 2_208_988_800  # seconds from 1900 to 1970


@dataclass(frozen=True, slots=True)
class ReportBlock:
    """How one source is heard (section 6.4.1).

    `fraction_lost` in 1/256 since the last report, `jitter` in timestamp units, `last_sr` the
    middle 32 bits of the last sender report's time, `delay` since it in 1/65536 s.
    """

    ssrc: int
    fraction_lost: int
    lost: int
    highest: int
    jitter: int
    last_sr: int = 0
    delay: int = 0

    def __bytes__(self) -> bytes:
        lost = max(-(1 << 23), min(self.lost, (1 << 23) - 1)).to_bytes(3, signed=True)
        return _BLOCK.pack(
            self.ssrc,
            self.fraction_lost,
            lost,
            self.highest,
            self.jitter,
            self.last_sr,
            self.delay,
        )

    @classmethod
    def parse(cls, data: bytes) -> "ReportBlock":
        """Read the 24 bytes of a block."""
        ssrc, fraction, lost, highest, jitter, last_sr, delay = _BLOCK.unpack(data)
        total = int.from_bytes(lost, signed=True)
        return cls(ssrc, fraction, total, highest, jitter, last_sr, delay)


@dataclass(frozen=True, slots=True)
class SenderReport:
    """What was sent until now; `ntp` is 32.32 seconds since 1900."""

    ssrc: int
    ntp: int
    timestamp: int
    packets: int
    octets: int
    blocks: tuple[ReportBlock, ...] = ()

    def __bytes__(self) -> bytes:
        head = _SENDER.pack(self.ssrc, self.ntp, self.timestamp, self.packets, self.octets)
        return _packet(_SR, len(self.blocks), head + b"".join(map(bytes, self.blocks)))


@dataclass(frozen=True, slots=True)
class ReceiverReport:
    """What was heard, from one who sends nothing."""

    ssrc: int
    blocks: tuple[ReportBlock, ...] = ()

    def __bytes__(self) -> bytes:
        body = self.ssrc.to_bytes(4) + b"".join(map(bytes, self.blocks))
        return _packet(_RR, len(self.blocks), body)


@dataclass(frozen=True, slots=True)
class Description:
    """The lasting name of a source, of at most 255 bytes."""

    ssrc: int
    cname: str

    def __bytes__(self) -> bytes:
        name = self.cname.encode()[:255]
        chunk = self.ssrc.to_bytes(4) + bytes((_CNAME, len(name))) + name
        # The item list ends with a zero byte and is filled with more to a whole word.
        return _packet(_SDES, 1, chunk + bytes(_WORD - len(chunk) % _WORD))


@dataclass(frozen=True, slots=True)
class Goodbye:
    """The sources that leave."""

    ssrcs: tuple[int, ...]

    def __bytes__(self) -> bytes:
        return _packet(_BYE, len(self.ssrcs), b"".join(ssrc.to_bytes(4) for ssrc in self.ssrcs))


Report = SenderReport | ReceiverReport | Description | Goodbye


def build(*reports: Report) -> bytes:
    """Write a compound packet."""
    return b"".join(map(bytes, reports))


def parse(data: bytes) -> list[Report]:
    """Read a compound packet, or raise ValueError (RFC 3550 appendix A.2)."""
    if not 2 * _WORD <= len(data) <= MAX_BYTES:
        raise ValueError(f"RTCP of {len(data)} bytes, expected 8 to {MAX_BYTES}")
    reports: list[Report] = []
    start = 0
    while start < len(data):
        count, kind, body, start = _next(data, start)
        reports += _read(kind, count, body)
    return reports


def ntp(unix: float) -> int:
    """Turn Unix seconds into the 32.32 of sender reports."""
    return round((unix + _NTP_EPOCH) * 2**32) & 0xFFFF_FFFF_FFFF_FFFF


def middle(ntp_time: int) -> int:
    """Take the middle 32 bits, which reports give back."""
    return ntp_time >> 16 & 0xFFFF_FFFF


def _packet(kind: int, count: int, body: bytes) -> bytes:
    return bytes((0x80 | count, kind)) + (len(body) // _WORD).to_bytes(2) + body


def _next(data: bytes, start: int) -> tuple[int, int, bytes, int]:
    """Cut one packet off: count, kind, body without padding, and where the next begins."""
    if start + _WORD > len(data):
        raise ValueError("RTCP ends within a header")
    flags, kind = data[start], data[start + 1]
    if flags >> 6 != 2:  # noqa: PLR2004 - the version of RFC 3550
        raise ValueError(f"RTCP version {flags >> 6}, expected 2")
    if start == 0 and kind not in {_SR, _RR}:
        raise ValueError(f"RTCP begins with type {kind}, expected a report")
    end = start + _WORD + _WORD * int.from_bytes(data[start + 2 : start + 4])
    if end > len(data):
        raise ValueError(f"RTCP packet of {end - start} bytes in {len(data) - start}")
    body = data[start + _WORD : end]
    if flags & 0x20:
        if end != len(data) or not body or not 0 < body[-1] <= len(body):
            raise ValueError("RTCP padding of a wrong length")
        body = body[: -body[-1]]
    return flags & 0x1F, kind, body, end


def _read(kind: int, count: int, body: bytes) -> list[Report]:
    if kind == _SR:
        if len(body) < _SENDER.size:
            raise ValueError(f"sender report of {len(body)} bytes")
        ssrc, time, timestamp, packets, octets = _SENDER.unpack_from(body)
        blocks = _blocks(body[_SENDER.size :], count)
        return [SenderReport(ssrc, time, timestamp, packets, octets, blocks)]
    if kind == _RR:
        if len(body) < _WORD:
            raise ValueError("receiver report without a source")
        return [ReceiverReport(int.from_bytes(body[:4]), _blocks(body[4:], count))]
    if kind == _SDES:
        return list(_descriptions(body, count))
    if kind == _BYE:
        if len(body) < _WORD * count:
            raise ValueError(f"goodbye of {count} sources in {len(body)} bytes")
        words = (body[_WORD * n : _WORD * n + _WORD] for n in range(count))
        return [Goodbye(tuple(map(int.from_bytes, words)))]
    return []


def _blocks(body: bytes, count: int) -> tuple[ReportBlock, ...]:
    size = _BLOCK.size
    if len(body) < size * count:
        raise ValueError(f"{count} report blocks in {len(body)} bytes")
    return tuple(ReportBlock.parse(body[size * n : size * n + size]) for n in range(count))


def _descriptions(body: bytes, count: int) -> list[Description]:
    found: list[Description] = []
    at = 0
    for _ in range(count):
        if at + _WORD > len(body):
            raise ValueError(f"{count} descriptions in {len(body)} bytes")
        ssrc = int.from_bytes(body[at : at + _WORD])
        at += _WORD
        while at < len(body) and body[at]:
            kind, item = body[at], body[at + 2 : at + 2 + int.from_bytes(body[at + 1 : at + 2])]
            if at + 1 >= len(body) or len(item) < body[at + 1]:
                raise ValueError("RTCP description ends within an item")
            if kind == _CNAME:
                found.append(Description(ssrc, item.decode("utf-8", "replace")))
            at += 2 + len(item)
        at += _WORD - at % _WORD
    return found
