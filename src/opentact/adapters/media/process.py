"""The media process: the engine, a loop of its own, and a pipe to the server that started it.

`python -m opentact.adapters.media.process FD SETTINGS`, where FD is its end of the pipe and
SETTINGS is JSON. It ends when the pipe does, so it never outlives the server.
"""

import contextlib
import gc
import logging
import os
import resource
import signal
import socket
import sys
import time
from collections import deque
from uuid import UUID

import orjson

from opentact.voice.media import MediaEvent, MediaStats, NoMediaPorts

from . import wire
from .engine import Engine
from .figures import Vitals
from .settings import MediaSettings

# Shorter waits are slept, to the microsecond; the poll of the descriptors only knows whole ms.
_SLEEP_BELOW = 0.002
# Messages the server has not read yet. It would have to stand still for minutes.
_MAX_BACKLOG = 100_000
_COMMANDS_IN_ONE_GO = 64
# Above all ordinary work and, by one, the thread that writes recordings; below what the system
# needs. Who was allowed the lowest alone has that.
_PRIORITIES = (2, 1)
# How long a thread that writes files may keep the tick waiting for the interpreter, in seconds;
# the default of 5 ms would be heard.
_SWITCH_INTERVAL = 0.0005

_log = logging.getLogger(__name__)


class MediaProcess:
    """Does what messages say; answers and events go back the same way."""

    def __init__(self, pipe: socket.socket, settings: MediaSettings) -> None:
        """`pipe` does not block."""
        self._pipe = pipe
        self._backlog: deque[bytes] = deque()
        self._running = True
        self._engine = Engine(settings, self._tell, self._vitals)
        self._engine.watch(pipe.fileno(), self._read)

    def run(self) -> None:
        """Turn until the server lets go of the pipe."""
        self._send("ready")
        while self._running:
            self._wait()
            self._engine.turn()
            if self._backlog:
                self._flush()
        self._engine.close()
        self._flush()

    def _wait(self) -> None:
        """Wait for packets or for the next slot, whichever is first."""
        wake_at = self._engine.wake_at
        if wake_at is None:
            self._engine.receive(1.0 if self._backlog else -1)
            return
        left = wake_at - time.monotonic()
        if left > _SLEEP_BELOW:
            self._engine.receive(left - _SLEEP_BELOW / 2)
            return
        if left > 0:
            time.sleep(left)
        self._engine.turn()
        self._engine.receive()

    def _read(self, _: float) -> None:
        for _ in range(_COMMANDS_IN_ONE_GO):
            try:
                data = self._pipe.recv(wire.MAX_BYTES)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            if not data:
                self._running = False
                return
            self._do(*wire.unpack(data))

    def _do(self, kind: str, values: list[str]) -> None:
        leg = UUID(values[0])
        if kind == "open":
            try:
                self._send("opened", leg, *self._engine.open(leg, values[1]))
            except NoMediaPorts as fault:
                self._send("refused", leg, str(fault))
        elif kind == "do":
            self._engine.execute(leg, wire.command(*values[1:]))
        elif kind == "close":
            self._engine.close_leg(leg, lambda stats: self._closed(leg, stats))

    def _tell(self, leg: UUID, event: MediaEvent) -> None:
        self._send("event", leg, *wire.event_values(event))

    def _vitals(self, leg: UUID, vitals: Vitals) -> None:
        self._send("vitals", leg, vitals)

    def _closed(self, leg: UUID, stats: MediaStats) -> None:
        self._send("closed", leg, *wire.stats_values(stats))

    def _send(self, kind: str, *values: object) -> None:
        """Send, or keep for later: the tick never waits for the server."""
        self._backlog.append(wire.pack(kind, *values))
        if len(self._backlog) > _MAX_BACKLOG:
            _log.error("x the server reads nothing: ending")
            self._running = False
        self._flush()

    def _flush(self) -> None:
        with contextlib.suppress(OSError):
            while self._backlog:
                self._pipe.send(self._backlog[0])
                self._backlog.popleft()


def _voice_first() -> None:
    """Ask for the processor whenever a packet is due (docs/decisions/0016).

    It takes root, CAP_SYS_NICE or RLIMIT_RTPRIO; without them the process runs as any other.
    The threads that read and write files do not inherit it.
    """
    policy = os.SCHED_RR | os.SCHED_RESET_ON_FORK
    for priority in _PRIORITIES:
        with contextlib.suppress(OSError):
            os.sched_setscheduler(0, policy, os.sched_param(priority))
            return


def main(descriptor: str, settings: str) -> None:
    """Run until the server is gone."""
    logging.basicConfig(level=logging.INFO, format="media %(levelname)s %(message)s")
    # Ctrl-C and a stop of the service reach the whole group; the server ends its calls first.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    sys.setswitchinterval(_SWITCH_INTERVAL)
    config = MediaSettings(**orjson.loads(settings))
    if config.realtime:
        _voice_first()
    pipe = socket.socket(fileno=int(descriptor))
    pipe.setblocking(False)  # noqa: FBT003 - the standard library takes it so
    process = MediaProcess(pipe, config)
    # A collection of everything takes longer than a tick; what is there now stays anyway.
    gc.collect()
    gc.freeze()
    process.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
