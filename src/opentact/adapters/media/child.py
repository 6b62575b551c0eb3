"""The media engine in a process of its own, as the server sees it.

The process is started by spawn, and anew when it dies; the legs of the dead one are told
`MediaGone`. Closing our end of the pipe ends it.
"""

import asyncio
import contextlib
import logging
import os
import socket
import subprocess
import sys
from collections import deque
from dataclasses import asdict
from typing import Any, TypeVar
from uuid import UUID

import orjson

from opentact.voice.media import MediaGone, MediaStats, MediaUnavailable, NoMediaPorts

from . import wire
from .commands import Command
from .figures import Vitals
from .handle import LegHandle
from .settings import MediaSettings

# Generous for a slow disk: the process starts in a quarter of a second.
_START_TIMEOUT = 15.0
_ANSWER_TIMEOUT = 5.0
# A leg is closed when its recordings are on disk, and disks may be slow.
_CLOSE_TIMEOUT = 30.0
_MESSAGES_IN_ONE_GO = 256

_log = logging.getLogger(__name__)


class Child:
    """One running media process, and the legs in it."""

    def __init__(self, settings: MediaSettings) -> None:
        """Start it; `ready` says when it is."""
        self._loop = asyncio.get_running_loop()
        self.ready: asyncio.Future[None] = self._loop.create_future()
        self.gone = False
        self.handles: dict[UUID, LegHandle] = {}
        self.vitals: dict[UUID, Vitals] = {}
        self._opening: dict[UUID, asyncio.Future[tuple[str, int]]] = {}
        self._closing: dict[UUID, asyncio.Future[MediaStats]] = {}
        self._backlog: deque[bytes] = deque()
        self._pipe, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._pipe.setblocking(False)  # noqa: FBT003 - the standard library takes it so
        try:
            self.process = _spawn(theirs, settings)
        except OSError:
            self._pipe.close()
            raise
        finally:
            theirs.close()
        self._loop.add_reader(self._pipe, self._read)

    async def open(self, leg: UUID, host: str) -> LegHandle:
        """Have a leg bound."""
        if leg in self.handles:
            raise ValueError(f"leg {leg} is open already")
        opening: asyncio.Future[tuple[str, int]] = self._loop.create_future()
        self._opening[leg] = opening
        self._send("open", leg, host)
        try:
            async with asyncio.timeout(_ANSWER_TIMEOUT):
                bound, port = await opening
        except BaseException as error:
            # Whoever asked is gone, or was told no: ports bound after that would stay bound.
            self._send("close", leg)
            if isinstance(error, TimeoutError):
                self._hangs()
                raise MediaUnavailable("the media process does not answer") from None
            raise
        finally:
            self._opening.pop(leg, None)
        if self.gone:
            raise MediaUnavailable("the media process died")
        handle = LegHandle(leg, bound, port, self.execute, self.close_leg)
        self.handles[leg] = handle
        return handle

    def execute(self, leg: UUID, command: Command) -> None:
        """Send a command."""
        self._send("do", leg, *wire.command_values(command))

    async def close_leg(self, leg: UUID) -> MediaStats:
        """Have a leg closed; of a dead process there are no figures."""
        if self.gone:
            return MediaStats()
        closing: asyncio.Future[MediaStats] = self._loop.create_future()
        self._closing[leg] = closing
        self._send("close", leg)
        try:
            async with asyncio.timeout(_CLOSE_TIMEOUT):
                return await closing
        except TimeoutError:
            self._hangs()
            return MediaStats()

    async def end(self) -> None:
        """Let go of the pipe and see the process end."""
        self._lost("media process closed")
        try:
            await asyncio.to_thread(self.process.wait, _ANSWER_TIMEOUT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            await asyncio.to_thread(self.process.wait)

    def _hangs(self) -> None:
        """Kill what neither works nor dies: its legs are then told, and a new one is started."""
        _log.error("x media process %d does not answer, killing it", self.process.pid)
        self.process.kill()

    def _read(self) -> None:
        for _ in range(_MESSAGES_IN_ONE_GO):
            try:
                data = self._pipe.recv(wire.MAX_BYTES)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            if not data:
                _log.error("x media process %d died", self.process.pid)
                self._lost("the media process died")
                return
            self._do(*wire.unpack(data))

    def _do(self, kind: str, values: list[Any]) -> None:
        if kind == "ready":
            if not self.ready.done():
                self.ready.set_result(None)
            return
        leg, rest = UUID(values[0]), values[1:]
        if kind == "event" and leg in self.handles:
            self.handles[leg].tell(wire.event(*rest))
        elif kind == "vitals" and leg in self.handles:
            self.vitals[leg] = rest[0]
        elif kind == "opened":
            _answer(self._opening.pop(leg, None), (rest[0], rest[1]))
        elif kind == "refused":
            _answer(self._opening.pop(leg, None), NoMediaPorts(rest[0]))
        elif kind == "closed":
            self.handles.pop(leg, None)
            self.vitals.pop(leg, None)
            _answer(self._closing.pop(leg, None), wire.stats(*rest))

    def _lost(self, reason: str) -> None:
        """Tell everyone who waits for this process, or lives in it."""
        if self.gone:
            return
        self.gone = True
        self._loop.remove_reader(self._pipe)
        self._loop.remove_writer(self._pipe)
        self._pipe.close()
        _answer(self.ready, MediaUnavailable(reason))
        for opening in self._opening.values():
            _answer(opening, MediaUnavailable(reason))
        for closing in self._closing.values():
            _answer(closing, MediaStats())
        for handle in self.handles.values():
            handle.tell(MediaGone(reason))
        self.handles.clear()
        self.vitals.clear()

    def _send(self, kind: str, *values: object) -> None:
        if self.gone:
            return
        self._backlog.append(wire.pack(kind, *values))
        if len(self._backlog) == 1:
            self._flush()

    def _flush(self) -> None:
        with contextlib.suppress(OSError):
            while self._backlog:
                self._pipe.send(self._backlog[0])
                self._backlog.popleft()
        # A broken pipe is told by the reader; a full one waits until there is room.
        if self._backlog:
            self._loop.add_writer(self._pipe, self._flush)
        else:
            self._loop.remove_writer(self._pipe)


_T = TypeVar("_T")


def _answer(future: asyncio.Future[_T] | None, answer: _T | Exception) -> None:
    if future is None or future.done():
        return
    if isinstance(answer, Exception):
        future.set_exception(answer)
    else:
        future.set_result(answer)


def _spawn(pipe: socket.socket, settings: MediaSettings) -> subprocess.Popen[bytes]:
    """Start the process with its end of the pipe: docs/decisions/0015 says why not by fork."""
    config = orjson.dumps(asdict(settings)).decode()
    module = "opentact.adapters.media.process"
    return subprocess.Popen(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-m", module, str(pipe.fileno()), config],
        stdin=subprocess.DEVNULL,
        pass_fds=[pipe.fileno()],
        # The matrices here are small: threads that share them out would cost more than they do.
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
    )


class ProcessMedia:
    """Implements `opentact.voice.media.MediaEngine`. To be made where an event loop runs."""

    def __init__(self, settings: MediaSettings | None = None) -> None:
        """Start nothing yet: `start` does, or the first leg."""
        self._settings = settings or MediaSettings()
        self._child: Child | None = None
        self._starting = asyncio.Lock()
        self._reaping: set[asyncio.Task[None]] = set()

    @property
    def pid(self) -> int | None:
        """The process that takes new legs."""
        child = self._child
        return child.process.pid if child and not child.gone else None

    async def start(self) -> None:
        """Start the process before the first call needs it. Raises `MediaUnavailable`."""
        await self._living()

    async def open(self, leg: UUID, host: str) -> LegHandle:
        """Bind a leg, in a new process if the last one died, be it just now."""
        child = await self._living()
        try:
            return await child.open(leg, host)
        except MediaUnavailable:
            if not child.gone:
                raise
        return await (await self._living()).open(leg, host)

    def snapshot(self) -> list[Vitals]:
        """Tell of each leg what it did at its last report."""
        if self._child is None:
            return []
        return [
            self._child.vitals.get(leg, {"leg": str(leg), "host": handle.host, "port": handle.port})
            for leg, handle in self._child.handles.items()
        ]

    async def close(self) -> None:
        """Close all legs, end the process."""
        async with self._starting:
            child, self._child = self._child, None
            if child:
                if not child.gone:
                    await asyncio.gather(*(leg.close() for leg in [*child.handles.values()]))
                await child.end()
        await asyncio.gather(*self._reaping)

    async def _living(self) -> Child:
        async with self._starting:
            if self._child and self._child.gone:
                self._reap(self._child)
                self._child = None
            if self._child is None:
                self._child = await self._started()
            return self._child

    async def _started(self) -> Child:
        try:
            child = Child(self._settings)
        except OSError as error:
            raise MediaUnavailable(f"the media process cannot be started: {error}") from error
        try:
            async with asyncio.timeout(_START_TIMEOUT):
                await child.ready
        except BaseException as error:
            self._reap(child)
            if isinstance(error, TimeoutError):
                raise MediaUnavailable("the media process does not start") from None
            raise
        return child

    def _reap(self, child: Child) -> None:
        task = asyncio.create_task(child.end())
        self._reaping.add(task)
        task.add_done_callback(self._reaping.discard)
