"""Promise: 400 bridged G.711 calls with jitter p99 below 5 ms, on 2 cores.

A peer process talks on both legs of N calls and hears what the other leg is sent. Each packet
carries the time it was sent, and the kernel stamps the time it came: delay is the difference,
jitter the change of delay from one packet of a stream to the next. `--engine rtpengine` measures
Debian's rtpengine (userspace) by the same peers; `--engine both` one after the other. With
`--record` ours records both sides of each call, and what is missing in a file ends the run.

    python bench/bridged_media.py [--calls 400] [--seconds 10] [--runs 3] [--engine both]
        [--record wav] [--write]
"""

import argparse
import asyncio
import contextlib
import os
import select
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray
from rtpengine import rtpengine

from opentact.adapters.media.child import ProcessMedia
from opentact.adapters.media.settings import MediaSettings
from opentact.voice.media import MediaGone, MediaLeg, Recorded, RecordFailed
from opentact.voice.rtp.wav import HEADER_BYTES
from opentact.voice.sdp.offer_answer import Negotiated

HOST = "127.0.0.1"
# Each holds some 270 packets: with 64 sockets a third of a second of eight hundred streams.
SOCKETS = 64
SO_TIMESTAMPNS = 35
WARM_UP = 2.0
TICKS = os.sysconf("SC_CLK_TCK")
RESULTS = Path(__file__).parent / "results"
HEADER, STAMP, TIMES = struct.Struct("!BBHII"), struct.Struct("@qq"), struct.Struct("!qi")
REST = b"\xff" * (160 - TIMES.size)
# Ours are bound by the media process, rtpengine's by itself.
FIRST_PORT, LAST_PORT = 20_000, 26_000


@dataclass(frozen=True)
class Run:
    engine: str
    packets: int
    lost: int
    delay_p50: float
    delay_p99: float
    jitter_p99: float
    jitter_p999: float
    cpu: float
    us_per_packet: float


class Peers:
    """Both ends of every call: leg n is spoken to by socket n, modulo their number."""

    def __init__(self) -> None:
        self.sockets = []
        for _ in range(SOCKETS):
            each = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            each.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
            each.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 21)
            each.bind((HOST, 0))
            each.setblocking(False)  # noqa: FBT003 - the standard library takes it so
            self.sockets.append(each)
        self.rows: list[tuple[int, int, int, int]] = []
        self.sent = 0
        self._by_number = {each.fileno(): each for each in self.sockets}
        self._poll = select.epoll()
        for each in self.sockets:
            self._poll.register(each, select.EPOLLIN)

    def talk(self, seconds: float, legs: list[int]) -> int:
        """Talk on every leg, each millisecond on some; tell how many packets were sent."""
        begin, tick = time.monotonic(), 0
        while (now := time.monotonic()) < begin + seconds:
            due = int((now - begin) * 1_000)
            # On a machine that is too slow they fall silent, rather than talk for ever.
            for each in range(max(tick, due - 50), due):
                self._talk(each, legs)
            tick = due
            time.sleep(max(0.0, begin + (due + 1) / 1_000 - time.monotonic()))
        return self.sent

    def hear(self, seconds: float) -> None:
        """Take what comes, and what is still under way at the end."""
        end = time.monotonic() + seconds + 0.3
        while time.monotonic() < end:
            self._take()

    def _take(self) -> None:
        for number, _ in self._poll.poll(0.01):
            take = self._by_number[number].recvmsg
            try:
                while True:
                    data, extra, _, _ = take(200, 64)
                    sent, leg = TIMES.unpack_from(data, 12)
                    if leg < 0 or data[1] & 0x7F:
                        continue  # silence while nobody talked, and reports
                    whole, nanoseconds = STAMP.unpack(extra[0][2])
                    came = whole * 1_000_000_000 + nanoseconds
                    self.rows.append((leg, HEADER.unpack_from(data)[2], sent, came))
            except (BlockingIOError, struct.error):
                pass

    def _talk(self, tick: int, legs: list[int]) -> None:
        number = tick // 20
        for leg in range(tick % 20, len(legs), 20):
            header = HEADER.pack(0x80, 0, number & 0xFFFF, number * 160, leg + 1)
            audio = TIMES.pack(time.time_ns(), leg) + REST
            self.sockets[leg % SOCKETS].sendto(header + audio, (HOST, legs[leg]))
            self.sent += 1


