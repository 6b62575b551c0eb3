"""The process that listens: turns pieces of recordings into words, after everything else.

Run as `python -m opentact.adapters.speech.transcriber_process`, and asked over its standard
input. What it needs is loaded here and nowhere else.
"""

import math
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from opentact.adapters.audio.channel import Message, answer_questions

_LAST = 19
"""Its niceness: words may wait, calls may not."""

_LOOK_BACK_S = 15
"""A piece ends at the quietest moment of its last seconds: no word is cut in two."""

_MOMENT = 0.2
_PAUSE_MS, _AROUND_MS = 700, 300
_WINDOW_S = 28
"""Whisper listens to 30 s at once; who speaks longer is cut at a breath."""

_RATE = 16_000
"""What Whisper listens to, in Hz."""


def main() -> None:
    answer_questions(_listen, _LAST)


def _listen(model: str, file: str, channel: int, channels: int, at: float, seconds: int) -> Message:
    """Give the words of one channel from `at` on, and where to go on; None if that was all."""
    # Loaded late, after standard output has been taken away.
    from .listening import read_piece  # noqa: PLC0415

    sound, ended = read_piece(file, channel, channels, at, seconds, _RATE)
    size = len(sound) if ended else _quietest(sound)
    segments, language = _words(model, sound[:size])
    moved = [[round(start + at, 2), round(end + at, 2), *rest] for start, end, *rest in segments]
    return {"segments": moved, "language": language, "next": None if ended else at + size / _RATE}


def _quietest(sound: Any) -> int:
    """Find where to end: the middle of the quietest moment among the last."""
    import numpy as np  # noqa: PLC0415 - as above

    moment = int(_MOMENT * _RATE)
    first = max(0, len(sound) - _LOOK_BACK_S * _RATE)
    count = (len(sound) - first) // moment
    if count < 2:  # noqa: PLR2004 - there is nothing to choose from
        return len(sound)
    moments = sound[first : first + count * moment].reshape(count, moment)
    return int(first + (np.square(moments).mean(axis=1).argmin() + 0.5) * moment)


@cache
def _model(folder: str) -> Any:
    from faster_whisper import WhisperModel  # noqa: PLC0415 - heavy: only when asked for

    return WhisperModel(folder, device="cpu", compute_type="int8", cpu_threads=1, num_workers=1)


def _words(folder: str, sound: Any) -> tuple[list[tuple[float, float, str, float]], str | None]:
    model = _model(folder)
    clips = _spoken(sound)
    if not clips:
        return [], None
    found, info = model.transcribe(
        sound,
        language=None if model.model.is_multilingual else "en",
        clip_timestamps=clips,
        # What it misheard once it would hear again.
        condition_on_previous_text=False,
    )
    return list(_told(found)), info.language


def _spoken(sound: Any) -> list[float]:
    """Find where somebody speaks: starts and ends by turns, in seconds.

    Whisper hears words in silence, and each sentence better alone than among others.
    """
    from faster_whisper.vad import VadOptions, get_speech_timestamps  # noqa: PLC0415 - as above

    options = VadOptions(
        min_silence_duration_ms=_PAUSE_MS, speech_pad_ms=_AROUND_MS, max_speech_duration_s=_WINDOW_S
    )
    found = get_speech_timestamps(sound, options)
    return [each[side] / _RATE for each in found for side in ("start", "end")]


def _told(segments: Iterable[Any]) -> Iterator[tuple[float, float, str, float]]:
    for each in segments:
        text = each.text.strip()
        if text:
            sure = math.exp(min(0.0, float(each.avg_logprob)))
            yield round(float(each.start), 2), round(float(each.end), 2), text, round(sure, 2)


if __name__ == "__main__":
    main()
