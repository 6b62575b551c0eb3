"""Speech out, as a call flow sees it: a text and a voice become a file of sound.

The engines behind it are programs of their own (docs/decisions/0025); a call only ever meets
the port, and the faults it may answer with.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from opentact.kit.faults import Fault

from .voices import VoiceChoice

TEXT_LIMIT = 4096
"""Characters of one text: about five minutes of speech, and more than anyone listens to."""


@dataclass(frozen=True, slots=True)
class DriverInfo:
    """One way to make speech, and whether this machine has it.

    `voices` names what it can speak with, as the driver itself calls them; `why_not` is a
    sentence that says what is missing, empty when `available`.
    """

    name: str
    available: bool
    why_not: str
    voices: Sequence[str]


class SpeechEngine(Protocol):
    """Turns text into sound."""

    async def speak(self, text: str, voice: VoiceChoice) -> Path:
        """Speak the text; the file holds raw s16le mono samples at 8 kHz, without a header.

        The file may be forgotten by the engine later, but not by who has opened it.
        Raises `SpeechTooLong`, `NoSpeechDriver`, `SpeechBusy` or `SpeechFailed`.
        """

    def drivers(self) -> list[DriverInfo]:
        """Tell every driver the platform knows, best first, installed or not."""

    async def close(self) -> None:
        """Stop what runs; texts being spoken fail with `SpeechFailed`."""


class SpeechTooLong(Fault):
    """The text is longer than one Say may speak."""

    code = "speech_too_long"
    status = 400


class NoSpeechDriver(Fault):
    """Nothing is installed that speaks: run `pip install espeakng-loader`."""

    code = "no_speech_driver"
    status = 503


class SpeechBusy(Fault):
    """Too many texts are waiting to be spoken."""

    code = "speech_busy"
    status = 503


class SpeechFailed(Fault):
    """The speech engine gave no sound for this text."""

    code = "speech_failed"
    status = 502
