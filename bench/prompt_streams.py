"""Promise: 1,000 concurrent calls hear a prompt with jitter p99 below 5 ms, on 2 cores.

The media process plays to N legs; a receiver in a process of its own takes the kernel's receive
timestamps. Jitter is |gap between two packets of a stream - 20 ms|. With `--talk` every peer sends
audio back, so that the legs latch, count and hear as in a real call.

    python bench/prompt_streams.py [--legs 1000] [--seconds 10] [--runs 3] [--talk] [--write]
"""

import argparse
import asyncio
import select
import socket
import struct
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray
from processor import cpu_seconds

from opentact.adapters.media.child import ProcessMedia
from opentact.adapters.media.settings import MediaSettings
from opentact.voice.media import MediaLeg
from opentact.voice.sdp.offer_answer import Negotiated

HOST = "127.0.0.1"
# Each holds some 270 packets: with 64 sockets a third of a second of a thousand streams.
SOCKETS = 64
SO_TIMESTAMPNS = 35
WARM_UP = 2.0
RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True)
class Run:
    packets: int
    lost: int
    doubled: int
    p50: float
    p99: float
    p999: float
    worst: float
    cpu: float
    kilobytes: float
    heard: int


def receiver_sockets() -> list[socket.socket]:
    made = []
    for _ in range(SOCKETS):
        each = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        each.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        each.bind((HOST, 0))
        each.setblocking(False)  # noqa: FBT003 - the standard library takes it so
        made.append(each)
    return made


class Peers:
    """All the peers: they take packets and their times, and talk to legs if told to whom."""

    def __init__(self) -> None:
        self.sockets = receiver_sockets()
        self.rows: list[tuple[int, int, int]] = []
        self._by_number = {each.fileno(): each for each in self.sockets}
        self._poll = select.epoll()
        for each in self.sockets:
            self._poll.register(each, select.EPOLLIN)

    def run(self, seconds: float, legs: list[int]) -> None:
        begin, tick = time.monotonic(), 0
        while time.monotonic() < begin + seconds:
            self._take()
            due = int((time.monotonic() - begin) * 1_000)
            # On a machine that is too slow they fall silent, rather than talk for ever.
            for each in range(max(tick, due - 50), due):
                self._talk(each, legs)
            tick = due

    def _take(self) -> None:
        header, stamp = struct.Struct("!HII"), struct.Struct("@qq")
        for number, _ in self._poll.poll(0.001):
            take = self._by_number[number].recvmsg
            try:
                while True:
                    data, extra, _, _ = take(200, 64)
                    sequence, _, ssrc = header.unpack_from(data, 2)
                    whole, nanoseconds = stamp.unpack(extra[0][2])
                    self.rows.append((ssrc, sequence, whole * 1_000_000_000 + nanoseconds))
            except BlockingIOError:
                pass

    def _talk(self, tick: int, legs: list[int]) -> None:
        number, audio = tick // 20, b"\xff" * 160
        for index in range(tick % 20, len(legs), 20):
            header = struct.pack("!BBHII", 0x80, 0, number & 0xFFFF, number * 160, index + 1)
            self.sockets[index % SOCKETS].sendto(header + audio, (HOST, legs[index]))


def be_peers(seconds: float, path: str) -> None:
    """Tell our ports, wait for those to talk to, and write streams, numbers and ns to a file."""
    peers = Peers()
    sys.stdout.write(" ".join(str(each.getsockname()[1]) for each in peers.sockets) + "\n")
    sys.stdout.flush()
    peers.run(seconds, [int(port) for port in sys.stdin.readline().split()])
    np.save(path, np.array(peers.rows, np.int64))


def resident_kb(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))


