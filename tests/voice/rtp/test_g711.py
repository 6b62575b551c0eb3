import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentact.voice.rtp.g711 import SILENCE, Codec, change_law, decode, encode, loudness

EVERY_SAMPLE = np.arange(-32_768, 32_768).astype(np.int16)
EVERY_CODE = bytes(range(256))
OTHER: dict[Codec, Codec] = {"PCMU": "PCMA", "PCMA": "PCMU"}
LAWS = pytest.mark.parametrize("codec", ["PCMU", "PCMA"])


# The tables of the Sun reference code (g711.c), as CPython's audioop had them until 3.12.
@pytest.mark.parametrize(
    ("codec", "encoded", "decoded"),
    [
        (
            "PCMU",
            "81d633c9e6972a18c74a58720b96cb8ca0bdd096d4060b646dd708c3b846019a",
            "3dab54339e520bb2c924826e3b72a917a2b612e9fd12fc867500f1d983a75827",
        ),
        (
            "PCMA",
            "38488f6fd710f4686360edc4d38639f96c491595ef93f8eb8d62d5e07ca6ce7b",
            "e04788d110e58ff8c70c93b8480190d973e3b67876b6119abbaec766cc75c174",
        ),
    ],
)
def test_is_bit_for_bit_the_reference(codec: Codec, encoded: str, decoded: str) -> None:
    assert hashlib.sha256(encode(EVERY_SAMPLE, codec)).hexdigest() == encoded
    samples = decode(EVERY_CODE, codec).astype("<i2").tobytes()
    assert hashlib.sha256(samples).hexdigest() == decoded


@pytest.mark.parametrize(
    ("codec", "code", "sample"),
    [
        # ITU-T G.711 tables 2a and 2b: the ends of the scale
        ("PCMU", 0x80, 32_124),
        ("PCMU", 0x00, -32_124),
        ("PCMU", 0xFF, 0),
        ("PCMA", 0xAA, 32_256),
        ("PCMA", 0x2A, -32_256),
        ("PCMA", 0xD5, 8),
    ],
)
def test_decodes_as_the_standards_tables(codec: Codec, code: int, sample: int) -> None:
    assert decode(bytes((code,)), codec).tolist() == [sample]


@LAWS
def test_louder_is_never_encoded_as_softer(codec: Codec) -> None:
    samples = EVERY_SAMPLE.astype(int)
    again = decode(encode(EVERY_SAMPLE, codec), codec).astype(int)
    assert (np.diff(again) >= 0).all()
    assert (np.abs(again - samples) <= 8 + np.abs(samples) / 16).all()


@LAWS
def test_silence_is_what_zero_becomes(codec: Codec) -> None:
    assert encode(np.zeros(1, np.int16), codec) == SILENCE[codec]
    assert loudness(SILENCE[codec] * 160, codec) <= 8


@LAWS
@given(payload=st.binary(max_size=200))
def test_changing_the_law_is_decoding_and_encoding(codec: Codec, payload: bytes) -> None:
    assert change_law(payload, codec) == encode(decode(payload, OTHER[codec]), codec)


@LAWS
def test_loudness_is_the_mean_magnitude(codec: Codec) -> None:
    samples = np.array([8_031, -8_031] * 80, np.int16)
    assert loudness(encode(samples, codec), codec) == pytest.approx(8_031, rel=0.05)
    assert loudness(b"", codec) == 0
