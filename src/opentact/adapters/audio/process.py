"""The audio process: decodes files of strangers, where a decoder's fault harms nobody.

Run as `python -m opentact.adapters.audio.process`, and asked over its standard input.
"""

import os
import resource
from pathlib import Path

from .channel import Channel, Message

_MEMORY = 1024**3
"""Bytes of address space; a 10 MB file needs a tenth."""

_WRITTEN = 32 * 1024**2
"""Bytes of one file; ten minutes of telephone sound are 9.6 MB."""


NICENESS = 5
"""A prompt may be late by a moment; packets of calls under way may not."""


def limit() -> None:
    """Bound what this process may take, and leave no core files of customers' data."""
    os.nice(NICENESS)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_WRITTEN, _WRITTEN))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))


def main() -> None:
    channel = Channel.standard()
    limit()
    for question in channel:
        channel.answer(_answer(question))


def _answer(question: Message) -> Message:
    # Loaded late, after the limits and after standard output has been taken away.
    from .decoding import NotUnderstood, TooLong, decode  # noqa: PLC0415 - as said above

    try:
        samples = decode(
            Path(question["source"]),
            Path(question["target"]),
            max_seconds=question["max_seconds"],
        )
    except NotUnderstood as error:
        return {"refused": "not_understood", "why": str(error)}
    except TooLong as error:
        return {"refused": "too_long", "why": str(error)}
    except (OSError, MemoryError) as error:
        return {"refused": "not_understood", "why": f"decoding it failed ({error})"}
    return {"samples": samples}


if __name__ == "__main__":
    main()
