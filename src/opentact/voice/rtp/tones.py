"""Tones made, not recorded: keys, ring-back, the Tone verb, and a tune for those on hold.

A piece is a row of tones, each one or several sines for some milliseconds. Their levels are in
dBm0: a sine of full scale in G.711 is +3.14 (ITU-T G.711), speech around -16, a key -10.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from .dtmf import KEYS
from .g711 import RATE, SAMPLES_PER_MS, Samples
from .inband import HIGH, LOW, PAD

# What can be asked at once: ten minutes of samples are 10 MB. Longer ones are played in a loop.
MAX_MS: Final = 600_000
_MAX_SINES: Final = 16
_LOUDEST_DBM0: Final = 3.14
_FULL_SCALE: Final = 32_124  # the largest sample of G.711, mu-law
# Begun and ended at once, a sine clicks.
_RAMP: Final = 5 * SAMPLES_PER_MS
_NYQUIST: Final = RATE / 2


@dataclass(frozen=True, slots=True)
class Tone:
    """Sines of `hertz` together, none for silence, `ms` long; `level` is of each, in dBm0.

    With `fading` it dies away as a plucked string does.
    """

    hertz: tuple[float, ...]
    ms: int
    level: float = -13.0
    fading: bool = False


def samples(tones: Sequence[Tone]) -> Samples:
    """Make the samples of a piece. ValueError for what cannot be heard, or is too long."""
    if sum(max(0, tone.ms) for tone in tones) > MAX_MS:
        raise ValueError(f"tones of more than {MAX_MS // 1_000} s, play them in a loop")
    parts = [_tone(tone) for tone in tones]
    return np.concatenate(parts) if parts else np.zeros(0, np.int16)


def _tone(tone: Tone) -> Samples:
    wrong = next((hertz for hertz in tone.hertz if not 0 < hertz < _NYQUIST), None)
    if wrong is not None:
        raise ValueError(f"a tone of {wrong} Hz, expected one between 0 and {_NYQUIST:.0f} Hz")
    if tone.ms < 0 or len(tone.hertz) > _MAX_SINES or tone.level > _LOUDEST_DBM0:
        raise ValueError(f"no tone: {tone}")
    count = tone.ms * SAMPLES_PER_MS
    times = np.arange(count) / RATE
    total = np.zeros(count)
    for hertz in tone.hertz:
        total += np.sin(2 * np.pi * hertz * times)
    total *= _FULL_SCALE * 10 ** ((tone.level - _LOUDEST_DBM0) / 20)
    if tone.fading:
        total *= np.exp(-times * 3)
    ramp = np.minimum(1, (np.minimum(np.arange(count), np.arange(count)[::-1]) + 1) / _RAMP)
    return np.clip(np.rint(total * ramp), -_FULL_SCALE, _FULL_SCALE).astype(np.int16)


def keys(digits: str, *, tone_ms: int = 160, gap_ms: int = 90) -> tuple[Tone, ...]:
    """Sound keys (ITU-T Q.23). ValueError for what is no key, and for no keys."""
    strange = next((key for key in digits if key.upper() not in KEYS), None)
    if strange is not None or not digits:
        raise ValueError(f"no key: {strange or ''!r}, expected one of {KEYS}")
    made: list[Tone] = []
    for key in digits.upper():
        place = PAD.index(key)
        # The upper tone is sent 2 dB louder, because lines weaken it more (Q.23).
        both = (LOW[place // 4], HIGH[place % 4])
        made += [Tone(both, tone_ms, level=-9.0), Tone((), gap_ms)]
    return tuple(made)


# North America (ANSI T1.401): two seconds on, four off.
RING_BACK: Final = (Tone((440, 480), 2_000, level=-19.0), Tone((), 4_000))
BUSY: Final = (Tone((480, 620), 500, level=-24.0), Tone((), 500))


def _tune() -> tuple[Tone, ...]:
    """Arrange chords of four, a note after the other: sixteen seconds, ours, free for all uses."""
    chords = (
        (261.63, 329.63, 392.00, 493.88),
        (220.00, 261.63, 329.63, 392.00),
        (174.61, 220.00, 261.63, 329.63),
        (196.00, 246.94, 293.66, 349.23),
    )
    order = (0, 1, 2, 3, 2, 1, 2, 1)
    return tuple(
        Tone((chord[note], 2 * chord[note]), 500, level=-22.0, fading=True)
        for chord in chords
        for note in order
    )


HOLD_MUSIC: Final = _tune()
