"""Speech out as the platform uses it: the best program here that has the voice, and a memory.

The same text with the same voice is made once and kept as a file; texts are made one at a
time per worker process, and wait their turn.
"""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from opentact.adapters.audio.flights import Flights
from opentact.adapters.audio.store import MEGABYTE, Store
from opentact.adapters.audio.worker import WorkerDied, WorkerHung, Workers
from opentact.voice.speech import (
    TEXT_LIMIT,
    DriverInfo,
    NoSpeechDriver,
    SpeechBusy,
    SpeechFailed,
    SpeechTooLong,
)
from opentact.voice.voices import VoiceChoice, choose

from .drivers import Cast, Driver, installed

_MODULE = "opentact.adapters.speech.process"

TIMEOUT = 60.0
"""Seconds for one text; the slowest driver needs 17 for the longest one."""

MAX_WAITING = 256
"""Texts that may wait: a minute's worth of sentences. Beyond that callers hear silence anyway."""


_JOINERS = "\u200c\u200d"
"""Not printable, but Hindi and others spell with them."""


class LocalSpeech:
    """The `SpeechEngine` of this machine."""

    def __init__(
        self,
        folder: Path,
        *,
        max_bytes: int = 512 * MEGABYTE,
        workers: int = 1,
        timeout: float = TIMEOUT,
        drivers: Sequence[Driver] | None = None,
    ) -> None:
        """Keep at most `max_bytes` of speech in `folder`; `drivers` are those installed."""
        self._store = Store(folder, max_bytes=max_bytes)
        self._workers = Workers(_MODULE, count=workers, timeout=timeout)
        self._drivers = installed() if drivers is None else drivers
        self._flights: Flights[str, Path] = Flights()

    async def warm(self) -> None:
        """Start the process and load the usual voice, so that the first caller need not wait.

        A machine without any driver stays as it is.
        """
        part = self._store.part()
        try:
            await self._synthesise(self._cast(choose()), "", part)
        except (NoSpeechDriver, SpeechFailed):
            return
        finally:
            part.unlink(missing_ok=True)

    async def speak(self, text: str, voice: VoiceChoice) -> Path:
        """Speak; see `opentact.voice.speech.SpeechEngine`."""
        text = _plain(text)
        if len(text) > TEXT_LIMIT:
            raise SpeechTooLong(f"the text has {len(text):,} characters; {TEXT_LIMIT:,} may be")
        cast = self._cast(voice)
        name = _name(cast, text)
        if path := self._store.find(name):
            return path
        if len(self._flights) >= MAX_WAITING:
            raise SpeechBusy(f"{MAX_WAITING} texts are waiting to be spoken already")
        return await self._flights.join(name, lambda: self._make(cast, text, name))

    def drivers(self) -> list[DriverInfo]:
        """Tell every driver, best first, installed or not."""
        return [driver.info() for driver in self._drivers]

    async def close(self) -> None:
        """Stop what runs."""
        await self._flights.close()
        await self._workers.close()

    def _cast(self, voice: VoiceChoice) -> Cast:
        casts = (driver.cast(voice) for driver in self._drivers)
        if cast := next(filter(None, casts), None):
            return cast
        if any(info.available for info in self.drivers()):
            raise NoSpeechDriver(
                f"nothing installed speaks {voice.language}: run `pip install espeakng-loader`"
            )
        raise NoSpeechDriver

    async def _make(self, cast: Cast, text: str, name: str) -> Path:
        part = self._store.part()
        try:
            await self._synthesise(cast, text, part)
            return self._store.put(name, part)
        finally:
            part.unlink(missing_ok=True)

    async def _synthesise(self, cast: Cast, text: str, part: Path) -> None:
        """Have the process write `part`; raises `SpeechFailed`."""
        question = {
            "driver": cast.driver,
            "voice": cast.voice,
            "target": cast.target,
            "text": text,
            "path": str(part),
        }
        try:
            answer = await self._workers.ask(question)
        except WorkerHung as error:
            raise SpeechFailed(f"{cast.driver} took too long") from error
        except WorkerDied as error:
            raise SpeechFailed(f"{cast.driver} broke over this text ({error})") from error
        if "samples" not in answer:
            raise SpeechFailed(f"{cast.driver} gave no sound: {answer.get('failed')}")
        if not answer["samples"] and any(map(str.isalnum, text)):
            raise SpeechFailed(f"{cast.driver} was silent over this text")


def _plain(text: str) -> str:
    """Let runs of space be one, and leave out what is no character to be spoken."""
    return " ".join("".join(c if c.isprintable() or c in _JOINERS else " " for c in text).split())


def _name(cast: Cast, text: str) -> str:
    key = json.dumps([cast.driver, cast.voice, text])
    return hashlib.sha256(key.encode()).hexdigest()
