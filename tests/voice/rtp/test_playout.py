import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentact.voice.rtp.dtmf import EventFrame
from opentact.voice.rtp.g711 import change_law
from opentact.voice.rtp.playout import MAX_QUEUED, Finished, Playout

QUIET = b"\xff" * 160


def playout(*pieces: tuple[bytes, int]) -> Playout:
    """Line up pieces with their loops, loaded, numbered from 1."""
    made = Playout("PCMU", 20)
    for play, (data, loop) in enumerate(pieces, start=1):
        made.add_audio(play, loop)
        made.loaded(play, data, "PCMU")
    return made


def take_bytes(made: Playout, frames: int) -> bytes:
    taken = [made.take() for _ in range(frames)]
    return b"".join(each for each in taken if isinstance(each, bytes))


@given(
    st.lists(
        st.tuples(st.binary(min_size=1, max_size=500), st.integers(1, 3)), min_size=1, max_size=4
    ),
    st.sampled_from([10, 20, 30, 60]),
)
def test_one_piece_follows_the_other_to_the_sample(
    pieces: list[tuple[bytes, int]], ptime: int
) -> None:
    made = playout(*pieces)
    made.renegotiated("PCMU", ptime)
    expected = b"".join(data * loop for data, loop in pieces)
    frames = -(-len(expected) // (ptime * 8))
    taken = take_bytes(made, frames)
    assert len(taken) == frames * ptime * 8
    assert taken == expected.ljust(len(taken), b"\xff")
    assert made.finished == [Finished(n, "end") for n in range(1, len(pieces) + 1)]
    assert made.take() == b"\xff" * ptime * 8


def test_a_loop_without_end_goes_on_until_stopped() -> None:
    made = playout((b"abc", 0), (b"never", 1))
    assert take_bytes(made, 50) == (b"abc" * 3_000)[: 50 * 160]
    assert made.finished == []
    assert (made.playing, made.queued) == (1, 1)
    made.stop()
    assert made.finished == [Finished(1, "stopped"), Finished(2, "stopped")]
    assert made.take() == QUIET


def test_what_is_not_loaded_yet_is_waited_for() -> None:
    made = Playout("PCMU", 20)
    made.add_audio(1, 1)
    made.add_audio(2, 1)
    made.loaded(2, b"b" * 160, "PCMU")
    assert made.take() == QUIET
    made.loaded(1, b"a" * 160, "PCMU")
    assert take_bytes(made, 2) == b"a" * 160 + b"b" * 160


def test_what_cannot_be_had_is_stepped_over() -> None:
    made = playout((b"", 1), (b"b" * 160, 1))
    assert made.finished == [Finished(1, "failed", "no audio in the file")]
    assert made.take() == b"b" * 160


def test_a_late_load_of_what_was_stopped_is_nothing() -> None:
    made = Playout("PCMU", 20)
    made.add_audio(1, 1)
    made.stop()
    made.loaded(1, b"a" * 160, "PCMU")
    assert made.take() == QUIET


def test_a_change_of_codec_is_heard_from_the_next_packet_on() -> None:
    made = playout((b"\x80" * 480, 1))
    assert made.take() == b"\x80" * 160
    made.renegotiated("PCMA", 20)
    made.add_audio(2, 1)
    made.loaded(2, b"\x80" * 160, "PCMU")
    assert take_bytes(made, 3) == change_law(b"\x80" * 480, "PCMA")
    assert made.take() == b"\xd5" * 160


def test_digits_take_their_turn() -> None:
    made = playout((b"a" * 200, 1))
    made.add_digits(2, "1", tone_ms=40, gap_ms=60)
    made.add_audio(3, 1)
    made.loaded(3, b"c" * 160, "PCMU")
    assert made.take() == b"a" * 160
    assert made.take() == b"a" * 40 + b"\xff" * 120
    events = [made.take() for _ in range(4)]
    assert all(isinstance(event, EventFrame) for event in events)
    assert made.take() == QUIET
    assert made.take() == b"c" * 160
    assert made.finished == [Finished(n, "end") for n in (1, 2, 3)]


@pytest.mark.parametrize("digits", ["", "x"])
def test_digits_that_are_none_fail_at_once(digits: str) -> None:
    made = Playout("PCMU", 20)
    made.add_digits(5, digits, 100, 100)
    [failed] = made.finished
    assert (failed.play, failed.reason) == (5, "failed")
    assert "no key" in failed.detail


def test_the_queue_has_an_end() -> None:
    made = Playout("PCMU", 20)
    for play in range(MAX_QUEUED + 1):
        made.add_audio(play, 1)
    made.add_digits(999, "1", 100, 100)
    assert [each.play for each in made.finished] == [MAX_QUEUED, 999]
    assert "more than 256 plays" in made.finished[0].detail
