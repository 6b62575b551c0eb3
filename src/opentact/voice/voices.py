"""The voices a call flow may ask for: the dictionary behind `GET /dict/gtts` (spec/02).

Codes look as the platform's clients know them (`en-US-Standard-C`). Which program speaks with
a voice is decided where speech is made, by what is installed there.
"""

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar
from uuid import UUID, uuid5

from opentact.kit.faults import Fault

_Choice = TypeVar("_Choice", bound=StrEnum)

_NAMESPACE = UUID("6f5f2d5e-3c55-5a0c-9a3f-5d1f6f0a7b11")
"""Of our own making; a voice keeps its uuid for as long as it keeps its code."""

NATURAL_RATE = 22_050
"""Hertz, of the engines before we bring them down to the telephone's 8,000."""


class Kind(StrEnum):
    """How a voice is made: by rule (Standard), or learnt from a person (WaveNet)."""

    STANDARD = "Standard"
    WAVENET = "WaveNet"


class Gender(StrEnum):
    FEMALE = "FEMALE"
    MALE = "MALE"


@dataclass(frozen=True, slots=True)
class Voice:
    """One line of the dictionary; the fields are those of spec/02."""

    code: str
    language: str
    name: str
    kind: Kind
    gender: Gender
    natural_sample_rate_hertz: int = NATURAL_RATE

    @property
    def uuid(self) -> UUID:
        return uuid5(_NAMESPACE, self.code)


@dataclass(frozen=True, slots=True)
class VoiceChoice:
    """The voice to speak with. `exact` when it was asked for by its code.

    Without `exact` the language binds, while gender and kind are a wish: a natural voice of
    the other gender is taken before a robotic one (docs/decisions/0026).
    """

    code: str
    language: str
    kind: Kind
    gender: Gender
    exact: bool = False


class VoiceUnknown(Fault):
    """No voice speaks that language, or has that code."""

    code = "voice_unknown"
    status = 400


_LANGUAGES = (
    # The first of several regions is the one meant by the bare language.
    ("en-US", "English (United States)"),
    ("en-GB", "English (United Kingdom)"),
    ("es-ES", "Spanish (Spain)"),
    ("es-US", "Spanish (Americas)"),
    ("fr-FR", "French (France)"),
    ("fr-CH", "French (Switzerland)"),
    ("de-DE", "German (Germany)"),
    ("it-IT", "Italian (Italy)"),
    ("pt-BR", "Portuguese (Brazil)"),
    ("pt-PT", "Portuguese (Portugal)"),
    ("nl-NL", "Dutch (Netherlands)"),
    ("pl-PL", "Polish (Poland)"),
    ("cs-CZ", "Czech (Czechia)"),
    ("sk-SK", "Slovak (Slovakia)"),
    ("hu-HU", "Hungarian (Hungary)"),
    ("ro-RO", "Romanian (Romania)"),
    ("bg-BG", "Bulgarian (Bulgaria)"),
    ("hr-HR", "Croatian (Croatia)"),
    ("el-GR", "Greek (Greece)"),
    ("tr-TR", "Turkish (Turkey)"),
    ("ru-RU", "Russian (Russia)"),
    ("uk-UA", "Ukrainian (Ukraine)"),
    ("sv-SE", "Swedish (Sweden)"),
    ("nb-NO", "Norwegian (Norway)"),
    ("da-DK", "Danish (Denmark)"),
    ("fi-FI", "Finnish (Finland)"),
    ("ca-ES", "Catalan (Spain)"),
    ("hi-IN", "Hindi (India)"),
    ("vi-VN", "Vietnamese (Vietnam)"),
)

_ALIASES = {"no": "nb", "pt-us": "pt-br", "es-419": "es-us", "es-mx": "es-us"}
"""Other ways to say a language, in lower case."""

_MOST_NAMED = 5
"""Near names a refusal lists: enough to find the right one, short enough to be read out."""


