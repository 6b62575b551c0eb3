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
from collections.abc import Callable, Iterator, Mapping
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

    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        """Make a cluster of its own in the folder; `begin` starts it."""
        self.port = free_port(socket.SOCK_STREAM)
        programs = _newest_programs()
        self._psql = require("psql", package="postgresql", beside=programs)
        self._initdb = require("initdb", package="postgresql", beside=programs)
        self._postgres = require("postgres", package="postgresql", beside=programs)
        self._folder = folder
        place = {"port": str(self.port), "unix_socket_directories": str(folder)}
        self._settings = {**SETTINGS, **place, **settings}
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers = count(1)
        self._templates: set[str] = set()

    def make(self) -> None:
        """Make the cluster."""
        _hand_over(self._folder)
        options = ["-U", USER, "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C.UTF-8"]
        subprocess.run(
            _as_owner([self._initdb, "-D", str(self._folder / "data"), *options]),
            check=True,
            capture_output=True,
            cwd=self._folder,
        )

    def begin(self) -> None:
        """Start it on its port, and wait until it takes connections."""
        options = [part for item in self._settings.items() for part in ("-c", "=".join(item))]
        data, said = self._folder / "data", self._folder / "log"
        with said.open("wb") as log:
            self._process = subprocess.Popen(
                dying_with_us(_as_owner([self._postgres, "-D", str(data), *options])),
                stdout=log,
                stderr=log,
                cwd=self._folder,
            )
        _await_ready(self._process, said, self.port)

    def cut_off(self) -> None:
        """End it at once, writing nothing for later: `begin` recovers what was committed."""
        if self._process is not None:
            stop(self._process, signal.SIGQUIT)
            self._process = None

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
def postgres_server(**settings: str) -> Iterator[PostgresServer]:
    """Start a server, or skip the test when PostgreSQL is not installed.

    `settings` are those of `postgresql.conf`, before our own `SETTINGS`.
    """
    folder = Path(tempfile.mkdtemp(prefix="opentact-pg-"))
    try:
        server = PostgresServer(folder, settings)
        server.make()
        try:
            server.begin()
            yield server
        finally:
            server.cut_off()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


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
