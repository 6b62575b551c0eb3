"""Promise: 200 recordings at once with no lost second, and jitter p99 below 5 ms beside them.

SIPp brings up calls on a number of a real server whose flow records both sides, each on its
channel, and plays a sound. Peers in a process of their own talk on every call, and take the
kernel's receive timestamps of what they hear. Both sides say a tone that steps each second, with
a little noise that makes each moment unlike any other: every second of every file is held against
what was said there, sample by sample. `lost` are seconds of which more than half is missing,
`missing` are ms, `unsaid` those that the peers, themselves too late, left out; `short` are files
whose length is not that of their call. `--plain` records nothing.

    python bench/recordings.py [--calls 200] [--seconds 40] [--runs 3] [--plain] [--write]
"""

import argparse
import asyncio
import select
import socket
import sqlite3
import struct
import subprocess
import sys
import tempfile
import threading
import time
import wave
from dataclasses import dataclass
from http.server import ThreadingHTTPServer
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "bench")]

from concurrent_calls import CALLERS, start_sipp  # noqa: E402 - found by the line above
from inbound_calls import sipp_counts  # noqa: E402
from processor import cpu_seconds  # noqa: E402
from prompt_streams import jitter, receiver_sockets  # noqa: E402
from sound import Sound, wav  # noqa: E402

from opentact.voice.rtp.g711 import decode, encode  # noqa: E402
from support.live_server import Server, customer, running_server  # noqa: E402
from support.peers import LOOPBACK  # noqa: E402

RESULTS = Path(__file__).parent / "results"
RATE, FRAME = 8_000, 160
CYCLE_S = 20
PRESENT = 0.5  # of a second's samples; with less it is lost
EDGE_S = 2
LATE = 15  # packets: a third of a second, which a jitter buffer would not wait for either
SHORT_MS = 1_000

Row = tuple[int, int, int]


@dataclass(frozen=True)
class Files:
    """What was found in the recordings."""

    stored: int = 0
    failed: int = 0
    short: int = 0
    seconds: int = 0
    lost: int = 0
    missing_ms: float = 0.0


@dataclass(frozen=True)
class Run:
    calls: int
    files: Files
    unsaid_ms: int
    p99: float
    worst: float
    server_cpu: float
    media_cpu: float