def _dictionary() -> tuple[Voice, ...]:
    voices = [
        Voice(f"{tag}-Standard-{letter}", tag, f"{name}, {gender.lower()}", Kind.STANDARD, gender)
        for tag, name in _LANGUAGES
        for letter, gender in (("C", Gender.FEMALE), ("D", Gender.MALE))
    ]
    voices.append(
        Voice(
            "en-US-Wavenet-D",
            "en-US",
            "English (United States), male, natural",
            Kind.WAVENET,
            Gender.MALE,
        )
    )
    return tuple(sorted(voices, key=lambda voice: voice.code))


VOICES: Sequence[Voice] = _dictionary()
"""Every voice, sorted by code."""

_BY_CODE = {voice.code.lower(): voice for voice in VOICES}
_BY_TAG = {tag.lower(): tag for tag, _ in _LANGUAGES}
_BY_PRIMARY = {tag.split("-")[0]: tag for tag, _ in reversed(_LANGUAGES)}


def choose(
    lang: str = "en-US",
    gender: str = "FEMALE",
    kind: str = "Standard",
    code: str | None = None,
) -> VoiceChoice:
    """Find the voice for the attributes of a Say (spec/09); a code overrules the others.

    `es`, `es_ES` and `ES-es` are all understood, and an unlisted region speaks as its
    language does. Raises `VoiceUnknown`, naming what is near.
    """
    if code:
        return _by_code(code)
    tag = _language(lang)
    wanted = (_member(Kind, kind, "type"), _member(Gender, gender, "gender"))
    best = max(
        (voice for voice in VOICES if voice.language == tag),
        key=lambda voice: (voice.gender == wanted[1], voice.kind == wanted[0]),
    )
    return VoiceChoice(best.code, tag, wanted[0], wanted[1])


def _by_code(code: str) -> VoiceChoice:
    voice = _BY_CODE.get(code.strip().lower())
    if voice is None:
        raise VoiceUnknown(f"no voice has the code {_shown(code)}{_near(code, [*_BY_CODE])}")
    return VoiceChoice(voice.code, voice.language, voice.kind, voice.gender, exact=True)


def _language(lang: str) -> str:
    asked = lang.strip().replace("_", "-").lower()
    asked = _ALIASES.get(asked, asked)
    if asked in _BY_TAG:
        return _BY_TAG[asked]
    primary = asked.split("-")[0]
    primary = _ALIASES.get(primary, primary)
    if primary not in _BY_PRIMARY or not re.fullmatch(r"[a-z0-9-]{2,35}", asked):
        raise VoiceUnknown(f"no voice speaks {_shown(lang)}{_near_language(asked)}")
    return _BY_PRIMARY[primary]


def _member(kinds: type[_Choice], word: str, attribute: str) -> _Choice:
    for member in kinds:
        if member.lower() == word.strip().lower():
            return member
    raise VoiceUnknown(f"{attribute} {_shown(word)} is none of {', '.join(kinds)}")


def _near(word: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(word.lower()[:64], known, n=_MOST_NAMED, cutoff=0.5)
    return f"; near it: {', '.join(_BY_CODE[key].code for key in close)}" if close else ""


def _near_language(asked: str) -> str:
    """Look among tags and English names, so that `english` leads to en-US."""
    names = {tag.lower(): tag for tag, _ in _LANGUAGES}
    names |= {name.split(" ")[0].lower(): tag for tag, name in reversed(_LANGUAGES)}
    close = difflib.get_close_matches(asked[:64], [*names], n=_MOST_NAMED, cutoff=0.6)
    tags = dict.fromkeys(names[key] for key in close) or dict.fromkeys(
        tag.split("-")[0] for tag, _ in _LANGUAGES
    )
    listed = ", ".join(tags)
    return f"; near it: {listed}" if close else f"; known are {listed}"


def _shown(word: str) -> str:
    """Quote what was sent, short enough for a message."""
    return repr(word[:64])
