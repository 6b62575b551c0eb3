"""RTP that others made: the captures that come with SIPp (Debian's `sip-tester`)."""

from collections.abc import Iterator
from pathlib import Path
from struct import unpack_from

import numpy as np
import pytest

from opentact.voice.rtp.dtmf import DigitReceiver, Press
from opentact.voice.rtp.g711 import decode
from opentact.voice.rtp.packet import RtpPacket, parse
from opentact.voice.rtp.reception import Reception

CAPTURES = Path("/usr/share/sip-tester")
NAMES = {**{str(n): str(n) for n in range(10)}, "star": "*", "pound": "#"}

pytestmark = pytest.mark.skipif(
    not CAPTURES.is_dir(), reason="sip-tester is not installed: no captures of others to read"
)


def packets(name: str) -> Iterator[tuple[float, RtpPacket]]:
    """Read a pcap file of Ethernet, IPv4 and UDP: when each packet came, and what it was."""
    data = (CAPTURES / name).read_bytes()
    assert data[:4] == b"\xd4\xc3\xb2\xa1"
    at = 24
    while at < len(data):
        seconds, micros, size = unpack_from("<III", data, at)
        frame = data[at + 16 : at + 16 + size]
        ip_header = 4 * (frame[14] & 0x0F)
        udp = frame[14 + ip_header :]
        yield seconds + micros / 1e6, parse(udp[8 : int.from_bytes(udp[4:6])])
        at += 16 + size


@pytest.mark.parametrize(("name", "digit"), NAMES.items())
def test_each_captured_press_is_one_digit(name: str, digit: str) -> None:
    receiver = DigitReceiver()
    presses: list[Press] = []
    for now, packet in packets(f"dtmf_2833_{name}.pcap"):
        presses += receiver.received(packet.timestamp, packet.payload, now)
    presses += receiver.woken(2**40)
    assert [press.digit for press in presses] == [digit]
    assert 40 <= presses[0].duration_ms <= 1_000


def test_captured_speech_is_whole_and_loud() -> None:
    heard = list(packets("g711a.pcap"))
    reception = Reception(heard[0][1].ssrc)
    for now, packet in heard:
        reception.received(packet.sequence, packet.timestamp, now)
    audio = decode(b"".join(packet.payload for _, packet in heard), "PCMA")
    assert {packet.payload_type for _, packet in heard} == {8}
    assert reception.lost == 0
    assert reception.jitter_ms < 20
    assert np.abs(audio.astype(int)).max() > 4_000
