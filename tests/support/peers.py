"""The outside programs our tests talk to.

A peer that is not installed skips the tests that need it, by name, and the run ends with a list
of them (`tests/conftest.py`). Peers listen on loopback, on ports that were free a moment before,
and die with the test run however it ends.
"""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator, Sequence
from itertools import count, islice
from typing import NoReturn

import pytest

LOOPBACK = "127.0.0.1"

# Where tests listen: each worker of a run has a lane of ports, and the lanes end before 20000,
# where our media ports begin. A run beside another begins at a lane of its own (tools/run-tests).
LANES_BEGIN, LANES, LANE = 10_000, 10, 1_000
FIRST_LANE = int(os.environ.get("TEST_LANES_FROM", "0"))
WORKER = (FIRST_LANE + int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))) % LANES

# Where media engines that a test makes itself open their legs: between the servers' ports and
# those that Linux gives away by itself, again a lane for each worker.
MEDIA_FIRST, MEDIA_LAST = 30_000 + 270 * WORKER, 30_269 + 270 * WORKER

# How a skip for want of a peer begins; the end of the run lists these.
MISSING = "peer missing: "

# What is asked of a peer is done in seconds; past this it hangs, and the test says so.
STOP_SECONDS = 5.0


def require(program: str, *, package: str, beside: str | None = None) -> str:
    """Find the program's path, or skip the test, naming the Debian package that brings it.

    `beside` is one more folder to look in, for programs that Debian keeps out of PATH.
    """
    found = (shutil.which(program, path=beside) if beside else None) or shutil.which(program)
    if found is None:
        skip_missing(f"{program} is not installed: apt install {package}")
    return found


def require_raw_sockets(program: str) -> None:
    """Skip the test unless raw sockets may be opened, as root may."""
    try:
        socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP).close()
    except PermissionError:
        skip_missing(f"{program} needs raw sockets for this: run the tests as root")


def skip_missing(reason: str) -> NoReturn:
    """Skip the test in a way that is named at the end of the run."""
    pytest.skip(MISSING + reason)


def _lane() -> Iterator[int]:
    """Go round the ports of this test process, which no other worker of the run takes.

    They lie below those the system gives away by itself (Linux: from 32768), so that none is
    taken between being found and being used. Two runs at once begin at different places.
    """
    first = LANES_BEGIN + LANE * WORKER
    start = os.getpid() * 37 % LANE
    return (first + (start + step) % LANE for step in count())


_ports = _lane()


def free_port(kind: socket.SocketKind = socket.SOCK_DGRAM, *, rested: bool = False) -> int:
    """Find a loopback port that nobody listens on now.

    `rested`: nor did lately, for peers that do not ask for SO_REUSEADDR.
    """
    return next(port for port in islice(_ports, LANE) if _is_free(port, kind, rested=rested))


def free_ports(number: int) -> int:
    """Find so many UDP ports side by side that nobody holds; the first of them is even."""
    found: list[int] = []
    for port in islice(_ports, 2 * LANE):
        goes_on = port == found[-1] + 1 if found else port % 2 == 0
        if not (goes_on and _is_free(port, socket.SOCK_DGRAM)):
            found = []
            continue
        found.append(port)
        if len(found) == number:
            return found[0]
    raise OSError(f"no {number} free UDP ports side by side")


def free_media_port() -> int:
    """Find an even UDP port whose next one is free too: RTP and its RTCP (RFC 3550 section 11)."""
    return free_ports(2)


def _is_free(port: int, kind: socket.SocketKind, *, rested: bool = False) -> bool:
    with socket.socket(type=kind) as probe:
        if kind == socket.SOCK_STREAM and not rested:
            # As servers do: a port whose connections ended a moment ago is free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def dying_with_us(command: Sequence[str]) -> list[str]:
    """Wrap the command so that it is killed when the test run is, even by SIGKILL."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL", "--", *command] if setpriv else list(command)


def stop(process: subprocess.Popen[bytes], signal_number: int) -> None:
    """Ask the process to end, and make it when it does not."""
    process.send_signal(signal_number)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
