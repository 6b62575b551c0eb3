"""Questions and answers between us and a child process: JSON, each with its length before it.

The child's end. Its standard output carries answers only: whatever a library prints there is
sent to standard error instead.
"""

import json
import os
import resource
import struct
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

HEADER = struct.Struct(">I")

MAX_FRAME = 256 * 1024
"""Bytes; the longest text to speak is 4,096 characters, 48 kB if all of it is escaped."""

Message = dict[str, Any]


def pack(message: Message) -> bytes:
    """Write one frame."""
    body = json.dumps(message).encode()
    if len(body) > MAX_FRAME:
        raise ValueError(f"a frame of {len(body):,} bytes is too large")
    return HEADER.pack(len(body)) + body


def unpack(body: bytes) -> Message:
    """Read what a frame holds; raises ValueError unless it is a JSON object."""
    message = json.loads(body)
    if not isinstance(message, dict):
        raise ValueError("a frame holds an object")  # noqa: TRY004 - one error for what is read
    return message


class Channel:
    """Where a child process is asked, one question after the other."""

    def __init__(self, questions: BinaryIO, answers: BinaryIO) -> None:
        self._questions = questions
        self._answers = answers

    @classmethod
    def standard(cls) -> "Channel":
        """Take over standard input and output, before any library is loaded."""
        answers = os.fdopen(os.dup(1), "wb")
        os.dup2(2, 1)
        return cls(os.fdopen(os.dup(0), "rb"), answers)

    def __iter__(self) -> Iterator[Message]:
        """Yield questions until the parent is gone."""
        while len(header := self._questions.read(HEADER.size)) == HEADER.size:
            (size,) = HEADER.unpack(header)
            body = self._questions.read(size)
            if len(body) < size:
                return
            yield unpack(body)

    def answer(self, message: Message) -> None:
        self._answers.write(pack(message))
        self._answers.flush()


def answer_questions(answer: Callable[..., Message], niceness: int) -> None:
    """Answer until the parent is gone; whatever foreign code raises is an answer, `failed`.

    `answer` gets what a question holds as keywords. No core files of customers' data.
    """
    channel = Channel.standard()
    os.nice(niceness)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for question in channel:
        try:
            given = answer(**question)
        except Exception as error:  # noqa: BLE001 - as said above
            given = {"failed": f"{type(error).__name__}: {error}"[:300]}
        channel.answer(given)