def punctual() -> None:
    """Talk on time, if we may: eight hundred telephones do not fall silent together."""
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(3))


def be_peers(seconds: float, path: str) -> None:
    """Tell our ports, wait for those to talk to, and write what was heard to a file."""
    peers = Peers()
    sys.stdout.write(" ".join(str(each.getsockname()[1]) for each in peers.sockets) + "\n")
    sys.stdout.flush()
    legs = [int(port) for port in sys.stdin.readline().split()]
    # Who listens must not keep who talks waiting: a burst would be the peers' jitter.
    told, telling = os.pipe()
    if os.fork() == 0:
        punctual()
        os.write(telling, str(peers.talk(seconds, legs)).encode())
        os._exit(0)
    peers.hear(seconds)
    sent = int(os.read(told, 64))
    np.savez(path, rows=np.array(peers.rows, np.int64).reshape(-1, 4), sent=sent)


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


async def bridged(media: ProcessMedia, calls: int, peers: list[int]) -> list[MediaLeg]:
    """Open and connect the legs of so many calls, each bridged with the next."""
    legs: list[MediaLeg] = [await media.open(uuid4(), HOST) for _ in range(2 * calls)]
    for number, leg in enumerate(legs):
        leg.connect(Negotiated((HOST, peers[number % SOCKETS]), "PCMU", 0, 101))
    for one, other in zip(legs[::2], legs[1::2], strict=True):
        one.bridge(other)
    # Commands are done in order: once this leg is there, the others are connected. In a call the
    # peers talk later still, when they have the answer.
    await (await media.open(uuid4(), HOST)).close()
    return legs


@asynccontextmanager
async def opentact(calls: int, peers: list[int]) -> AsyncIterator[tuple[int, list[int]]]:
    """Have the media process bridge; give its pid and the ports of the legs."""
    media = ProcessMedia(MediaSettings(first_port=FIRST_PORT, last_port=LAST_PORT))
    await media.start()
    assert media.pid
    legs = await bridged(media, calls, peers)
    yield media.pid, [leg.port for leg in legs]
    await media.close()


@asynccontextmanager
async def recording(
    calls: int, peers: list[int], form: Literal["wav", "mp3"]
) -> AsyncIterator[tuple[int, list[int]]]:
    """The same, with a recording of both sides of each call."""
    media = ProcessMedia(MediaSettings(first_port=FIRST_PORT, last_port=LAST_PORT))
    await media.start()
    assert media.pid
    legs = await bridged(media, calls, peers)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        for number, leg in enumerate(legs[::2]):
            leg.record(number, Path(folder) / f"{number}.{form}", channels=2, format=form)
        yield media.pid, [leg.port for leg in legs]
        lasted = time.monotonic() - began
        for number, leg in enumerate(legs[::2]):
            leg.stop_record(number)
        for leg in legs[::2]:
            while not isinstance(end := await leg.events.get(), Recorded):
                assert not isinstance(end, RecordFailed | MediaGone), end
            assert end.duration_ms > 1_000 * (lasted - 0.5), end
            if form == "wav":
                size = HEADER_BYTES + 4 * 8 * end.duration_ms
                assert abs(end.size - size) < 100, end
    await media.close()


ENGINES = {
    "opentact": opentact,
    "rtpengine": rtpengine,
    "wav": partial(recording, form="wav"),
    "mp3": partial(recording, form="mp3"),
}


