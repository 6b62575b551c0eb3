"""The server as its operator meets it: starts, refusals to start, ends, and crashes."""

import asyncio
import json
import os
import signal
import socket
import sqlite3
import time
from contextlib import AbstractContextManager, closing
from pathlib import Path
from typing import Any

import pytest

from opentact.app.simulate import Caller, CallOutcome, CallPlan
from support.command import command
from support.live_server import Server, customer, running_server
from support.peers import LOOPBACK

PATIENCE_S = 30.0


WAITING = "<Response><Answer/><Pause length='600000'/></Response>"


def serving(folder: Path, **settings: object) -> AbstractContextManager[Server]:
    return running_server(folder / "data", **settings)


async def waiting_number(server: Server) -> str:
    """Order a number that answers and then waits ten minutes."""
    async with customer(server.http, server.token) as alice:
        return str(await alice.number_with_flow(WAITING))


def rows(folder: Path, sql: str) -> list[dict[str, Any]]:
    file = f"file:{folder / 'data' / 'opentact.db'}?mode=ro"
    with closing(sqlite3.connect(file, uri=True)) as database:
        database.row_factory = sqlite3.Row
        return [dict(row) for row in database.execute(sql)]


def ends_told(folder: Path) -> list[dict[str, Any]]:
    frames = [json.loads(row["frame"]) for row in rows(folder, "SELECT frame FROM event")]
    states = [frame for frame in frames if frame["type"] == "call_state"]
    return [frame for frame in states if frame["payload"]["state"] == "destroyed"]


