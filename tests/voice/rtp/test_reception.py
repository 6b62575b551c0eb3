import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentact.voice.rtp.reception import Reception


def heard(*sequences: int) -> Reception:
    reception = Reception(1)
    for sequence in sequences:
        reception.received(sequence % 65_536, sequence * 160 % 2**32, sequence * 0.02)
    return reception


@pytest.mark.parametrize(
    ("sequences", "lost"),
    [
        ([], 0),
        ([7], 0),
        (range(5), 0),
        ([0, 1, 4, 5], 2),
        ([0, 2, 1, 3], 0),  # reordered
        ([0, 1, 1, 2], -1),  # doubled
        (range(65_530, 65_550), 0),  # over the end of sixteen bits
        ([65_534, 65_535, 65_537], 1),
        (range(0, 3 * 65_536, 1_000), 196_001 - 197),
    ],
)
def test_counts_what_never_came(sequences: list[int], lost: int) -> None:
    assert heard(*sequences).lost == lost


def test_a_source_that_begins_anew_is_not_a_loss_of_thousands() -> None:
    reception = heard(10, 11, 13, 30_000, 30_001, 30_003)
    assert reception.packets == 6
    assert reception.lost == 2


def test_one_packet_out_of_place_changes_nothing() -> None:
    assert heard(10, 11, 30_000, 12, 13).lost == 0


def test_an_even_stream_has_no_jitter() -> None:
    assert heard(*range(100)).jitter_ms == pytest.approx(0, abs=0.001)


def test_jitter_is_smoothed_over_sixteen_packets() -> None:
    reception = Reception(1)
    # Every other packet 10 ms late: each transit differs from the last by 80 units.
    for count in range(200):
        late = 0.01 if count % 2 else 0.0
        reception.received(count, count * 160, count * 0.02 + late)
    assert reception.jitter_ms == pytest.approx(10, rel=0.01)


def test_events_do_not_count_as_jitter() -> None:
    reception = Reception(1)
    for count in range(50):
        reception.received(count, None if 10 < count < 20 else count * 160, count * 0.02)
    assert reception.jitter_ms == pytest.approx(0, abs=0.001)


def test_timestamps_that_wrap_are_no_jitter() -> None:
    reception = Reception(1)
    for count in range(50):
        reception.received(count, (2**32 - 1_600 + count * 160) % 2**32, count * 0.02)
    assert reception.jitter_ms == pytest.approx(0, abs=0.001)


def test_each_report_tells_the_loss_since_the_last() -> None:
    reception = heard(0, 1, 2, 3, 4, 5, 6, 9)
    first = reception.report(last_sr=5, delay=6)
    reception.received(10, 1_600, 0.2)
    second = reception.report()
    assert (first.fraction_lost, first.lost, first.highest) == (2 * 256 // 10, 2, 9)
    assert (first.last_sr, first.delay) == (5, 6)
    assert (second.fraction_lost, second.lost) == (0, 2)


@given(
    st.lists(
        st.tuples(st.integers(0, 65_535), st.none() | st.integers(0, 2**32 - 1), st.floats(0, 1e6))
    )
)
def test_whatever_arrives_a_report_can_be_written(
    packets: list[tuple[int, int | None, float]],
) -> None:
    reception = Reception(1)
    for sequence, timestamp, now in packets:
        reception.received(sequence, timestamp, now)
        assert len(bytes(reception.report())) == 24
    assert 0 <= reception.jitter_ms <= 1_000


def test_packets_that_follow_one_another_can_be_counted_afterwards() -> None:
    one, other = Reception(7), Reception(7)
    for reception in (one, other):
        reception.received(10, 1_600, 0.0)
    for number in range(1, 4):
        other.received(10 + number, 1_600 + number * 160, number * 0.02)
    assert one.newest(10)
    one.followed(3, other.jitter, 0.06, 1_600 + 3 * 160)
    assert one.newest(13)
    for reception in (one, other):
        reception.received(14, 1_600 + 4 * 160, 0.1)
    assert one.report() == other.report()
    assert one.jitter_ms == other.jitter_ms > 0
