"""G.711, both laws (ITU-T G.711), by tables: one look-up per sample.

Linear audio is 16-bit signed, 8000 samples a second. The tables are computed once at import:
two of 256 samples to decode, two of 65,536 bytes to encode, one of 256 for each change of law.
"""

from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

Codec = Literal["PCMU", "PCMA"]
Samples = NDArray[np.int16]

RATE: Final = 8_000
SAMPLES_PER_MS: Final = 8

# Mu-law adds this before the segment is found, so that each begins at a power of 2.
_BIAS: Final = 33
_CLIP: Final = 8_191 - _BIAS


def _decode_ulaw() -> Samples:
    code = ~np.arange(256, dtype=np.uint8)
    exponent, mantissa = (code >> 4 & 7).astype(np.int32), (code & 15).astype(np.int32)
    magnitude = 4 * ((((mantissa << 1) + _BIAS) << exponent) - _BIAS)
    return np.where(code & 0x80, -magnitude, magnitude).astype(np.int16)


def _decode_alaw() -> Samples:
    code = np.arange(256, dtype=np.uint8) ^ 0x55
    exponent, mantissa = (code >> 4 & 7).astype(np.int32), (code & 15).astype(np.int32)
    low = (mantissa << 4) + 8
    magnitude = np.where(exponent == 0, low, (low + 256) << np.maximum(exponent - 1, 0))
    return np.where(code & 0x80, magnitude, -magnitude).astype(np.int16)


def _all_samples() -> NDArray[np.int32]:
    """Give every sample, at the index its 16 bits make when read without sign."""
    return np.arange(65_536, dtype=np.uint16).view(np.int16).astype(np.int32)


def _encode_ulaw() -> NDArray[np.uint8]:
    # Fourteen bits, rounded down below zero too, as the standard's reference code does.
    linear = _all_samples() >> 2
    magnitude = np.minimum(np.abs(linear), _CLIP) + _BIAS
    exponent = np.floor(np.log2(magnitude)).astype(np.int32) - 5
    mantissa = magnitude >> (exponent + 1) & 15
    code: NDArray[np.int32] = np.where(linear < 0, 0x7F, 0xFF) ^ (exponent << 4 | mantissa)
    return code.astype(np.uint8)


def _encode_alaw() -> NDArray[np.uint8]:
    linear = _all_samples()
    # Twelve bits of magnitude; negative ones are counted from -1, as the standard's are.
    magnitude = np.where(linear < 0, ~linear, linear) >> 4
    exponent = np.maximum(np.floor(np.log2(np.maximum(magnitude, 1))).astype(np.int32) - 4, 0) + 1
    exponent = np.where(magnitude < 16, 0, exponent)  # noqa: PLR2004 - the linear segment
    mantissa = np.where(exponent == 0, magnitude, magnitude >> np.maximum(exponent - 1, 0)) & 15
    code: NDArray[np.int32] = np.where(linear < 0, 0x55, 0xD5) ^ (exponent << 4 | mantissa)
    return code.astype(np.uint8)


_DECODE: Final[dict[Codec, Samples]] = {"PCMU": _decode_ulaw(), "PCMA": _decode_alaw()}
_ENCODE: Final[dict[Codec, NDArray[np.uint8]]] = {"PCMU": _encode_ulaw(), "PCMA": _encode_alaw()}
_CHANGE: Final[dict[Codec, bytes]] = {
    "PCMU": _ENCODE["PCMU"][_DECODE["PCMA"].view(np.uint16)].tobytes(),
    "PCMA": _ENCODE["PCMA"][_DECODE["PCMU"].view(np.uint16)].tobytes(),
}

# What a sample of 0 is encoded as.
SILENCE: Final[dict[Codec, bytes]] = {"PCMU": b"\xff", "PCMA": b"\xd5"}


def encode(samples: Samples, codec: Codec) -> bytes:
    """Encode linear samples, one byte each."""
    return _ENCODE[codec][samples.view(np.uint16)].tobytes()


def decode(payload: bytes, codec: Codec) -> Samples:
    """Decode into linear samples."""
    return _DECODE[codec][np.frombuffer(payload, np.uint8)]


def change_law(payload: bytes, to: Codec) -> bytes:
    """Rewrite audio of the other law in the law `to`."""
    return payload.translate(_CHANGE[to])


def loudness(payload: bytes, codec: Codec) -> float:
    """Tell the mean magnitude of the samples, 0 to 32767."""
    return float(np.abs(decode(payload, codec).astype(np.int32)).mean()) if payload else 0.0
