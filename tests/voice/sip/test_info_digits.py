import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentact.voice.sip.info_digits import InfoDigit, read_info_digit, write_info_digit


@pytest.mark.parametrize(
    ("kind", "body", "digit"),
    [
        ("application/dtmf-relay", b"Signal=5\r\nDuration=250\r\n", InfoDigit("5", 250)),
        ("Application/DTMF-Relay; x=y", b"signal= *\nduration = 100", InfoDigit("*", 100)),
        ("application/dtmf-relay", b"Signal=11\r\n", InfoDigit("#")),
        ("application/dtmf-relay", b"Signal=1\r\nDuration=999999999", InfoDigit("1", 10_000)),
        ("application/dtmf", b"7", InfoDigit("7")),
        ("application/dtmf", b"d\r\n", InfoDigit("D")),
        ("application/dtmf", b"Signal=3\r\nDuration=90", InfoDigit("3", 90)),
        ("application/dtmf-relay", b"Signal=flash", None),
        ("application/dtmf", b"", None),
        ("text/plain", b"5", None),
        ("", b"5", None),
    ],
)
def test_a_key_is_read(kind: str, body: bytes, digit: InfoDigit | None) -> None:
    assert read_info_digit(kind, body) == digit


@given(st.sampled_from(["application/dtmf", "application/dtmf-relay"]), st.binary(max_size=300))
def test_any_bytes_are_a_key_or_none(kind: str, body: bytes) -> None:
    read = read_info_digit(kind, body)
    assert read is None or (len(read.digit) == 1 and 0 <= read.ms <= 10_000)


@pytest.mark.parametrize(("pressed", "written"), [(160, 160), (5, 70), (10_000, 1_000)])
def test_a_key_is_written_as_it_is_read_for_as_long_as_it_is_to_sound(
    pressed: int, written: int
) -> None:
    assert read_info_digit(*write_info_digit(InfoDigit("#", pressed))) == InfoDigit("#", written)
