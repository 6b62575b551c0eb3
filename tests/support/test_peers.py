import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from support.peers import (
    LOOPBACK,
    dying_with_us,
    free_media_port,
    free_port,
    require,
    require_raw_sockets,
    stop,
)

ROOT = Path(__file__).parents[2]


def test_a_peer_that_is_missing_skips_with_the_package_that_brings_it() -> None:
    with pytest.raises(pytest.skip.Exception, match="nosuch is not installed: apt install a-peer"):
        require("nosuch", package="a-peer")


def test_a_peer_is_looked_for_beside_the_path_too(tmp_path: Path) -> None:
    program = tmp_path / "nosuch"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    assert require("nosuch", package="a-peer", beside=str(tmp_path)) == str(program)


def test_missing_peers_are_named_at_the_end_of_the_run() -> None:
    run = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "tests/support/test_sipp.py",
            "-k",
            "busy",
            "-p",
            "no:cacheprovider",
        ],
        cwd=ROOT,
        env={**os.environ, "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0
    assert "NOT TESTED: peers are missing" in run.stdout
    assert "1 tests: sipp is not installed: apt install sip-tester" in run.stdout


def test_without_raw_sockets_the_test_is_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr("support.peers.socket.socket", refuse)
    with pytest.raises(pytest.skip.Exception, match="peer missing: sipp needs raw sockets"):
        require_raw_sockets("sipp")


def test_media_ports_come_in_pairs_that_start_even() -> None:
    port = free_media_port()
    assert port % 2 == 0
    with (
        socket.socket(type=socket.SOCK_DGRAM) as rtp,
        socket.socket(type=socket.SOCK_DGRAM) as rtcp,
    ):
        rtp.bind((LOOPBACK, port))
        rtcp.bind((LOOPBACK, port + 1))


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
def test_a_free_port_can_be_bound(kind: socket.SocketKind) -> None:
    with socket.socket(type=kind) as listener:
        listener.bind((LOOPBACK, free_port(kind)))


def test_a_peer_that_will_not_end_is_made_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("support.peers.STOP_SECONDS", 0.2)
    stubborn = subprocess.Popen(
        dying_with_us(["sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.05; done"]),
        stdout=subprocess.PIPE,
    )
    assert stubborn.stdout is not None
    with stubborn.stdout:
        assert stubborn.stdout.readline() == b"ready\n"
        stop(stubborn, signal.SIGTERM)
    assert stubborn.returncode == -signal.SIGKILL