async def one_run(engine: str, calls: int, seconds: float) -> Run:
    with tempfile.TemporaryDirectory() as folder:
        rows_file = Path(folder) / "rows.npz"
        peers = subprocess.Popen(  # noqa: ASYNC220 - a bench has nothing else to do meanwhile
            [sys.executable, __file__, "--peers", str(seconds + WARM_UP), "--rows", str(rows_file)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert peers.stdin
        assert peers.stdout
        ports = [int(port) for port in peers.stdout.readline().split()]
        async with ENGINES[engine](calls, ports) as (pid, legs):
            peers.stdin.write(" ".join(map(str, legs)) + "\n")
            peers.stdin.flush()
            await asyncio.sleep(WARM_UP)
            before = cpu_seconds(pid)
            await asyncio.sleep(seconds - 1)
            cpu = (cpu_seconds(pid) - before) / (seconds - 1)
            await asyncio.to_thread(peers.communicate)
        found = np.load(rows_file)
    return figures(engine, cpu, found["rows"], int(found["sent"]))


def figures(engine: str, cpu: float, rows: NDArray[np.int64], sent: int) -> Run:
    lost = sent - len(rows)
    begin = rows[:, 3].min() + int(WARM_UP * 1e9)
    rows = rows[rows[:, 3] > begin]
    delay = (rows[:, 3] - rows[:, 2]) / 1e6
    order = np.lexsort((rows[:, 2], rows[:, 0]))
    same = np.diff(rows[order, 0]) == 0
    jitter = np.abs(np.diff(delay[order])[same])
    # As many as came: on a machine that is too busy the peers talk less.
    rate = len(rows) * 1e9 / float(rows[:, 3].max() - rows[:, 3].min())
    return Run(
        engine,
        packets=len(rows),
        lost=lost,
        delay_p50=float(np.percentile(delay, 50)),
        delay_p99=float(np.percentile(delay, 99)),
        jitter_p99=float(np.percentile(jitter, 99)),
        jitter_p999=float(np.percentile(jitter, 99.9)),
        cpu=cpu,
        us_per_packet=cpu * 1e6 / rate,
    )


def table(runs: list[Run]) -> str:
    rows = [
        "| engine | packets | lost | delay p50 | p99 | jitter p99 | p99.9 ms | CPU | µs/packet |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    rows += [
        f"| {run.engine} | {run.packets} | {run.lost} | {run.delay_p50:.2f} | {run.delay_p99:.2f} "
        f"| {run.jitter_p99:.2f} | {run.jitter_p999:.2f} | {run.cpu:.0%} "
        f"| {run.us_per_packet:.1f} |"
        for run in runs
    ]
    return "\n".join(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=400)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--engine", choices=["opentact", "rtpengine", "both"], default="both")
    parser.add_argument("--record", choices=["wav", "mp3"])
    parser.add_argument("--write", action="store_true", help="add the table to bench/results")
    parser.add_argument("--peers", type=float, help=argparse.SUPPRESS)
    parser.add_argument("--rows", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.peers:
        be_peers(options.peers, options.rows)
        return
    engines = ["opentact", "rtpengine"] if options.engine == "both" else [options.engine]
    if options.record:
        engines = [options.record]
    if engines[-1] == "rtpengine" and not shutil.which("rtpengine"):
        print("rtpengine is not installed: ours alone", file=sys.stderr)
        engines = ["opentact"]
    runs = []
    for _ in range(options.runs):
        for engine in engines:
            runs.append(asyncio.run(one_run(engine, options.calls, options.seconds)))
            print(runs[-1], file=sys.stderr)
    text = f"## {options.calls} bridged calls, {options.seconds:.0f} s\n\n{table(runs)}\n"
    print(text)
    if options.write:
        with (RESULTS / "bridged_media.md").open("a") as file:
            file.write(f"\n{text}")


if __name__ == "__main__":
    main()
