from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentact.voice.rtp.numbering import Numbering

FRAME = 160


def numbering(sequence: int = 1_000, timestamp: int = 50_000) -> Numbering:
    return Numbering(sequence, timestamp, FRAME)


def test_our_own_packets_are_numbered_one_by_one() -> None:
    numbers = numbering(sequence=65_535)
    assert [numbers.own() for _ in range(3)] == [(65_535, False), (0, False), (1, False)]


def test_a_source_goes_on_where_the_stream_stands() -> None:
    numbers = numbering()
    numbers.own()
    numbers.passed(FRAME)
    assert numbers.relayed(7, 9, 100) == (1_001, 50_160, True)
    assert numbers.relayed(7, 10, 260) == (1_002, 50_320, False)
    assert numbers.own() == (1_003, True)
    assert numbers.timestamp == 50_480


def test_losses_and_disorder_of_the_source_are_passed_on() -> None:
    numbers = numbering()
    numbers.relayed(7, 0, 0)
    assert numbers.relayed(7, 3, 480) == (1_003, 50_480, False)
    assert numbers.relayed(7, 2, 320) == (1_002, 50_320, False)
    assert numbers.relayed(7, 4, 640) == (1_004, 50_640, False)
    assert numbers.own() == (1_005, True)


def test_after_an_interruption_nothing_is_missing() -> None:
    numbers = numbering()
    numbers.relayed(7, 0, 0)
    numbers.interrupt()
    numbers.passed(3_200)
    assert numbers.relayed(7, 20, 3_200) == (1_001, 53_360, True)
    assert numbers.relayed(7, 21, 3_360) == (1_002, 53_520, False)


def test_packets_of_a_run_can_be_counted_afterwards() -> None:
    one, other = numbering(), numbering()
    for numbers in (one, other):
        numbers.relayed(7, 10, 1_600)
    assert one.runs(7, 10)
    assert not one.runs(7, 9)
    assert not one.runs(8, 10)
    assert one.shift == (990, 48_400)
    one.followed(2, 160)
    for sequence in (11, 12):
        other.relayed(7, sequence, sequence * 160)
    assert one.runs(7, 12)
    assert one.own() == other.own() == (1_003, True)
    assert one.timestamp == other.timestamp


def test_a_run_has_room_as_far_as_the_clock_allows() -> None:
    numbers = numbering()
    numbers.relayed(7, 0, 0)
    room = numbers.room(160)
    assert room == 50
    numbers.followed(room, 160)
    assert numbers.room(160) == 0
    assert numbers.relayed(7, room + 1, (room + 1) * 160) is None
    numbers.passed(160)
    assert numbers.room(160) == 1
    numbers.passed(2 * 8_000 + 160)
    assert numbers.room(160) == 0  # so far behind it is not the run any more


def test_what_is_from_before_its_run_has_no_place() -> None:
    numbers = numbering()
    numbers.relayed(7, 10, 1_600)
    assert numbers.relayed(7, 9, 1_440) is None


@pytest.mark.parametrize(
    ("sequence", "timestamp", "ssrc"), [(40_000, 160, 7), (1, 3_000_000_000, 7), (1, 160, 8)]
)
def test_a_source_that_begins_anew_is_shifted_anew(
    sequence: int, timestamp: int, ssrc: int
) -> None:
    numbers = numbering()
    numbers.relayed(7, 0, 0)
    numbers.passed(FRAME)
    assert numbers.relayed(ssrc, sequence, timestamp) == (1_001, 50_160, True)


def test_a_long_press_keeps_the_time_it_began() -> None:
    numbers = numbering()
    numbers.relayed(7, 0, 0, event=True)
    for number in range(1, 300):
        numbers.passed(FRAME)
        assert numbers.relayed(7, number, 0, event=True) == (1_000 + number, 50_000, False)


def test_a_source_that_runs_away_waits_for_the_clock() -> None:
    numbers = numbering()
    taken = [numbers.relayed(7, number, number * FRAME) for number in range(200)]
    assert None in taken
    assert taken.index(None) == 51  # a second ahead, and not a sample more
    numbers.passed(16_000)
    assert numbers.relayed(7, 200, 200 * FRAME) == (1_051, 66_000, True)


@dataclass(frozen=True)
class Step:
    """What happens in one packet time: who speaks, and with which gap in its numbers."""

    speaker: int | None
    lost: int = 0


steps = st.lists(
    st.builds(Step, st.sampled_from([None, 1, 2]), st.integers(0, 5)), min_size=1, max_size=80
)


@given(
    steps=steps,
    sequence=st.integers(0, 65_535),
    timestamp=st.integers(0, 2**32 - 1),
    sources=st.lists(st.integers(0, 2**32 - 1), min_size=3, max_size=3),
)
def test_whoever_speaks_sequence_and_time_go_on(
    steps: list[Step], sequence: int, timestamp: int, sources: list[int]
) -> None:
    numbers = numbering(sequence, timestamp)
    at = {1: (sources[0] & 0xFFFF, sources[1]), 2: (sources[1] & 0xFFFF, sources[2])}
    before: tuple[int, int] | None = None
    speaker: int | None = None
    for step in steps:
        lost = step.lost if step.speaker == speaker else 0
        for _ in range(lost + 1):
            numbers.passed(FRAME)
        for each, (number, time) in at.items():
            at[each] = ((number + 1 + lost) & 0xFFFF, (time + FRAME * (1 + lost)) & 0xFFFF_FFFF)
        if step.speaker is None:
            number, fresh = numbers.own()
            time = numbers.timestamp
        else:
            placed = numbers.relayed(step.speaker, *at[step.speaker])
            assert placed is not None
            number, time, fresh = placed
        if before is not None:
            grown = (number - before[0]) & 0xFFFF
            # a run passed on keeps its gaps; all else follows at once
            assert grown == (1 + lost if step.speaker is not None and not fresh else 1)
            assert 0 < (time - before[1]) & 0xFFFF_FFFF <= FRAME * (lost + 2)
            assert fresh == (step.speaker != speaker)
        before, speaker = (number, time), step.speaker


numbers_of_a_stranger = st.tuples(
    st.integers(0, 2**32 - 1), st.integers(0, 65_535), st.integers(0, 2**32 - 1), st.booleans()
)


@given(st.lists(numbers_of_a_stranger, max_size=200))
def test_no_source_takes_the_stream_far_from_our_clock(
    packets: list[tuple[int, int, int, bool]],
) -> None:
    numbers = numbering()
    for ssrc, sequence, timestamp, event in packets:
        placed = numbers.relayed(ssrc, sequence, timestamp, event=event)
        if placed is not None:
            drift = (placed[1] - 50_000 + 2**31) % 2**32 - 2**31
            assert -8_000 - 65_535 <= drift <= 8_000 + FRAME
    numbers.own()
    assert 0 <= (numbers.timestamp - 50_000) % 2**32 <= 8_000 + 2 * FRAME
