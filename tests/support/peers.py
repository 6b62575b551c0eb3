"""The outside programs our tests talk to.

A peer that is not installed skips the tests that need it, by name, and the run ends with a list
of them (`tests/conftest.py`). Peers listen on loopback, on ports that were free a moment before,
and die with the test run however it ends.
"""

import shutil
import socket
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from typing import NoReturn

import pytest

LOOPBACK = "127.0.0.1"

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


def free_port(kind: socket.SocketKind = socket.SOCK_DGRAM) -> int:
    """Find a loopback port that nobody listens on now."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
    return port


def free_media_port() -> int:
    """Find an even UDP port whose next one is free too: RTP and its RTCP (RFC 3550 section 11)."""
    for port in range(free_port() & ~1, 65_534, 2):
        with (
            socket.socket(type=socket.SOCK_DGRAM) as media,
            socket.socket(type=socket.SOCK_DGRAM) as control,
            suppress(OSError),
        ):
            media.bind((LOOPBACK, port))
            control.bind((LOOPBACK, port + 1))
            return port
    raise OSError("no two free UDP ports side by side")


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
