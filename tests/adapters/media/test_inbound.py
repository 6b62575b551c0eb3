import pytest

from adapters.media.bench import Bench, Phone
from opentact.voice.media import (
    DigitHeard,
    Latched,
    RtpTimeout,
)


@pytest.mark.parametrize(
    "garbage",
    [b"", b"\x80", bytes(11), b"INVITE sip:x SIP/2.0\r\n\r\n", b"\x90" + bytes(12), bytes(1_600)],
)
def test_garbage_is_counted_and_forgotten(bench: Bench, phone: Phone, garbage: bytes) -> None:
    phone.connect()
    phone.raw(garbage)
    phone.says()
    bench.run(0.01)
    stats = bench.stats(phone.leg)
    assert (stats.invalid, stats.packets_received) == (1, 1)


def test_payload_types_not_agreed_on_are_counted(bench: Bench, phone: Phone) -> None:
    phone.connect()
    for kind in (0, 9, 13, 101, 8):
        phone.says(b"\x01", kind=kind)
    bench.run(0.01)
    stats = bench.stats(phone.leg)
    # 9 was never agreed on; an event of one byte is none; 13 is comfort noise
    assert (stats.invalid, stats.packets_received) == (2, 5)


def test_a_hold_by_the_zero_address_forgets_nobody(bench: Bench, phone: Phone) -> None:
    real = Phone(bench)
    real.port = phone.port
    phone.connect()
    for _ in range(2):
        real.says()
    bench.run(0.01)
    phone.connect("recvonly", remote=("0.0.0.0", 4_000), rtcp=None)
    bench.run(0.1)
    real.hears()
    phone.connect()
    bench.run(0.1)
    assert len(real.hears()) == 5
    assert bench.events(phone.leg) == [Latched(real.rtp.getsockname())]
    real.close()


def test_a_new_address_is_learnt_anew(bench: Bench, phone: Phone) -> None:
    moved = Phone(bench)
    moved.port = phone.port
    phone.connect()
    phone.says()
    bench.run(0.01)
    phone.connect(remote=moved.rtp.getsockname(), rtcp=moved.rtcp.getsockname())
    phone.hears()
    moved.says()
    bench.run(0.1)
    phone.says()
    bench.run(0.01)
    assert phone.hears() == []
    assert len(moved.hears()) == 5
    assert bench.events(phone.leg) == [
        Latched(phone.rtp.getsockname()),
        Latched(moved.rtp.getsockname()),
    ]
    stats = bench.stats(phone.leg)
    assert (stats.strangers, stats.packets_received) == (1, 2)
    moved.close()


def test_a_new_stream_of_the_peer_brings_new_digits(bench: Bench, phone: Phone) -> None:
    phone.connect()
    phone.number = 1_000
    phone.says(b"\x01\x8a\x03\x20", kind=101, ssrc=1)
    phone.number = 0  # a new clock, far behind the old one
    phone.says(b"\x02\x8a\x03\x20", kind=101, ssrc=2)
    bench.run(0.01)
    heard = [event for event in bench.events(phone.leg) if isinstance(event, DigitHeard)]
    assert [event.digit for event in heard] == ["1", "2"]
    assert bench.stats(phone.leg).lost == 0


def test_a_held_call_is_not_timed_out(bench: Bench, phone: Phone) -> None:
    phone.connect("sendonly")
    bench.run(61)
    assert bench.events(phone.leg) == []
    phone.connect()
    bench.run(59)
    assert bench.events(phone.leg) == []
    bench.run(2)
    assert bench.events(phone.leg) == [RtpTimeout(60.0)]
    bench.run(62)
    phone.says()
    bench.run(61)
    assert bench.events(phone.leg)[1:] == [Latched(phone.rtp.getsockname()), RtpTimeout(60.0)]
