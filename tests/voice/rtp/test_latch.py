from hypothesis import given
from hypothesis import strategies as st

from opentact.voice.rtp.latch import Latch
from opentact.voice.rtp.packet import RtpPacket

SAID, REAL, EVIL = ("192.0.2.1", 4000), ("203.0.113.5", 6000), ("198.51.100.66", 7000)


def packet(sequence: int, *, ssrc: int = 1, payload_type: int = 0) -> RtpPacket:
    return RtpPacket(
        payload_type, marker=False, sequence=sequence, timestamp=0, ssrc=ssrc, payload=b""
    )


def latch() -> Latch:
    return Latch(SAID, frozenset({0, 101}))


def test_the_announced_address_is_believed_at_once() -> None:
    lock = latch()
    assert lock.admit(SAID, packet(1))
    assert lock.locked


def test_another_needs_two_packets_in_a_row() -> None:
    lock = latch()
    assert not lock.admit(REAL, packet(65_535))
    assert lock.address == SAID
    assert lock.admit(REAL, packet(0))
    assert lock.address == REAL


def test_two_of_different_streams_are_not_a_row() -> None:
    lock = latch()
    assert not lock.admit(REAL, packet(1, ssrc=1))
    assert not lock.admit(REAL, packet(2, ssrc=2))
    assert not lock.admit(REAL, packet(900, ssrc=1))
    assert not lock.admit(REAL, packet(900, ssrc=1))
    assert not lock.locked


def test_a_payload_type_not_agreed_on_teaches_nothing() -> None:
    lock = latch()
    assert not lock.admit(SAID, packet(1, payload_type=9))
    assert not lock.locked


def test_once_locked_nobody_else_is_heard() -> None:
    lock = latch()
    lock.admit(REAL, packet(1))
    lock.admit(REAL, packet(2))
    for sequence in range(3, 20):
        assert not lock.admit(EVIL, packet(sequence, ssrc=1))
        assert not lock.admit(SAID, packet(sequence, ssrc=1))
        assert lock.admit(REAL, packet(sequence))
    assert lock.address == REAL
    assert lock.strangers == 1 + 2 * 17


def test_the_peer_may_begin_a_new_stream() -> None:
    lock = latch()
    lock.admit(SAID, packet(1))
    assert lock.admit(SAID, packet(4_711, ssrc=99, payload_type=8))


def test_a_crowd_is_not_remembered() -> None:
    lock = latch()
    for number in range(1_000):
        assert not lock.admit(("198.51.100.66", number), packet(1, ssrc=number))
    assert len(lock._candidates) == 8


ADDRESSES = st.sampled_from([SAID, REAL, EVIL])


@given(st.lists(st.tuples(ADDRESSES, st.integers(0, 9), st.sampled_from([0, 9, 101]))))
def test_whatever_comes_one_source_alone_is_heard(
    story: list[tuple[tuple[str, int], int, int]],
) -> None:
    lock = latch()
    admitted = [
        source
        for source, sequence, payload_type in story
        if lock.admit(source, packet(sequence, payload_type=payload_type))
    ]
    assert len(set(admitted)) <= 1
    assert len(admitted) + lock.strangers == len(story)