async def until(what: str, folder: Path, sql: str) -> dict[str, Any]:
    """Wait until the query finds a row."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if found := rows(folder, sql):
            return found[0]
        await asyncio.sleep(0.1)
    raise AssertionError(f"{what} did not come within {PATIENCE_S:g} s")


def calling(server: Server, number: str, seconds: float) -> "asyncio.Task[CallOutcome]":
    plan = CallPlan(
        caller="+12015550123", called=number, server=server.sip_address, seconds=seconds
    )
    return asyncio.create_task(Caller(plan).run())


def test_the_first_start_writes_credentials_that_only_the_owner_reads(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        file = tmp_path / "data" / "credentials.json"
        assert file.stat().st_mode & 0o777 == 0o600
        first = server.credentials
        assert first.keys() == {"http", "sip", "admin", "demo"}
        assert first["admin"].keys() == {"email", "password"}
        assert first["demo"].keys() == {"email", "password", "token", "account"}
        assert (server.about["http"], server.about["first_start"]) == (first["http"], True)
        assert server.stop() == 0
    with serving(tmp_path) as again:
        assert again.about["first_start"] is False
        kept = {name: again.credentials[name] for name in ("admin", "demo")}
        assert kept == {name: first[name] for name in ("admin", "demo")}
        assert again.credentials["http"] == f"http://{again.http}"


def test_the_operators_commands_work_beside_the_running_server(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        email = server.credentials["demo"]["email"]
        credit = command(tmp_path, "credit", "--email", email, "12.5", "--json")
        assert json.loads(credit.stdout)["balance"] == "112.50000"
        token = command(tmp_path, "token", "create", "--email", email, "--json")
        assert len(json.loads(token.stdout)["token"]) == 48
        jobs = command(tmp_path, "inspect", "jobs", "--json")
        assert {job["error"] for job in json.loads(jobs.stdout)} == {None}
        assert json.loads(command(tmp_path, "inspect", "calls", "--json").stdout) == []
        assert "espeakng-loader" in command(tmp_path, "inspect", "speech").stdout
        nothing = command(tmp_path, "db", "upgrade", "--json").stdout
        assert len(set(json.loads(nothing).values())) == 1
    assert "No server answers" in command(tmp_path, "inspect", "calls").stderr


def test_a_second_server_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        second = command(tmp_path, "serve", http="127.0.0.1:0", sip="127.0.0.1:0")
        assert (second.returncode, second.stdout) == (1, "")
        assert f"process {server.pid}" in second.stderr
        assert len(second.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("taken", "kind"), [("http", socket.SOCK_STREAM), ("sip", socket.SOCK_DGRAM)]
)
def test_a_taken_port_is_one_sentence(tmp_path: Path, taken: str, kind: socket.SocketKind) -> None:
    with closing(socket.socket(socket.AF_INET, kind)) as other:
        other.bind((LOOPBACK, 0))
        if kind is socket.SOCK_STREAM:
            other.listen()
        address = f"{LOOPBACK}:{other.getsockname()[1]}"
        addresses = {"http": f"{LOOPBACK}:0", "sip": f"{LOOPBACK}:0", taken: address}
        refused = command(tmp_path, "serve", **addresses)
    assert refused.returncode == 1
    assert f"cannot listen on {address}" in refused.stderr
    assert f"--{taken} HOST:PORT" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"database_url": "postgresql+asyncpg://127.0.0.1:1/none"}, "does not answer"),
        ({"database_url": "nonsense"}, "database_url"),
        ({"data": "/proc/nowhere"}, "Choose another with --data DIR"),
    ],
)
def test_what_cannot_start_says_why_in_one_sentence(
    tmp_path: Path, settings: dict[str, str], words: str
) -> None:
    given = {"http": f"{LOOPBACK}:0", "sip": f"{LOOPBACK}:0", **settings}
    refused = command(tmp_path, "serve", **given)
    assert refused.returncode == 1
    assert words in refused.stderr
    assert len(refused.stderr.splitlines()) == 1


@pytest.mark.parametrize("damage", [b"no database at all" * 300, b"SQLite format 3\0" + b"x" * 90])
def test_a_damaged_database_is_one_sentence(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "opentact.db").write_bytes(damage)
    refused = command(tmp_path, "serve", http=f"{LOOPBACK}:0", sip=f"{LOOPBACK}:0")
    assert refused.returncode == 1
    assert "opentact.db" in refused.stderr
    assert "backup" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_calls_politely(tmp_path: Path, number: int) -> None:
    with serving(tmp_path) as server:
        called = await waiting_number(server)
        call = calling(server, called, seconds=60)
        await until("the answer", tmp_path, "SELECT 1 FROM call WHERE answer_on IS NOT NULL")
        began = time.monotonic()
        status = await asyncio.to_thread(server.stop, number)
        took = time.monotonic() - began
        outcome = await call
    assert (status, outcome.ended_by) == (0, "the platform hung up")
    assert took < 10
    [ended] = ends_told(tmp_path)
    [record] = rows(tmp_path, "SELECT * FROM call")
    assert (record["cause"], ended["call"]["cause"]) == ("server_stopped", "server_stopped")


def test_a_second_signal_ends_at_once(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        open_request = socket.create_connection((LOOPBACK, int(server.http.rpartition(":")[2])))
        with closing(open_request):
            # Half a request: a polite end waits for its other half.
            open_request.sendall(b"POST /rest/user HTTP/1.1\r\nContent-Length: 100\r\n\r\n{")
            time.sleep(0.2)
            os.kill(server.pid, signal.SIGINT)
            time.sleep(0.2)
            assert server.runs
            began = time.monotonic()
            assert server.stop(signal.SIGINT) == 128 + signal.SIGINT
        assert time.monotonic() - began < 2


async def test_a_call_cut_by_a_crash_is_closed_once_and_charged_as_long_as_it_lived(
    tmp_path: Path,
) -> None:
    with serving(tmp_path) as server:
        called = await waiting_number(server)
        call = calling(server, called, seconds=60)
        alive = "SELECT * FROM call WHERE alive_on > answer_on"
        await until("a sign of life", tmp_path, alive)
        await asyncio.to_thread(server.kill)
        [before] = rows(tmp_path, alive)
        assert before["destroy_on"] is None
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    for _ in range(2):
        with serving(tmp_path) as server:
            await asyncio.to_thread(server.stop)
    [record] = rows(tmp_path, "SELECT * FROM call")
    assert len(ends_told(tmp_path)) == 1
    assert (record["cause"], record["hangup_on"]) == ("server_crashed", before["alive_on"])
    lived_ms = before["alive_on"] - before["answer_on"]
    assert record["duration"] == round(lived_ms / 1000)
    [charged] = rows(
        tmp_path, "SELECT -SUM(amount) AS paid FROM 'transaction' WHERE ref_type = 'VOICE_INCOMING'"
    )
    assert charged["paid"] == record["price"] > 0
