import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentact.voice.rtp.tracks import CHANGEABLE, Tracks


def ones(count: int, value: int = 1) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    return np.full(count, value, np.int16)


def test_tracks_are_mixed_or_laid_side_by_side() -> None:
    tracks = Tracks(2)
    tracks.put(0, 0, ones(4, 100))
    tracks.put(1, 2, ones(4, 7))
    assert tracks.mixed(0, 6).tolist() == [100, 100, 107, 107, 7, 7]
    assert tracks.interleaved(1, 4).tolist() == [100, 0, 100, 7, 100, 7]


def test_what_comes_twice_is_there_once() -> None:
    tracks = Tracks(2)
    for _ in range(3):
        tracks.put(0, 10, ones(5, 1_000))
    assert tracks.mixed(10, 15).tolist() == [1_000] * 5


def test_what_is_too_late_is_left_out() -> None:
    tracks = Tracks(1)
    tracks.put(0, 3 * CHANGEABLE, ones(10))
    assert tracks.begin == 2 * CHANGEABLE + 10
    tracks.put(0, tracks.begin - 5, ones(10, 9))
    tracks.put(0, 0, ones(10, 9))
    assert tracks.mixed(tracks.begin, tracks.begin + 10).tolist() == [9] * 5 + [0] * 5


def test_what_is_not_kept_cannot_be_had() -> None:
    tracks = Tracks(1)
    tracks.put(0, 3 * CHANGEABLE, ones(10))
    with pytest.raises(ValueError, match="is not kept"):
        tracks.mixed(0, 10)
    with pytest.raises(ValueError, match="is not kept"):
        tracks.mixed(tracks.begin, tracks.end + 1)


pieces = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 4 * CHANGEABLE), st.integers(1, 400)), max_size=30
)


@given(pieces)
def test_whatever_is_put_what_is_kept_is_as_if_all_was(pieces: list[tuple[int, int, int]]) -> None:
    tracks, everything = Tracks(2), np.zeros((2, 5 * CHANGEABLE), np.int16)
    for number, (track, position, count) in enumerate(pieces, start=1):
        begin = tracks.begin
        tracks.put(track, position, ones(count, number))
        everything[track, max(position, begin) : position + count] = number
    begin, end = tracks.begin, min(tracks.end, 5 * CHANGEABLE)
    kept = tracks.interleaved(begin, end).reshape(-1, 2).T
    assert np.array_equal(kept, everything[:, begin:end])
