from hypothesis import given
from hypothesis import strategies as st

from opentact.voice.rtp.placement import Placement


def test_the_first_packet_lies_where_our_clock_is() -> None:
    assert Placement().place(1, 999_999, elapsed=2_400) == 2_400


def test_others_lie_where_their_timestamps_say_whenever_they_come() -> None:
    placement = Placement()
    placement.place(1, 1_000, elapsed=0)
    assert placement.place(1, 1_480, elapsed=700) == 480
    assert placement.place(1, 1_160, elapsed=710) == 160
    assert placement.place(1, 1_480, elapsed=720) == 480


def test_timestamps_may_wrap() -> None:
    placement = Placement()
    placement.place(1, 2**32 - 160, elapsed=0)
    assert placement.place(1, 160, elapsed=300) == 320


def test_before_the_start_is_before_the_start() -> None:
    placement = Placement()
    placement.place(1, 1_000, elapsed=0)
    assert placement.place(1, 840, elapsed=20) == -160


def test_a_new_clock_begins_where_ours_is() -> None:
    placement = Placement()
    placement.place(1, 1_000, elapsed=0)
    assert placement.place(1, 2**31, elapsed=160) == 160  # a jump
    assert placement.place(2, 500, elapsed=320) == 320  # another source
    assert placement.place(2, 660, elapsed=480) == 480


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 2**32 - 1), st.integers(0, 10**9)), max_size=30
    )
)
def test_no_timestamp_makes_a_recording_longer_than_the_call(
    packets: list[tuple[int, int, int]],
) -> None:
    placement = Placement()
    for ssrc, timestamp, elapsed in packets:
        assert abs(placement.place(ssrc, timestamp, elapsed) - elapsed) <= 4_000
