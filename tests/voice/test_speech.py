"""The port for speech, and that what stands behind it fits."""

from pathlib import Path

from opentact.adapters.speech.engine import LocalSpeech
from opentact.voice.speech import NoSpeechDriver, SpeechEngine


async def test_the_engine_of_this_machine_is_one(tmp_path: Path) -> None:
    engine: SpeechEngine = LocalSpeech(tmp_path)

    names = [driver.name for driver in engine.drivers()]
    assert names == ["piper", "espeakng-loader", "espeak-ng", "flite"]
    await engine.close()


def test_a_machine_without_speech_says_which_one_thing_to_install() -> None:
    assert str(NoSpeechDriver()) == (
        "Nothing is installed that speaks: run `pip install espeakng-loader`."
    )
