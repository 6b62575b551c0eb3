"""Two voices as one: samples are added, and what is too loud for the scale is cut to it."""

import numpy as np

from .g711 import Codec, Samples, decode, encode

_LOUDEST, _LOWEST = 32_767, -32_768


def add(one: Samples, other: Samples) -> Samples:
    """Add linear samples, as many of each."""
    total = one.astype(np.int32) + other
    return np.clip(total, _LOWEST, _LOUDEST, out=total).astype(np.int16)


def mix(one: bytes, other: bytes, codec: Codec) -> bytes:
    """Mix encoded audio of one law, as many samples of each."""
    return encode(add(decode(one, codec), decode(other, codec)), codec)
