"""Promise: 1,000 concurrent calls through the whole server, jitter p99 below 5 ms at the receiver.

SIPp brings up the calls on a number whose flow plays a prompt over and over; the receiver of
bench/prompt_streams.py takes the kernel's receive timestamps of every packet. Memory is what the
server and its media process have more than before the calls, divided by them. CPU and kB are of
the server, and of its media process; `open` are calls without an end after the server stopped.

    python bench/concurrent_calls.py [--calls 1000] [--rate 50] [--seconds 10] [--runs 3] [--write]
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
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "bench")]

from inbound_calls import SCENARIO, made, sipp_counts  # noqa: E402 - see above
from processor import cpu_seconds  # noqa: E402
from prompt_streams import WARM_UP, jitter, resident_kb  # noqa: E402
from prompt_streams import __file__ as receiver_program  # noqa: E402
from sound import Sound  # noqa: E402

from support.live_server import Server, customer, running_server  # noqa: E402
from support.peers import LOOPBACK  # noqa: E402

RESULTS = Path(__file__).parent / "results"
CALLERS = 20  # SIPp runs, each with a port of the receiver's of its own


@dataclass(frozen=True)
class Run:
    live: int
    failed: int
    packets: int
    lost: int
    p50: float
    p99: float
    worst: float
    server_cpu: float
    media_cpu: float
    server_kb: float
    media_kb: float
    left: int


async def prepare(server: Server, sound: str) -> int:
    flow = f'<Response><Play loop="100">{sound}</Play></Response>'
    async with customer(server.http, server.token) as buyer:
        return await buyer.number_with_flow(flow)


async def until_live(server: Server, calls: int, seconds: float) -> int:
    """Wait until so many calls are answered, or the time is over; tell how many are."""
    until, live = time.monotonic() + seconds, 0
    async with customer(server.http, server.token) as buyer:
        while live < calls and time.monotonic() < until:
            await asyncio.sleep(1)
            live = sum(call["state"] == "live" for call in await buyer.online())
    return live


def free_ports(count: int) -> list[int]:
    """Find so many ports, no two the same: all are held before any is let go."""
    held = [socket.socket(type=socket.SOCK_DGRAM) for _ in range(count)]
    for each in held:
        each.bind((LOOPBACK, 0))
    ports = [int(each.getsockname()[1]) for each in held]
    for each in held:
        each.close()
    return ports


def start_sipp(
    server: Server, number: int, calls: int, rate: float, ports: list[int], folder: Path
) -> "list[subprocess.Popen[bytes]]":
    """Bring the calls up, spread over the receiver's ports."""
    started: list[subprocess.Popen[bytes]] = []
    share = -(-calls // len(ports))
    own = free_ports(2 * len(ports))
    for port in ports:
        wanted = min(share, calls - len(started) * share)
        if wanted <= 0:
            break
        place = made(folder / str(port))
        words = ["-sf", SCENARIO, "-s", number, "-m", wanted, "-l", wanted, "-i", LOOPBACK]
        words += ["-r", max(1, round(rate / len(ports))), "-nostdin"]
        words += ["-p", own.pop(), "-mp", own.pop()]
        words += ["-recv_timeout", 300_000, "-trace_stat", "-stf", place / "stats.csv", "-fd", 1]
        command = ["sipp", server.sip, *map(str, words), "-key", "rtp_port", str(port)]
        started.append(subprocess.Popen(command, cwd=place, stdout=subprocess.DEVNULL))
    return started


def one_run(calls: int, rate: float, seconds: float) -> Run:
    sounds = ThreadingHTTPServer((LOOPBACK, 0), Sound)
    threading.Thread(target=sounds.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        with running_server(folder / "data", rtp_timeout=600) as server:
            number = asyncio.run(prepare(server, f"http://{LOOPBACK}:{sounds.server_port}/a.wav"))
            measured = measure(server, number, calls, rate, seconds, folder)
        with sqlite3.connect(folder / "data" / "opentact.db") as rows:
            open_calls = "SELECT count(*) FROM call WHERE destroy_on IS NULL"
            left = int(rows.execute(open_calls).fetchone()[0])
    sounds.shutdown()
    return Run(**measured, left=left)


def start_receiver(seconds: float, rows_file: Path) -> "tuple[subprocess.Popen[str], list[int]]":
    words = ["--receive", str(seconds), "--rows", str(rows_file)]
    receiver = subprocess.Popen(
        [sys.executable, receiver_program, *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert receiver.stdout
    assert receiver.stdin
    ports = [int(port) for port in receiver.stdout.readline().split()][:CALLERS]
    receiver.stdin.write("\n")
    receiver.stdin.flush()
    return receiver, ports


def measure(
    server: Server, number: int, calls: int, rate: float, seconds: float, folder: Path
) -> dict[str, Any]:
    pids = [server.pid, server.child("media.process")]
    empty = [resident_kb(pid) for pid in pids]
    bring_up = calls / rate + 20
    rows_file = folder / "rows.npy"
    receiver, ports = start_receiver(bring_up + WARM_UP + seconds, rows_file)
    callers = start_sipp(server, number, calls, rate, ports, folder)
    live = asyncio.run(until_live(server, calls, bring_up))
    before = [cpu_seconds(pid) for pid in pids]
    time.sleep(seconds)
    cpu = [(cpu_seconds(pid) - b) / seconds for pid, b in zip(pids, before, strict=True)]
    kilobytes = [(resident_kb(pid) - e) / calls for pid, e in zip(pids, empty, strict=True)]
    receiver.wait()
    server.stop()
    for caller in callers:
        caller.wait(60)
    counts = [sipp_counts(folder / str(port)) for port in ports[: len(callers)]]
    rows = np.load(rows_file)
    steady = rows[rows[:, 2] > rows[:, 2].max() - int((seconds + WARM_UP) * 1e9)]
    deviations, lost, _ = jitter(steady)
    p50, p99 = np.percentile(deviations, [50, 99])
    return {
        "live": live,
        "failed": sum(failed for _, failed, _ in counts),
        "packets": len(deviations),
        "lost": lost,
        "p50": float(p50),
        "p99": float(p99),
        "worst": float(deviations.max()),
        "server_cpu": cpu[0],
        "media_cpu": cpu[1],
        "server_kb": kilobytes[0],
        "media_kb": kilobytes[1],
    }


def table(runs: list[Run]) -> str:
    rows = [
        "| run | live | failed | packets | lost | p50 ms | p99 ms | worst | CPU | kB/call | open |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    middle = sorted(runs, key=lambda run: run.p99)[len(runs) // 2]
    for name, run in [*((str(n), run) for n, run in enumerate(runs, 1)), ("**median**", middle)]:
        rows.append(
            f"| {name} | {run.live} | {run.failed} | {run.packets} | {run.lost} | {run.p50:.2f}"
            f" | {run.p99:.2f} | {run.worst:.1f} | {run.server_cpu:.0%}, {run.media_cpu:.0%}"
            f" | {run.server_kb:.0f}, {run.media_kb:.0f} | {run.left} |"
        )
    return "\n".join(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=1_000)
    parser.add_argument("--rate", type=float, default=60, help="new calls a second")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--write", action="store_true", help="add the table to bench/results")
    options = parser.parse_args()
    runs = []
    for _ in range(options.runs):
        runs.append(one_run(options.calls, options.rate, options.seconds))
        print(runs[-1], file=sys.stderr)
    text = f"## {options.calls} calls, {options.seconds:g} s\n\n{table(runs)}\n"
    print(text)
    if options.write:
        with (RESULTS / "concurrent_calls.md").open("a") as file:
            file.write(f"\n{text}")


if __name__ == "__main__":
    main()