def saying(seed: int) -> NDArray[np.int16]:
    """Make what one side says in a cycle: a tone for each second, and noise that is its place."""
    times = np.arange(CYCLE_S * RATE)
    steps = 400 + 100 * (times // RATE + seed) % 2_000
    noise = np.random.default_rng(seed).normal(0, 300, len(times))
    return (6_000 * np.sin(2 * np.pi * steps * times / RATE) + noise).astype("<i2")


PEER, OURS = saying(1), saying(2)


class Steps(Sound):
    """Answers what our side says."""

    def sound(self) -> bytes:
        return wav(OURS)


class Peers:
    """The far ends of all calls: each talks, to where it is spoken to from, and hears."""

    def __init__(self) -> None:
        self.sockets = receiver_sockets()[:CALLERS]
        for each in self.sockets:
            each.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 21)
        self.rows: list[Row] = []
        self.unsaid = 0
        self._said = encode(PEER, "PCMU")
        self._calls: dict[tuple[str, int], tuple[socket.socket, float]] = {}
        self._counts: dict[tuple[str, int], int] = {}
        self._by_number = {each.fileno(): each for each in self.sockets}
        self._poll = select.epoll()
        for each in self.sockets:
            self._poll.register(each, select.EPOLLIN)

    def run(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._take()
            for call in self._calls:
                self._talk(call)

    def _take(self) -> None:
        header, stamp = struct.Struct("!HII"), struct.Struct("@qq")
        for number, _ in self._poll.poll(0.002):
            ours = self._by_number[number]
            try:
                while True:
                    data, extra, _, source = ours.recvmsg(200, 64)
                    sequence, _, ssrc = header.unpack_from(data, 2)
                    whole, nanoseconds = stamp.unpack(extra[0][2])
                    self.rows.append((ssrc, sequence, whole * 1_000_000_000 + nanoseconds))
                    if source not in self._calls:
                        self._calls[source], self._counts[source] = (ours, time.monotonic()), 0
            except BlockingIOError:
                pass

    def _talk(self, call: tuple[str, int]) -> None:
        """Say what is due. On a machine that is too busy, what was due long ago stays unsaid."""
        ours, began = self._calls[call]
        due = int((time.monotonic() - began) * RATE / FRAME)
        first = max(self._counts[call], due - LATE)
        self.unsaid += first - self._counts[call]
        for number in range(first, due):
            at = number * FRAME % len(self._said)
            header = struct.pack("!BBHII", 0x80, 0, number & 0xFFFF, number * FRAME, call[1])
            ours.sendto(header + self._said[at : at + FRAME], call)
        self._counts[call] = due


def be_peers(seconds: float, path: str) -> None:
    """Tell our ports, talk and hear, and write streams, numbers and ns to a file."""
    peers = Peers()
    sys.stdout.write(" ".join(str(each.getsockname()[1]) for each in peers.sockets) + "\n")
    sys.stdout.flush()
    peers.run(seconds)
    np.savez(path, rows=np.array(peers.rows, np.int64), unsaid=peers.unsaid)


def compared(heard: NDArray[np.int16], said: NDArray[np.int16]) -> tuple[int, int, int]:
    """Look for each packet of a channel in what was said; seconds seen, lost, samples missing.

    It counts from the first second in which anything was said to two before the end, while one
    side has left. A packet is there if it is within a second of where those before it were.
    """
    cycle = decode(encode(said, "PCMU"), "PCMU").astype("<i2")
    twice = np.concatenate([cycle, cycle[:FRAME]]).tobytes()
    at, begun, seen, lost, missing = 0, False, 0, 0, 0
    for second in range(1, len(heard) // RATE - EDGE_S):
        there = 0
        for start in range(second * RATE, (second + 1) * RATE, FRAME):
            found = twice.find(heard[start : start + FRAME].tobytes())
            place = (found // 2 - start) % len(cycle)
            apart = (place - at + RATE) % len(cycle)
            if found >= 0 and (not begun or apart <= 2 * RATE):
                at, begun, there = place, True, there + FRAME
        if begun:
            seen, lost, missing = seen + 1, lost + (there < RATE * PRESENT), missing + RATE - there
    return seen, lost, missing


def examined(folder: Path) -> Files:
    """Read every recording, and its call."""
    with sqlite3.connect(folder / "opentact.db") as rows:
        found = rows.execute(
            "SELECT recording.file, recording.state, recording.duration, call.answer_on,"
            " call.hangup_on FROM recording JOIN call ON call.uuid = recording.call_uuid"
        ).fetchall()
    seconds = lost = missing = short = stored = 0
    for name, state, duration, answered, ended in found:
        if state.lower() != "stored":
            continue
        stored += 1
        with wave.open(str(folder / "recordings" / name)) as file:
            frames = file.getnframes()
            both = np.frombuffer(file.readframes(frames), "<i2").reshape(-1, 2)
        # In ms, as times and durations are in SQLite.
        short += abs(frames / 8 - (ended - answered)) > SHORT_MS or abs(frames / 8 - duration) > 1
        for channel, said in ((0, PEER), (1, OURS)):
            one = compared(both[:, channel], said)
            seconds, lost, missing = seconds + one[0], lost + one[1], missing + one[2]
    return Files(stored, len(found) - stored, short, seconds, lost, missing * 1_000 / RATE)


async def prepare(server: Server, sound: str, loops: int, *, plain: bool) -> int:
    record = "" if plain else '<RecordStart leg="both"/>'
    flow = f'<Response>{record}<Play loop="{loops}">{sound}</Play><Hangup/></Response>'
    async with customer(server.http, server.token) as buyer:
        return await buyer.number_with_flow(flow)


def start_peers(seconds: float, rows_file: Path) -> "tuple[subprocess.Popen[str], list[int]]":
    words = [sys.executable, __file__, "--peers", str(seconds), "--rows", str(rows_file)]
    peers = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    assert peers.stdout
    return peers, [int(port) for port in peers.stdout.readline().split()]


def one_run(calls: int, rate: float, seconds: int, *, plain: bool) -> Run:
    sounds = ThreadingHTTPServer((LOOPBACK, 0), Steps)
    threading.Thread(target=sounds.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        with running_server(folder / "data", rtp_timeout=600) as server:
            url, loops = f"http://{LOOPBACK}:{sounds.server_port}/a.wav", seconds // CYCLE_S
            number = asyncio.run(prepare(server, url, loops, plain=plain))
            measured = measure(server, number, calls, rate, seconds, folder)
        files = examined(folder / "data")
    sounds.shutdown()
    return Run(calls, files, *measured)


def measure(
    server: Server, number: int, calls: int, rate: float, seconds: int, folder: Path
) -> tuple[int, float, float, float, float]:
    """Have the calls made; ms unsaid, jitter and CPU while all are up."""
    ramp, rows_file = calls / rate, folder / "rows.npz"
    peers, ports = start_peers(ramp + seconds + 5, rows_file)
    callers = start_sipp(server, number, calls, rate, ports, folder)
    pids = [server.pid, server.child("media.process")]
    time.sleep(ramp + 2)
    steady = (time.time_ns(), time.time_ns() + int((seconds - ramp - 4) * 1e9))
    before = [cpu_seconds(pid) for pid in pids]
    lasted = (steady[1] - steady[0]) / 1e9
    time.sleep(lasted)
    cpu = [(cpu_seconds(pid) - b) / lasted for pid, b in zip(pids, before, strict=True)]
    peers.wait()
    for caller in callers:
        caller.wait(60)
    server.stop()
    assert not any(sipp_counts(folder / str(port))[1] for port in ports[: len(callers)])
    rows, unsaid = (np.load(rows_file)[name] for name in ("rows", "unsaid"))
    rows = rows[(rows[:, 2] > steady[0]) & (rows[:, 2] < steady[1])]
    deviations, _, _ = jitter(rows)
    p99, worst = float(np.percentile(deviations, 99)), float(deviations.max())
    return int(unsaid) * 20, p99, worst, *cpu


def table(runs: list[Run]) -> str:
    rows = [
        "| run | stored | failed | short | seconds | lost | missing | unsaid | p99 | max | CPU |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    middle = sorted(runs, key=lambda run: run.p99)[len(runs) // 2]
    for name, run in [*((str(n), run) for n, run in enumerate(runs, 1)), ("**median**", middle)]:
        it = run.files
        rows.append(
            f"| {name} | {it.stored} | {it.failed} | {it.short} | {it.seconds} | {it.lost}"
            f" | {it.missing_ms:.0f} | {run.unsaid_ms} | {run.p99:.2f} | {run.worst:.1f}"
            f" | {run.server_cpu:.0%}, {run.media_cpu:.0%} |"
        )
    return "\n".join(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--rate", type=float, default=40, help="new calls a second")
    parser.add_argument("--seconds", type=int, default=40, help="of each call, in steps of 20")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--plain", action="store_true", help="record nothing")
    parser.add_argument("--write", action="store_true", help="add the table to bench/results")
    parser.add_argument("--peers", type=float, help=argparse.SUPPRESS)
    parser.add_argument("--rows", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.peers:
        be_peers(options.peers, options.rows)
        return
    runs = []
    for _ in range(options.runs):
        runs.append(one_run(options.calls, options.rate, options.seconds, plain=options.plain))
        print(runs[-1], file=sys.stderr)
    what = "calls, not recorded" if options.plain else "recordings"
    print(text := f"## {options.calls} {what}, {options.seconds} s\n\n{table(runs)}\n")
    if options.write:
        with (RESULTS / "recordings.md").open("a") as file:
            file.write(f"\n{text}")


if __name__ == "__main__":
    main()
