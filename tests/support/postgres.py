"""A PostgreSQL server of the test run's own, with a fresh database for every test.

One server serves the whole run. It keeps nothing: its folder is temporary, and disk syncs are
off, so that a new database takes some 20 ms. PostgreSQL refuses to run as root; then it runs
as the user its package made.
"""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from support.peers import LOOPBACK, dying_with_us, free_port, require, stop

USER = "opentact"
START_SECONDS = 20.0
SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "listen_addresses": LOOPBACK,
    "max_connections": "200",
    "shared_buffers": "32MB",
    "timezone": "UTC",
}


class PostgresServer:
    """A running server. URLs are `postgresql+asyncpg://opentact@127.0.0.1:PORT/NAME`."""

    def __init__(self, port: int, psql: str) -> None:
        self.port = port
        self._psql = psql
        self._numbers = count(1)
        self._templates: set[str] = set()

    def url(self, name: str) -> str:
        return f"postgresql+asyncpg://{USER}@{LOOPBACK}:{self.port}/{name}"

    def execute(self, sql: str, *, database: str = "postgres") -> str:
        """Run SQL as its owner; what it answers, as text, one row per line, columns by `|`."""
        there = ["-h", LOOPBACK, "-p", str(self.port), "-U", USER, "-d", database]
        done = subprocess.run(
            [self._psql, "-XqtA", "-v", "ON_ERROR_STOP=1", *there, "-c", sql],
            capture_output=True,
            text=True,
            check=False,
            timeout=START_SECONDS,
        )
        if done.returncode:
            raise RuntimeError(f"psql: {done.stderr.strip()}")
        return done.stdout.strip()

    @contextmanager
    def database(self, template: str = "template1") -> Iterator[str]:
        """Lend the URL of a new database, a copy of `template`; it is dropped after."""
        name = f"test_{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        try:
            yield self.url(name)
        finally:
            self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def template(self, name: str, prepare: Callable[[str], None]) -> str:
        """Make the template database `name` once, by `prepare(url)`: migrations, for one.

        `prepare` closes its connections: a database in use cannot be copied.
        """
        if name not in self._templates:
            # One whose preparation failed is still there.
            self.execute(f"DROP DATABASE IF EXISTS {name}")
            self.execute(f"CREATE DATABASE {name}")
            prepare(self.url(name))
            self._templates.add(name)
        return name


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """Start a server, or skip the test when PostgreSQL is not installed."""
    programs = _newest_programs()
    psql = require("psql", package="postgresql", beside=programs)
    initdb = require("initdb", package="postgresql", beside=programs)
    postgres = require("postgres", package="postgresql", beside=programs)
    folder = Path(tempfile.mkdtemp(prefix="opentact-pg-"))
    try:
        data = folder / "data"
        _hand_over(folder)
        options = ["-U", USER, "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C.UTF-8"]
        subprocess.run(
            _as_owner([initdb, "-D", str(data), *options]),
            check=True,
            capture_output=True,
            cwd=folder,
        )
        with _running(postgres, data, folder) as port:
            yield PostgresServer(port, psql)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _running(postgres: str, data: Path, folder: Path) -> Iterator[int]:
    port = free_port(socket.SOCK_STREAM)
    settings = SETTINGS | {"port": str(port), "unix_socket_directories": str(folder)}
    options = [part for item in settings.items() for part in ("-c", "=".join(item))]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            dying_with_us(_as_owner([postgres, "-D", str(data), *options])),
            stdout=log,
            stderr=log,
            cwd=folder,
        )
        try:
            _await_ready(process, folder / "log", port)
            yield port
        finally:
            # SIGQUIT: end at once, without writing anything for later.
            stop(process, signal.SIGQUIT)


def _await_ready(process: subprocess.Popen[bytes], log: Path, port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while b"ready to accept connections" not in log.read_bytes():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"PostgreSQL did not start on port {port}:\n{log.read_text()}")
        time.sleep(0.02)


def _newest_programs() -> str | None:
    versions = Path("/usr/lib/postgresql").glob("*/bin")
    return str(max(versions, key=lambda path: float(path.parent.name), default="")) or None


def _owner() -> str:
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _hand_over(folder: Path) -> None:
    if os.geteuid() == 0:
        shutil.chown(folder, _owner())


def _as_owner(command: list[str]) -> list[str]:
    if os.geteuid() != 0:
        return command
    owner = pwd.getpwnam(_owner())
    ids = [f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}", "--clear-groups"]
    return ["setpriv", *ids, "--", *command]
