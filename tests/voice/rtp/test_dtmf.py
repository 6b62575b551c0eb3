from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentact.voice.rtp.dtmf import KEYS, DigitReceiver, EventFrame, Press, event_frames

# One packet: timestamp of the press, key, end, duration in samples.
Packet = tuple[int, int, bool, int]


def payload(key: int, duration: int, *, end: bool = False) -> bytes:
    return bytes((key, 0x8A if end else 0x0A)) + duration.to_bytes(2)


def press(key: int, timestamp: int, *, packets: int = 5) -> list[Packet]:
    running = [(timestamp, key, False, 160 * n) for n in range(1, packets)]
    return [*running, *[(timestamp, key, True, 160 * packets)] * 3]


def heard(packets: list[Packet], receiver: DigitReceiver | None = None) -> list[Press]:
    """Feed packets 20 ms apart, then let time pass."""
    receiver = receiver or DigitReceiver()
    presses: list[Press] = []
    now = 0.0
    for timestamp, key, end, duration in packets:
        presses += receiver.woken(now)
        presses += receiver.received(timestamp, payload(key, duration, end=end), now)
        now += 0.02
    return presses + receiver.woken(now + 1)


def digits(packets: list[Packet]) -> str:
    return "".join(press.digit for press in heard(packets))


def test_a_press_is_one_digit_with_its_length() -> None:
    assert heard(press(1, 5_000)) == [Press("1", 0.0, 100)]


def test_every_key_has_its_name() -> None:
    packets = [each for key in range(16) for each in press(key, key * 10_000)]
    assert digits(packets) == "0123456789*#ABCD" == KEYS


@given(st.lists(st.integers(0, 15), max_size=6), st.data())
def test_loss_and_doubles_neither_lose_nor_double_a_digit(
    keys: list[int], data: st.DataObject
) -> None:
    packets: list[Packet] = []
    for number, key in enumerate(keys):
        sent = press(key, number * 2_000)
        kept = data.draw(st.lists(st.sampled_from(sent), min_size=1, max_size=12))
        packets += sorted(kept, key=lambda packet: (packet[3], packet[2]))
    assert digits(packets) == "".join(KEYS[key] for key in keys)


@given(st.integers(0, 2**32 - 1), st.permutations(range(7)))
def test_within_a_press_order_does_not_matter(start: int, order: list[int]) -> None:
    sent = press(3, start)
    assert digits([sent[n] for n in order]) == "3"


def test_late_packets_of_a_press_that_is_over_are_nothing() -> None:
    one, two = press(1, 1_000), press(2, 3_000)
    assert digits([*one[:5], *two[:2], *one[5:], one[0], *two[2:], two[0]]) == "12"


def test_without_any_end_it_is_over_when_packets_stay_away() -> None:
    receiver = DigitReceiver()
    receiver.received(0, payload(5, 160), 1.0)
    receiver.received(0, payload(5, 320), 1.02)
    assert receiver.wake_at == pytest.approx(1.22)
    assert receiver.woken(1.2) == []
    assert receiver.woken(1.23) == [Press("5", 1.0, 40)]
    assert receiver.wake_at is None
    assert receiver.received(0, payload(5, 480, end=True), 1.3) == []


def test_without_any_end_the_next_press_ends_it() -> None:
    assert digits([(0, 5, False, 160), (2_000, 5, False, 160)]) == "55"


def test_a_long_press_in_segments_is_one_digit() -> None:
    # RFC 4733 section 2.5.1.3: at 65535 the next segment begins where this one ends
    packets = [
        *((0, 7, False, duration) for duration in (160, 30_000, 65_535)),
        *((65_535, 7, False, duration) for duration in (160, 65_535)),
        *((131_070, 7, end, 8_000) for end in (False, True, True, True)),
    ]
    assert heard(packets) == [Press("7", 0.0, (131_070 + 8_000) * 1_000 // 8_000)]


def test_timestamps_may_wrap_between_presses() -> None:
    packets = [*press(1, 2**32 - 500), *press(2, 1_500)]
    assert digits(packets) == "12"


def test_events_that_are_no_keys_are_passed_over() -> None:
    assert digits([(0, 16, True, 800), (0, 255, True, 800)]) == ""


def test_refuses_a_packet_too_short() -> None:
    with pytest.raises(ValueError, match="3 bytes, expected 4"):
        DigitReceiver().received(0, b"\x01\x0a\x00", 0)


@given(st.lists(st.tuples(st.integers(0, 2**32 - 1), st.binary(min_size=4, max_size=8))))
def test_whatever_comes_there_are_no_more_digits_than_packets(
    packets: list[tuple[int, bytes]],
) -> None:
    receiver = DigitReceiver()
    presses = [
        press
        for now, (timestamp, data) in enumerate(packets)
        for press in receiver.received(timestamp, data, now)
    ] + receiver.woken(10**9)
    assert len(presses) <= len(packets)


@given(st.text(KEYS + "abcd", min_size=1, max_size=8), st.integers(1, 300), st.integers(0, 300))
def test_what_is_sent_is_heard(keys: str, tone_ms: int, gap_ms: int) -> None:
    receiver = DigitReceiver()
    presses: list[Press] = []
    for number, frame in enumerate(event_frames(keys, frame=160, tone=tone_ms * 8, gap=gap_ms * 8)):
        if frame:
            timestamp = 2**32 - 1_000 + number * 160 - frame.age
            presses += receiver.received(timestamp % 2**32, frame.payload, number * 0.02)
    assert "".join(each.digit for each in presses) == keys.upper()
    assert {each.duration_ms for each in presses} == {max(1, tone_ms // 20) * 20}


def test_a_press_is_sent_as_the_rfc_says() -> None:
    frames = [*event_frames("5", frame=160, tone=480, gap=480)]
    assert frames == [
        EventFrame(bytes.fromhex("050a00a0"), 0, marker=True),
        EventFrame(bytes.fromhex("050a0140"), 160, marker=False),
        EventFrame(bytes.fromhex("058a01e0"), 320, marker=False),
        EventFrame(bytes.fromhex("058a01e0"), 480, marker=False),
        EventFrame(bytes.fromhex("058a01e0"), 640, marker=False),
        None,
    ]


def test_a_tone_is_never_longer_than_its_field() -> None:
    ages = [f.age for f in event_frames("1", frame=160, tone=10**6, gap=0) if f]
    assert max(ages) < 65_535 + 2 * 160
    assert all(after - before == 160 for before, after in pairwise(ages))


@pytest.mark.parametrize("digits", ["", "12x", "1 2", "é"])
def test_refuses_what_is_no_key(digits: str) -> None:
    with pytest.raises(ValueError, match="no key"):
        event_frames(digits, frame=160, tone=160, gap=160)
