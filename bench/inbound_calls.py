"""Promise: 200 new inbound calls a second for 30 s, none failed, no event lost, on 2 cores.

SIPp calls a number of a real server; its flow answers, plays one second of sound fetched by URL,
and hangs up. Afterwards the database is held against the calls: one record for each, closed once
with its cause, the same events for each with numbers without gaps, the balance as the ledger
says. Latency is from INVITE to 200 OK at SIPp; below 150 ms at p99 even while 16 REST
connections ask as fast as they are answered.

    python bench/inbound_calls.py [--rate 200] [--seconds 30] [--runs 3] [--rest 16] [--write]
"""

import argparse
import asyncio
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Self

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "bench")]

from processor import cpu_seconds, stolen_seconds  # noqa: E402
from sound import Sound  # noqa: E402

from support.live_server import Server, customer, running_server  # noqa: E402
from support.peers import LOOPBACK, free_port  # noqa: E402 - found by the line above

SCENARIO = ROOT / "tests/data/sipp/waiting_caller.xml"
RESULTS = Path(__file__).parent / "results"
STATES = 5  # init, ringing, live, hangup, destroyed
PACKETS = 50  # of one second


@dataclass(frozen=True)
class Run:
    calls: int
    failed: int
    repeated: int
    p50: float
    p99: float
    worst: float
    server_ms: float
    media_ms: float
    stolen: float  # by the host, of one processor
    rest: int
    wrong: tuple[str, ...]


async def prepare(server: Server, sound: str) -> int:
    flow = f"<Response><Play>{sound}</Play><Hangup/></Response>"
    async with customer(server.http, server.token) as buyer:
        return await buyer.number_with_flow(flow)


def sipp(server: Server, number: int, calls: int, rate: float, folder: Path, sink: int) -> None:
    """Place the calls, and wait until all have ended."""
    options: dict[str, object] = {
        "-sf": SCENARIO,
        "-s": number,
        "-m": calls,
        "-r": rate,
        "-l": calls,
        "-i": LOOPBACK,
        "-p": free_port(),
        "-timeout": f"{calls / rate + 60:.0f}s",
        "-recv_timeout": 40_000,
        "-rtt_freq": 1,
        "-fd": 1,
        "-stf": folder / "stats.csv",
    }
    words = [str(word) for pair in options.items() for word in pair]
    traces = ["-trace_rtt", "-trace_stat", "-nostdin", "-timeout_error"]
    command = ["sipp", server.sip, *words, *traces, "-key", "rtp_port", str(sink)]
    subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, check=False)


def answered_after(folder: Path) -> list[float]:
    """Read every call's response time in ms from what `-trace_rtt` wrote."""
    [file] = folder.glob("*_rtt.csv")
    return [float(line.split(";")[1]) for line in file.read_text().splitlines()[1:]]


def stats(folder: Path) -> dict[str, str]:
    """Read SIPp's last row of `-trace_stat`."""
    header, *_, last = (folder / "stats.csv").read_text().splitlines()
    return dict(zip(header.split(";"), last.split(";"), strict=False))


def sipp_counts(folder: Path) -> tuple[int, int, int]:
    row = stats(folder)
    failed = int(row["FailedCall(C)"]) + int(row["CurrentCall"])
    return int(row["SuccessfulCall(C)"]), failed, int(row["Retransmissions(C)"])


def expected_of(calls: int) -> dict[str, tuple[str, int]]:
    """Tell what is counted, and how many there must be."""
    event = "SELECT ref_id, json_extract(frame, '$.seq') AS seq FROM event"
    whole = "destroy_on IS NOT NULL AND cause = 'flow_hung_up'"
    sent = f"json_extract(media, '$.packets_sent') >= {PACKETS}"
    return {
        "call records": ("SELECT count(*) FROM call", calls),
        "closed with their cause": (f"SELECT count(*) FROM call WHERE {whole}", calls),
        "prompt sent whole": (f"SELECT count(*) FROM call WHERE {sent}", calls),
        "state events": (
            "SELECT count(*) FROM event WHERE type = 'call_state'",
            STATES * calls,
        ),
        "destroyed once": (
            (
                "SELECT count(DISTINCT ref_id) FROM event WHERE type = 'call_state'"
                " AND json_extract(frame, '$.payload.state') = 'destroyed'"
            ),
            calls,
        ),
        "gaps in numbers": (
            (
                "SELECT count(*) FROM"
                " (SELECT ref_id, count(*) n, max(seq) top, count(DISTINCT seq) d"
                f" FROM ({event} WHERE type LIKE 'call%') GROUP BY ref_id"
                " HAVING n != top OR n != d)"
            ),
            0,
        ),
        "balance against ledger": (
            (
                "SELECT count(*) FROM account WHERE balance !="
                ' (SELECT coalesce(sum(amount), 0) FROM "transaction"'
                " WHERE account_uuid = account.uuid)"
            ),
            0,
        ),
    }


