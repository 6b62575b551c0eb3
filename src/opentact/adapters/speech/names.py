"""What the speech programs call the languages and voices of our dictionary."""

from opentact.voice.voices import Gender, VoiceChoice

ESPEAK = {
    "en-US": "en-us",
    "es-US": "es-419",
    "fr-CH": "fr-ch",
    "pt-BR": "pt-br",
    "pt-PT": "pt",
}
"""Where it is not simply the language: `en` is British, `fr` is spoken in France.

espeak-ng 1.51 and 1.52 agree on these, but not on `en-gb` and `fr-fr`.
"""

_VARIANTS = {Gender.FEMALE: "+f2", Gender.MALE: "+m3"}
"""espeak-ng's own voice is a man's; variants bend it. f2 and m3 carry best over G.711."""

_FLITE = {Gender.FEMALE: "slt", Gender.MALE: "rms"}


def espeak_name(choice: VoiceChoice) -> str:
    """Tell the voice for espeak-ng, `de+f2`."""
    primary = choice.language.split("-")[0]
    return ESPEAK.get(choice.language, primary) + _VARIANTS[choice.gender]


def flite_name(choice: VoiceChoice) -> str | None:
    """Tell the voice for flite, which speaks English only."""
    return _FLITE[choice.gender] if choice.language.startswith("en-") else None
