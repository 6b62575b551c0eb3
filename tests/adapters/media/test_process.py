"""The media process, spoken to by hand: what its parent would say, over the same pipe."""

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any
from uuid import uuid4

import orjson
import pytest

from adapters.media.peer import HOST
from opentact.adapters.media import process, wire
from opentact.adapters.media.process import MediaProcess
from opentact.adapters.media.settings import MediaSettings
from support.peers import free_ports

PORT = free_ports(2)
TWO_PORTS = MediaSettings(first_port=PORT, last_port=PORT + 1, port_rest=0, realtime=False)
MODULE = "opentact.adapters.media.process"


class Spoken:
    """The process and our end of its pipe."""

    def __init__(self, pipe: socket.socket, process: "subprocess.Popen[bytes]") -> None:
        self.pipe, self.process = pipe, process

    def say(self, kind: str, *values: object) -> None:
        self.pipe.send(wire.pack(kind, *values))

    def hear(self) -> tuple[str, list[Any]]:
        return wire.unpack(self.pipe.recv(wire.MAX_BYTES))


@contextmanager
def spoken_to(settings: MediaSettings = TWO_PORTS) -> Iterator[Spoken]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.settimeout(10)
    settings_in_json = orjson.dumps(asdict(settings)).decode()
    words = [sys.executable, "-m", MODULE, str(theirs.fileno()), settings_in_json]
    env = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen(words, pass_fds=[theirs.fileno()], env=env) as child:
        theirs.close()
        try:
            with ours:
                yield Spoken(ours, child)
        finally:
            child.kill()


def test_a_leg_is_opened_refused_closed_and_its_ports_given_again() -> None:
    first, second = str(uuid4()), str(uuid4())
    with spoken_to() as media:
        assert media.hear() == ("ready", [])
        media.say("open", first, HOST)
        assert media.hear() == ("opened", [first, HOST, PORT])
        media.say("open", second, HOST)
        kind, (leg, why) = media.hear()
        assert (kind, leg) == ("refused", second)
        assert "port" in why
        media.say("close", first)
        kind, (leg, *figures) = media.hear()
        assert (kind, leg, figures[0]) == ("closed", first, 0)
        media.say("open", second, HOST)
        assert media.hear() == ("opened", [second, HOST, PORT])


def test_signals_to_the_whole_group_leave_it_to_the_server_to_end_its_calls() -> None:
    leg = str(uuid4())
    with spoken_to() as media:
        assert media.hear() == ("ready", [])
        for each in (signal.SIGTERM, signal.SIGINT):
            media.process.send_signal(each)
        media.say("open", leg, HOST)
        assert media.hear()[0] == "opened"
        media.pipe.close()
        assert media.process.wait(timeout=10) == 0


def test_a_server_that_reads_nothing_for_minutes_is_given_up(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(process, "_MAX_BACKLOG", 10)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    # The least the system grants: a handful of messages.
    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
    theirs.setblocking(False)  # noqa: FBT003 - the standard library takes it so
    with ours, theirs:
        for _ in range(60):
            ours.send(wire.pack("open", uuid4(), HOST))
        running = threading.Thread(target=MediaProcess(theirs, TWO_PORTS).run, daemon=True)
        running.start()
        running.join(timeout=10)
        assert not running.is_alive()
    assert "reads nothing" in caplog.text


def test_what_could_not_be_sent_at_once_is_sent_later_and_in_order() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
    theirs.setblocking(False)  # noqa: FBT003 - the standard library takes it so
    ours.settimeout(10)
    legs = [str(uuid4()) for _ in range(16)]
    for leg in legs:
        # Of a leg that is not there the figures are all nothing.
        ours.send(wire.pack("close", leg))
    media = MediaProcess(theirs, TWO_PORTS)
    media._read(0)
    assert 0 < len(media._backlog) < len(legs)
    running = threading.Thread(target=media.run, daemon=True)
    with theirs:
        with ours:
            running.start()
            heard = [wire.unpack(ours.recv(wire.MAX_BYTES)) for _ in range(len(legs) + 1)]
        running.join(timeout=10)
    assert not running.is_alive()
    assert [(kind, values[0]) for kind, values in heard[:-1]] == [("closed", leg) for leg in legs]
    assert heard[-1] == ("ready", [])


@pytest.mark.parametrize(("allowed", "tried"), [(2, [2]), (1, [2, 1]), (0, [2, 1])])
def test_it_comes_as_far_before_ordinary_work_as_it_may(
    monkeypatch: pytest.MonkeyPatch, allowed: int, tried: list[int]
) -> None:
    asked: list[int] = []

    def schedule(_: int, policy: int, parameters: os.sched_param) -> None:
        assert policy == os.SCHED_RR | os.SCHED_RESET_ON_FORK
        asked.append(parameters.sched_priority)
        if parameters.sched_priority > allowed:
            raise PermissionError

    monkeypatch.setattr(os, "sched_setscheduler", schedule)
    process._voice_first()
    assert asked == tried
