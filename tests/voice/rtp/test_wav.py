import io
import wave

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentact.voice.rtp.wav import HEADER_BYTES, header, offset, samples


@given(st.binary(max_size=100).filter(lambda data: len(data) % 2 == 0))
def test_any_player_reads_it(data: bytes) -> None:
    with wave.open(io.BytesIO(header(len(data) // 2) + data)) as file:
        assert file.getparams()[:4] == (1, 2, 8_000, len(data) // 2)
        assert file.readframes(1_000) == data


def test_more_than_the_header_says_does_no_harm() -> None:
    with wave.open(io.BytesIO(header(2) + bytes(8))) as file:
        assert file.getnframes() == 2


@given(st.integers(0, 4 * 3_600 * 8_000))
def test_its_length_is_read_back(count: int) -> None:
    assert samples(header(count)) == count
    assert offset(count) == HEADER_BYTES + 2 * count
    assert samples(header(count, 2)) == count
    assert offset(count, 2) == HEADER_BYTES + 4 * count


@given(st.binary(max_size=60) | st.binary(max_size=20).map(lambda data: header(3)[:24] + data))
def test_any_bytes_are_a_header_or_refused(data: bytes) -> None:
    try:
        count = samples(data)
    except ValueError:
        return
    assert data[:HEADER_BYTES] in {header(count), header(count, 2)}


@pytest.mark.parametrize("data", [b"", header(1)[:43], b"x" * 44, header(1)[:40] + b"\x03\0\0\0"])
def test_refuses_what_is_no_header_of_ours(data: bytes) -> None:
    with pytest.raises(ValueError, match="header"):
        samples(data)
