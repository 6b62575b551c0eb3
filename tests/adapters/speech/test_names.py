"""What the speech programs call our voices."""

from opentact.adapters.speech.names import espeak_name, flite_name
from opentact.voice.voices import VOICES, choose


def test_gender_and_region_are_in_the_name() -> None:
    assert espeak_name(choose("en-US", gender="FEMALE")) == "en-us+f2"
    assert espeak_name(choose("en-GB", gender="MALE")) == "en+m3"
    assert flite_name(choose("en-US", gender="MALE")) == "rms"
    assert flite_name(choose("de")) is None


def test_every_voice_has_a_name_at_espeak_and_english_ones_at_flite() -> None:
    for voice in VOICES:
        choice = choose(code=voice.code)
        assert espeak_name(choice)[:2] in {voice.language[:2], "nb"}
        assert (flite_name(choice) is not None) is voice.language.startswith("en")
