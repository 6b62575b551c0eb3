"""The speech programs themselves; imported by the speech process only.

Every one takes a text and gives 16-bit mono samples with their rate. What is loaded stays
loaded: the first text with a voice is slower than the next.
"""

import ctypes
import re
import subprocess
import tempfile
import textwrap
import wave
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np

from opentact.adapters.audio.wav import RATE, Samples

Sound = tuple[Samples, int]
Synthesis = Callable[[str, str, str], Sound]
"""Text, the driver's name of the voice, and where to find it; raises RuntimeError."""

_BREATH = 300
"""Characters; longer than nearly every sentence that is meant to be heard."""

_PROGRAM_TIMEOUT = 60.0
_RETRIEVAL, _SYNCHRONOUS = 1, 2
_DONT_EXIT = 0x8000
_UTF8 = 1
_BY_CHARACTER = 1


def _breaths(text: str) -> list[str]:
    """Cut where a speaker breathes: after sentences, and in those that never end.

    A natural voice takes time with the square of a sentence's length: 4,000 characters without
    a full stop took it a minute.
    """
    sentences = re.split(r"(?<=[.!?;])\s+", text)
    return [piece for sentence in sentences for piece in textwrap.wrap(sentence, _BREATH)]


@cache
def _piper(model: str) -> Callable[[str], Sound]:
    from piper import PiperVoice  # noqa: PLC0415 - GPL and heavy: only when asked for

    voice = PiperVoice.load(model)

    def speak(text: str) -> Sound:
        chunks = [chunk.audio_int16_array for chunk in voice.synthesize(text)]
        samples = np.concatenate(chunks) if chunks else np.empty(0, np.int16)
        return samples, int(voice.config.sample_rate)

    return speak


def piper(text: str, voice: str, target: str) -> Sound:  # noqa: ARG001 - the model is the voice
    """Speak with the model file `target`."""
    speak = _piper(target)
    sounds = [speak(piece) for piece in _breaths(text)]
    samples = [samples for samples, _ in sounds]
    return np.concatenate(samples or [np.empty(0, np.int16)]), sounds[0][1] if sounds else RATE


class _Espeak:
    """The espeak-ng library, by its C interface (speak_lib.h)."""

    def __init__(self, folder: str) -> None:
        self._library = ctypes.CDLL(str(Path(folder) / "libespeak-ng.so"))
        data = str(Path(folder) / "espeak-ng-data").encode()
        self.rate = self._library.espeak_Initialize(_SYNCHRONOUS, 0, data, _DONT_EXIT)
        if self.rate <= 0:
            raise RuntimeError("espeak-ng does not start: its data is missing")
        heard = ctypes.CFUNCTYPE(
            ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
        )
        self._pieces: list[bytes] = []
        # Kept on the object: the library calls it for as long as it lives.
        self._heard = heard(self._hear)
        self._library.espeak_SetSynthCallback(self._heard)

    def _hear(self, samples: "ctypes._Pointer[ctypes.c_short]", count: int, _: object) -> int:
        if samples and count > 0:
            self._pieces.append(ctypes.string_at(samples, count * 2))
        return 0

    def speak(self, text: str, voice: str) -> Sound:
        if self._library.espeak_SetVoiceByName(voice.encode()):
            raise RuntimeError(f"espeak-ng has no voice {voice}")
        self._pieces.clear()
        raw = text.encode()
        size = ctypes.c_size_t(len(raw) + 1)
        if self._library.espeak_Synth(raw, size, 0, _BY_CHARACTER, 0, _UTF8, None, None):
            raise RuntimeError("espeak-ng refused the text")
        self._library.espeak_Synchronize()
        return np.frombuffer(b"".join(self._pieces), dtype="<i2").astype(np.int16), self.rate


_espeak = cache(_Espeak)


def espeak_library(text: str, voice: str, target: str) -> Sound:
    """Speak with the library in the folder `target`."""
    return _espeak(target).speak(text, voice)


def espeak_program(text: str, voice: str, target: str) -> Sound:
    """Speak with the program `target`."""
    return _program(lambda out, _: [target, "-v", voice, "--stdin", "-w", out], text)


def flite_program(text: str, voice: str, target: str) -> Sound:
    """Speak with the program `target`."""
    return _program(lambda out, source: [target, "-voice", voice, "-f", source, "-o", out], text)


def _program(command: Callable[[str, str], list[str]], text: str) -> Sound:
    """Run a program that writes a WAV file; the text never is an argument."""
    with tempfile.TemporaryDirectory(prefix="opentact-speech-") as folder:
        source, out = Path(folder) / "text", Path(folder) / "sound.wav"
        source.write_text(text)
        ended = subprocess.run(  # noqa: S603 - a program found by us, arguments of ours
            command(str(out), str(source)),
            input=text.encode(),
            capture_output=True,
            timeout=_PROGRAM_TIMEOUT,
            check=False,
        )
        if ended.returncode or not out.exists():
            said = ended.stderr.decode(errors="replace").strip()[:200]
            raise RuntimeError(f"ended with {ended.returncode}: {said}")
        with wave.open(str(out), "rb") as file:
            samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
            return samples.astype(np.int16), file.getframerate()


SYNTHESES: dict[str, Synthesis] = {
    "piper": piper,
    "espeakng-loader": espeak_library,
    "espeak-ng": espeak_program,
    "flite": flite_program,
}
"""By the name of the driver."""
