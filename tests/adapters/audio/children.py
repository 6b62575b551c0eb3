"""A child process of ours, spoken to as its parent does, but by hand."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, cast

from opentact.adapters.audio.channel import HEADER, Message, pack, unpack


class Child:
    """Ask it, and look at what it is."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self.process = process

    def ask(self, question: Message) -> Message:
        questions, answers = (
            cast("BinaryIO", pipe) for pipe in (self.process.stdin, self.process.stdout)
        )
        questions.write(pack(question))
        questions.flush()
        (size,) = HEADER.unpack(answers.read(HEADER.size))
        return unpack(answers.read(size))

    def leave(self) -> int:
        """Hang up, as a parent does that dies; tell how the child ended."""
        cast("BinaryIO", self.process.stdin).close()
        return self.process.wait(timeout=10)

    def niceness(self) -> int:
        return os.getpriority(os.PRIO_PROCESS, self.process.pid)


@contextmanager
def child(module: str) -> Iterator[Child]:
    """Run the module for as long as the test takes."""
    env = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-m", module]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env
    ) as process:
        try:
            yield Child(process)
        finally:
            process.kill()
