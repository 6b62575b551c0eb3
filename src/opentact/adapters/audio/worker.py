"""Child processes that do the work we do not dare, or are not allowed, to do in ours.

A worker answers one question at a time. When it dies, hangs or talks nonsense it is killed
with all it started, and the next question starts a new one (docs/decisions/0025).
"""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from contextlib import suppress
from pathlib import Path

import structlog

import opentact

from .channel import HEADER, MAX_FRAME, Message, pack, unpack

log = structlog.get_logger(__name__)

_SOURCES = str(Path(opentact.__file__).parents[1])
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV", "LD_LIBRARY_PATH")
"""What a child sees of our environment: enough to find programs, none of our secrets."""


_PATIENCE = 1.0
"""Seconds in which a process that has hung up may end by itself, so that we learn how."""

_HEARD = 2000
"""Bytes of complaint that are kept: a traceback's end."""


class WorkerDied(Exception):  # noqa: N818 - the caller turns it into a fault, or asks again
    """The process ended, or answered nonsense, before it had answered."""


class WorkerHung(Exception):  # noqa: N818 - as above
    """No answer in time; the process has been killed."""


class Worker:
    """One child process, started when first asked."""

    def __init__(self, module: str, *, timeout: float) -> None:
        """Run `module` by `python -m`; `timeout` is in seconds, per question."""
        self._module = module
        self._timeout = timeout
        self._process: Process | None = None
        self._said = b""
        self._listening: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()
        self._closed = False
        self.started = 0

    def __repr__(self) -> str:
        state = f"pid {self._process.pid}" if self._process else "not running"
        busy = ", busy" if self._turn.locked() else ""
        return f"<Worker {self._module} {state}{busy}, started {self.started} times>"

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    async def ask(self, question: Message) -> Message:
        """Ask; raises `WorkerDied` or `WorkerHung`."""
        async with self._turn:
            if self._closed:
                raise WorkerDied("closed")
            try:
                # A start counts into the time: it may hang like anything else.
                async with asyncio.timeout(self._timeout):
                    return await self._exchange(question)
            except TimeoutError:
                await self._kill()
                raise WorkerHung(f"no answer within {self._timeout:g} s") from None
            except (OSError, EOFError, ValueError) as error:
                ended = await self._kill(patience=_PATIENCE if isinstance(error, EOFError) else 0)
                said = self._said.decode(errors="replace")
                log.warning("worker died", module=self._module, ended=ended, said=said)
                raise WorkerDied(ended) from error
            except BaseException:
                # Cancelled: an answer still to come would be taken for that of the next question.
                await self._kill()
                raise

    async def close(self) -> None:
        """Kill the process; a question still open fails with `WorkerDied`."""
        self._closed = True
        await self._kill()

    async def _exchange(self, question: Message) -> Message:
        process = self._process or await self._start()
        assert process.stdin is not None  # noqa: S101 - PIPE gives both, for the type checker
        assert process.stdout is not None  # noqa: S101
        if process.stdin.is_closing():
            # It died since; asyncio would say so as below, uvloop by a RuntimeError.
            raise EOFError("it ended while it was idle")
        process.stdin.write(pack(question))
        await process.stdin.drain()
        (size,) = HEADER.unpack(await process.stdout.readexactly(HEADER.size))
        if size > MAX_FRAME:
            raise ValueError("the answer is too large")
        return unpack(await process.stdout.readexactly(size))

    async def _start(self) -> Process:
        env = {name: os.environ[name] for name in _KEPT if name in os.environ}
        # The child must find what we have found, wherever that was installed.
        path = os.pathsep.join([_SOURCES, *filter(None, sys.path)])
        env |= {"PYTHONPATH": path, "OPENBLAS_NUM_THREADS": "1", "PYTHONUTF8": "1"}
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", self._module),
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            env=env,
            # A session of its own: a Ctrl-C at the terminal is ours to answer, and a kill
            # reaches the programs it has started as well.
            start_new_session=True,
        )
        self.started += 1
        self._listening = asyncio.ensure_future(self._listen(self._process))
        return self._process

    async def _listen(self, process: Process) -> None:
        """Keep the last of what it complains of, and never let it wait to be heard."""
        assert process.stderr is not None  # noqa: S101 - as above
        self._said = b""
        while heard := await process.stderr.read(_HEARD):
            self._said = (self._said + heard)[-_HEARD:]

    async def _kill(self, patience: float = 0) -> str:
        """End it with all it has started; tell how it ended, if that was before us."""
        process, self._process = self._process, None
        if process is None:
            return "not running"
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await process.wait()
        ended = process.returncode
        if ended is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        if self._listening:
            await self._listening
        # Reads what the pipe still holds, so that its transport is closed as well.
        with suppress(ConnectionError):
            await process.communicate()
        return f"ended with {process.returncode if ended is None else ended}"


class Workers:
    """Several workers of one kind; a question goes to one that is free, or waits."""

    def __init__(self, module: str, *, count: int, timeout: float) -> None:
        """Have at most `count` processes; `timeout` is in seconds, per question."""
        self._all = [Worker(module, timeout=timeout) for _ in range(count)]
        # Last in, first out: one warm process does what one can do.
        self._free: asyncio.LifoQueue[Worker] = asyncio.LifoQueue()
        for worker in reversed(self._all):
            self._free.put_nowait(worker)

    @property
    def pids(self) -> list[int]:
        return [worker.pid for worker in self._all if worker.pid]

    async def ask(self, question: Message) -> Message:
        """Ask; as a worker may have been killed by what others asked, asks a dead one twice."""
        worker = await self._free.get()
        try:
            try:
                return await worker.ask(question)
            except WorkerDied:
                return await worker.ask(question)
        finally:
            self._free.put_nowait(worker)

    async def close(self) -> None:
        await asyncio.gather(*(worker.close() for worker in self._all))
