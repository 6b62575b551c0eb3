"""Frames between processes."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentact.adapters.audio.channel import HEADER, MAX_FRAME, Channel, Message, pack, unpack

MESSAGES = st.dictionaries(st.text(max_size=5), st.text(max_size=50) | st.integers(), max_size=5)


@given(st.lists(MESSAGES, max_size=5))
def test_what_is_packed_is_unpacked(messages: list[Message]) -> None:
    stream = io.BytesIO(b"".join(map(pack, messages)))
    assert list(Channel(stream, io.BytesIO())) == messages


@given(MESSAGES, st.integers(min_value=1, max_value=10))
def test_a_parent_that_dies_in_a_word_ends_the_channel(message: Message, cut: int) -> None:
    whole = pack(message)
    stream = io.BytesIO(pack({"a": 1}) + whole[: max(0, len(whole) - cut)])
    assert list(Channel(stream, io.BytesIO())) == [{"a": 1}]


def test_answers_are_frames() -> None:
    answers = io.BytesIO()
    Channel(io.BytesIO(), answers).answer({"samples": 5})
    assert unpack(answers.getvalue()[HEADER.size :]) == {"samples": 5}


def test_the_longest_text_fits_however_it_is_escaped() -> None:
    pack({"text": "\U0001f600" * 4096})


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="too large"):
        pack({"text": "x" * MAX_FRAME})


@pytest.mark.parametrize("body", [b"", b"[]", b"1", b"\xff", b"{"])
def test_nonsense_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - json's own words
        unpack(body)