def found_wrong(database: Path, calls: int) -> tuple[str, ...]:
    """Hold the database against the calls that were made; name what does not fit."""
    with sqlite3.connect(database) as rows:
        counted = {
            name: int(rows.execute(sql).fetchone()[0] or 0)
            for name, (sql, _) in expected_of(calls).items()
        }
    return tuple(
        f"{name}: {counted[name]} instead of {wanted}"
        for name, (_, wanted) in expected_of(calls).items()
        if counted[name] != wanted
    )


async def ask_for_ever(http: str, token: str, connections: int) -> None:
    """Ask GET /rest/account on so many connections until killed; print the count at the end."""
    host, _, port = http.rpartition(":")
    request = f"GET /rest/account HTTP/1.1\r\nHost: {http}\r\nX-Auth-Token: {token}\r\n\r\n"
    answered = 0

    async def one() -> None:
        nonlocal answered
        reader, writer = await asyncio.open_connection(host, int(port))
        while True:
            writer.write(request.encode())
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(head.decode())
            length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
            answered += 1

    tasks = [asyncio.create_task(one()) for _ in range(connections)]
    await asyncio.to_thread(sys.stdin.readline)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    print(answered)


class RestLoad:
    """A process that asks the REST API all it can while the block runs."""

    def __init__(self, server: Server, connections: int) -> None:
        self.answered = 0
        self._command = [sys.executable, __file__, "--ask", server.http, "--token", server.token]
        self._command += ["--rest", str(connections)]
        self._connections = connections

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command if self._connections else ["cat"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(self, *why: object) -> None:
        printed, _ = self._process.communicate("\n")
        self.answered = int(printed.strip() or 0)


def one_run(rate: float, seconds: float, rest: int) -> Run:
    calls = int(rate * seconds)
    sounds = ThreadingHTTPServer((LOOPBACK, 0), Sound)
    threading.Thread(target=sounds.serve_forever, daemon=True).start()
    sink = socket.socket(type=socket.SOCK_DGRAM)  # heard by nobody: the kernel drops what is over
    sink.bind((LOOPBACK, 0))
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        with running_server(folder / "data", rate_limit=0) as server:
            number = asyncio.run(prepare(server, f"http://{LOOPBACK}:{sounds.server_port}/a.wav"))
            sipp(server, number, 5, 5, made(folder / "warm"), sink.getsockname()[1])
            pids = [server.pid, server.child("media.process")]
            before, began = [cpu_seconds(pid) for pid in pids], time.monotonic()
            stolen = -stolen_seconds()
            with RestLoad(server, rest) as load:
                sipp(server, number, calls, rate, made(folder / "sipp"), sink.getsockname()[1])
            stolen = (stolen + stolen_seconds()) / (time.monotonic() - began)
            used = [cpu_seconds(pid) - b for pid, b in zip(pids, before, strict=True)]
            time.sleep(1)
        done, failed, repeated = sipp_counts(folder / "sipp")
        times = answered_after(folder / "sipp")
        wrong = found_wrong(folder / "data" / "opentact.db", calls + 5)
    sounds.shutdown()
    p50, p99 = np.percentile(times, [50, 99])
    server_ms, media_ms = (1000 * each / calls for each in used)
    return Run(
        calls=done,
        failed=failed,
        repeated=repeated,
        p50=float(p50),
        p99=float(p99),
        worst=max(times),
        server_ms=server_ms,
        media_ms=media_ms,
        stolen=stolen,
        rest=load.answered,
        wrong=wrong,
    )


def made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def table(runs: list[Run]) -> str:
    rows = [
        (
            "| run | calls | failed | repeated | p50 ms | p99 ms | worst ms"
            " | server ms CPU/call | media ms CPU/call | stolen | REST answers"
            " | wrong in the database |"
        ),
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    middle = sorted(runs, key=lambda run: run.p99)[len(runs) // 2]
    named = [*((str(n), run) for n, run in enumerate(runs, start=1)), ("**median**", middle)]
    for name, run in named:
        rows.append(
            f"| {name} | {run.calls} | {run.failed} | {run.repeated} | {run.p50:.1f}"
            f" | {run.p99:.1f} | {run.worst:.0f} | {run.server_ms:.2f} | {run.media_ms:.2f}"
            f" | {run.stolen:.0%} | {run.rest} | {'; '.join(run.wrong) or 'nothing'} |"
        )
    return "\n".join(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rate", type=float, default=200)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--rest", type=int, default=0, help="REST connections asking meanwhile")
    parser.add_argument("--write", action="store_true", help="add the table to bench/results")
    parser.add_argument("--ask", help=argparse.SUPPRESS)
    parser.add_argument("--token", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.ask:
        asyncio.run(ask_for_ever(options.ask, options.token, options.rest))
        return
    runs = []
    for _ in range(options.runs):
        runs.append(one_run(options.rate, options.seconds, options.rest))
        print(runs[-1], file=sys.stderr)
    load = f", {options.rest} REST connections" if options.rest else ""
    text = f"## {options.rate:g} calls/s for {options.seconds:g} s{load}\n\n{table(runs)}\n"
    print(text)
    if options.write:
        with (RESULTS / "inbound_calls.md").open("a") as file:
            file.write(f"\n{text}")


if __name__ == "__main__":
    main()