def spawn(*arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, __file__, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def jitter(rows: NDArray[np.int64]) -> tuple[NDArray[np.float64], int, int]:
    """Absolute deviations from 20 ms, packets that never came, and that came twice."""
    begin = rows[:, 2].min() + int(WARM_UP * 1e9)
    rows = rows[rows[:, 2] > begin]
    rows = rows[np.lexsort((rows[:, 2], rows[:, 0]))]
    same = rows[1:, 0] == rows[:-1, 0]
    steps = np.diff(rows[:, 1])[same] % 65_536
    gaps = np.diff(rows[:, 2])[same] / 1e6
    return np.abs(gaps[steps == 1] - 20), int((steps[steps > 1] - 1).sum()), int((steps == 0).sum())


def prompt(path: Path) -> Path:
    times = np.arange(8_000 * 3) / 8_000
    path.write_bytes((8_000 * np.sin(2 * np.pi * 440 * times)).astype("<i2").tobytes())
    return path


async def playing(media: ProcessMedia, legs: int, file: Path, ports: list[int]) -> list[MediaLeg]:
    """Open so many legs, and have each play the file to one of the ports, over and over."""
    opened: list[MediaLeg] = [await media.open(uuid4(), HOST) for _ in range(legs)]
    for number, leg in enumerate(opened):
        leg.connect(Negotiated((HOST, ports[number % SOCKETS]), "PCMU", 0, 101))
        leg.play(1, file, loop=0)
    return opened


async def one_run(legs: int, seconds: float, *, talking: bool) -> Run:
    media = ProcessMedia(MediaSettings())
    await media.start()
    assert media.pid
    empty = resident_kb(media.pid)
    with tempfile.TemporaryDirectory() as folder:
        rows_file = Path(folder) / "rows.npy"
        receiver = spawn("--receive", seconds + WARM_UP, "--rows", rows_file)
        assert receiver.stdin
        assert receiver.stdout
        ports = [int(port) for port in receiver.stdout.readline().split()]
        opened = await playing(media, legs, prompt(Path(folder) / "prompt.raw"), ports)
        talk_to = [str(leg.port) for leg in opened] if talking else []
        receiver.stdin.write(" ".join(talk_to) + "\n")
        receiver.stdin.flush()
        await asyncio.sleep(WARM_UP)
        before = cpu_seconds(media.pid)
        await asyncio.sleep(seconds - 1)
        cpu = (cpu_seconds(media.pid) - before) / (seconds - 1)
        used = resident_kb(media.pid) - empty
        await asyncio.to_thread(receiver.communicate)
        deviations, lost, doubled = jitter(np.load(rows_file))
    stats = [await leg.close() for leg in opened]
    await media.close()
    p50, p99, p999 = map(float, np.percentile(deviations, [50, 99, 99.9]))
    return Run(
        packets=len(deviations),
        lost=lost,
        doubled=doubled,
        p50=p50,
        p99=p99,
        p999=p999,
        worst=float(deviations.max()),
        cpu=cpu,
        kilobytes=used / legs,
        heard=sum(each.packets_received > 0 for each in stats),
    )


def table(runs: list[Run]) -> str:
    rows = [
        "| run | packets | lost | twice | p50 | p99 | p99.9 | worst | CPU | kB/call | heard |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]

    def row(name: str, run: Run) -> str:
        return (
            f"| {name} | {run.packets} | {run.lost} | {run.doubled} "
            f"| {run.p50:.2f} | {run.p99:.2f} "
            f"| {run.p999:.2f} | {run.worst:.1f} | {run.cpu:.0%} "
            f"| {run.kilobytes:.1f} | {run.heard} |"
        )

    rows += [row(str(number), run) for number, run in enumerate(runs, start=1)]
    middle = sorted(runs, key=lambda run: run.p99)[len(runs) // 2]
    rows.append(row("**median by p99**", middle))
    return "\n".join(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--legs", type=int, default=1_000)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--talk", action="store_true")
    parser.add_argument("--write", action="store_true", help="add the table to bench/results")
    parser.add_argument("--receive", type=float, help=argparse.SUPPRESS)
    parser.add_argument("--rows", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.receive:
        be_peers(options.receive, options.rows)
        return
    runs = []
    for _ in range(options.runs):
        runs.append(asyncio.run(one_run(options.legs, options.seconds, talking=options.talk)))
        print(runs[-1], file=sys.stderr)
    title = f"{options.legs} legs, {options.seconds:.0f} s" + ", peers talking" * options.talk
    text = f"## {title}\n\n{table(runs)}\n"
    print(text)
    if options.write:
        with (RESULTS / "prompt_streams.md").open("a") as file:
            file.write(f"\n{text}")


if __name__ == "__main__":
    main()
