"""Keys pressed, as the two tones they sound with (ITU-T Q.23, Q.24), heard in G.711 audio.

For peers that agreed on no telephone events. Windows of 25 ms, one every 10 ms, are measured for
all calls in one multiplication of matrices. A window has a key when nearly all its energy lies in
one tone of each group, neither much louder than the other; three in a row are a press, and four
without end it. That is a tone of 40 ms, and a pause of as much. Speech has energy elsewhere too,
which is what keeps it from dialling.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .dtmf import Press
from .g711 import SILENCE, Codec, change_law, decode

LOW: Final = (697, 770, 852, 941)
HIGH: Final = (1209, 1336, 1477, 1633)
PAD: Final = "123A456B789C*0#D"

_RATE: Final = 8_000
_WINDOW: Final = 200
_HOP: Final = 80
_HOP_S: Final = _HOP / _RATE
# A telephone may be off by 1.5 % (Q.24): each tone is looked for beside its place too.
_ASIDE: Final = (0.988, 1.0, 1.012)
_PURE: Final = 0.7  # share of the energy; a window that a tone fills by 70 % just passes
_TWIST: Final = 6.3  # 8 dB, in either direction
_ALONE: Final = 4.0  # 6 dB above the other tones of its group
_QUIETEST: Final = 300.0**2 * _WINDOW  # -34 dBm0 in all
_HITS, _MISSES = 3, 4
# A packet may be long, but not longer than a window's worth of work for ten.
_MOST: Final = 10 * _WINDOW

_Windows = NDArray[np.float32]


def _basis() -> NDArray[np.complex64]:
    times = np.arange(_WINDOW) / _RATE
    hertz = np.array([tone * aside for tone in LOW + HIGH for aside in _ASIDE])
    return np.exp(-2j * np.pi * np.outer(times, hertz)).astype(np.complex64)


_COMPLEX: Final = _basis()
_BASIS: Final = np.hstack([_COMPLEX.real, _COMPLEX.imag]).astype(np.float32)
_DECODED: Final = decode(bytes(range(256)), "PCMU").astype(np.float32)


class ToneListener:
    """What one call said lately, and the key that sounds in it, if one does."""

    def __init__(self) -> None:
        self._waiting = bytearray(SILENCE["PCMU"] * (_WINDOW - _HOP))
        self._key = -1
        self._hits = self._misses = 0
        self._began = 0.0

    def take(self, payload: bytes, codec: Codec) -> list[bytes]:
        """Give the windows that a packet makes whole."""
        waiting = self._waiting
        waiting += payload if codec == "PCMU" else change_law(payload, "PCMU")
        if len(waiting) > _MOST:
            del waiting[:-_MOST]
        count = max(0, (len(waiting) - _WINDOW) // _HOP + 1)
        windows = [bytes(waiting[at : at + _WINDOW]) for at in range(0, count * _HOP, _HOP)]
        del waiting[: count * _HOP]
        return windows

    @property
    def hears(self) -> bool:
        """Whether a key may be sounding."""
        return self._hits > 0

    def window(self, key: int, now: float) -> Press | None:
        """Take what a window has, -1 for none; give the press that is over with it."""
        if key >= 0 and key == self._key:
            self._hits += 1
            self._misses = 0
            return None
        if self._hits >= _HITS and key < 0 and self._misses + 1 < _MISSES:
            self._misses += 1
            return None
        press = self._ended()
        self._key, self._misses = key, 0
        self._hits = int(key >= 0)
        self._began = now - _WINDOW / _RATE
        return press

    def _ended(self) -> Press | None:
        if self._hits < _HITS:
            return None
        # The first and the last window are filled by more than two thirds, not by all.
        milliseconds = round((self._hits + 1) * _HOP_S * 1_000)
        return Press(PAD[self._key], self._began, milliseconds)


def keys_in(windows: Sequence[bytes]) -> list[int]:
    """Tell for each window of 200 mu-law samples which key sounds: its place in `PAD`, or -1."""
    samples = _DECODED[np.frombuffer(b"".join(windows), np.uint8)].reshape(-1, _WINDOW)
    total = np.einsum("ij,ij->i", samples, samples)
    tones = _energies(samples)
    low, high = tones[:, :4], tones[:, 4:]
    row = np.arange(len(tones))
    at_low, at_high = low.argmax(axis=1), high.argmax(axis=1)
    loudest_low, loudest_high = low[row, at_low], high[row, at_high]
    others = _second(low), _second(high)
    is_key = (
        (total > _QUIETEST)
        & (loudest_low + loudest_high > _PURE * total)
        & (loudest_low < _TWIST * loudest_high)
        & (loudest_high < _TWIST * loudest_low)
        & (loudest_low > _ALONE * others[0])
        & (loudest_high > _ALONE * others[1])
    )
    keys: list[int] = np.where(is_key, at_low * 4 + at_high, -1).tolist()
    return keys


def _energies(samples: _Windows) -> _Windows:
    """Give the energy of each of the eight tones, as much as a pure one has in all."""
    parts = samples @ _BASIS
    half = parts.shape[1] // 2
    power = parts[:, :half] ** 2 + parts[:, half:] ** 2
    # Energy of a sine by its Fourier coefficient X: A^2 N / 2 with A = 2 |X| / N.
    loudest: _Windows = power.reshape(len(samples), 8, len(_ASIDE)).max(axis=2)
    return loudest * np.float32(2 / _WINDOW)


def _second(group: _Windows) -> _Windows:
    """Give the second loudest tone of each row."""
    second: _Windows = np.partition(group, 2, axis=1)[:, 2]
    return second
