"""The speech process: turns texts into sound, with programs that are none of ours.

Run as `python -m opentact.adapters.speech.process`, and asked over its standard input. The
GPL's programs are loaded here and nowhere else (docs/decisions/0025).
"""

from pathlib import Path

from opentact.adapters.audio.channel import Message, answer_questions
from opentact.adapters.audio.process import NICENESS


def main() -> None:
    # Memory and file sizes are the engines' own affair: espeak-ng alone asks for 64 MB of shared
    # memory that it never fills.
    answer_questions(_speak, NICENESS)


def _speak(driver: str, voice: str, target: str, text: str, path: str) -> Message:
    """Write the sound to `path` as s16le at 8 kHz; the answer is the number of samples."""
    # Loaded late, after standard output has been taken away.
    import soxr  # noqa: PLC0415 - as said above

    from opentact.adapters.audio.wav import RATE  # noqa: PLC0415

    from .synthesis import SYNTHESES  # noqa: PLC0415

    samples, rate = SYNTHESES[driver](text, voice, target)
    if len(samples) and rate != RATE:
        samples = soxr.resample(samples, rate, RATE)
    Path(path).write_bytes(samples.astype("<i2").tobytes())
    return {"samples": len(samples)}


if __name__ == "__main__":
    main()
