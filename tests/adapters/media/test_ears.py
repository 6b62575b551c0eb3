import numpy as np

from opentact.adapters.media.ears import Ears
from opentact.voice.rtp.dtmf import Press
from opentact.voice.rtp.g711 import encode
from opentact.voice.rtp.inband import ToneListener
from opentact.voice.rtp.tones import keys, samples


def test_each_leg_is_told_its_own_keys_though_they_are_measured_together() -> None:
    ears, told = Ears(), dict[str, list[str]]()
    legs = {key: ToneListener() for key in "19#D"}
    audio = {
        key: encode(
            np.concatenate([samples(keys(key, tone_ms=60)), np.zeros(800, np.int16)]), "PCMU"
        )
        for key in legs
    }
    for at in range(0, 2_400, 160):
        for key, listener in legs.items():

            def pressed(presses: list[Press], key: str = key) -> None:
                told.setdefault(key, []).extend(each.digit for each in presses)

            ears.hear(listener, audio[key][at : at + 160], "PCMU", pressed, at / 8_000)
        ears.turn(at / 8_000 + 0.011)
    assert told == {key: [key] for key in legs}


def test_windows_wait_for_each_other_but_not_long() -> None:
    ears, listener = Ears(), ToneListener()
    ears.hear(listener, b"\xff" * 400, "PCMU", lambda _: None, 1.0)
    ears.turn(1.005)
    assert ears._windows
    ears.turn(1.011)
    assert not ears._windows
    assert not ears._whose
