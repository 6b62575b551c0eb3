import numpy as np
from hypothesis import given
from hypothesis.extra.numpy import arrays

from opentact.voice.rtp.g711 import SILENCE, Codec, Samples, decode, encode
from opentact.voice.rtp.mixer import add, mix

frames = arrays(np.int16, 160)


@given(frames, frames)
def test_samples_are_added_and_cut_to_the_scale(one: Samples, other: Samples) -> None:
    expected = [max(-32_768, min(32_767, int(a) + int(b))) for a, b in zip(one, other, strict=True)]
    assert add(one, other).tolist() == expected


@given(frames)
def test_silence_changes_nothing(one: Samples) -> None:
    said = encode(one, "PCMU")
    mixed = decode(mix(said, SILENCE["PCMU"] * 160, "PCMU"), "PCMU")
    assert mixed.tolist() == decode(said, "PCMU").tolist()


@given(frames, frames)
def test_in_either_law_it_is_the_sum_of_what_would_be_heard(one: Samples, other: Samples) -> None:
    laws: list[Codec] = ["PCMU", "PCMA"]
    for law in laws:
        first, second = encode(one, law), encode(other, law)
        total = add(decode(first, law), decode(second, law))
        assert mix(first, second, law) == encode(total, law)


def test_both_tones_are_heard() -> None:
    times = np.arange(800) / 8_000
    low, high = (
        encode((8_000 * np.sin(2 * np.pi * hertz * times)).astype(np.int16), "PCMU")
        for hertz in (440, 1_000)
    )
    spectrum = np.abs(np.fft.rfft(decode(mix(low, high, "PCMU"), "PCMU")))
    loudest = sorted(np.argsort(spectrum)[-2:] * 10)
    assert loudest == [440, 1_000]
