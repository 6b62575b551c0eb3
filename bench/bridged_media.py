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
import shutil
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
from processor import cpu_seconds, stolen_seconds
from prompt_streams import HOST, SOCKETS
from rtpengine import rtpengine

from opentact.adapters.media.child import ProcessMedia
from opentact.adapters.media.settings import MediaSettings
from opentact.voice.media import MediaGone, MediaLeg, Recorded, RecordFailed
from opentact.voice.rtp.wav import HEADER_BYTES
from opentact.voice.sdp.offer_answer import Negotiated

WARM_UP = 2.0
RESULTS = Path(__file__).parent / "results"
PEERS = Path(__file__).with_name("media_peers.py")
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
    stolen: float  # by the host, of one processor


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
            [sys.executable, str(PEERS), str(seconds + WARM_UP), str(rows_file)],
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
            cpu, stolen = -cpu_seconds(pid), -stolen_seconds()
            await asyncio.sleep(seconds - 1)
            cpu, stolen = cpu + cpu_seconds(pid), stolen + stolen_seconds()
            await asyncio.to_thread(peers.communicate)
        found = np.load(rows_file)
    shares = cpu / (seconds - 1), stolen / (seconds - 1)
    return figures(engine, *shares, found["rows"], int(found["sent"]))


def figures(engine: str, cpu: float, stolen: float, rows: NDArray[np.int64], sent: int) -> Run:
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
        stolen=stolen,
    )


def table(runs: list[Run]) -> str:
    rows = [
        (
            "| engine | packets | lost | delay p50 | p99 | jitter p99 | p99.9 ms | CPU"
            " | µs/packet | stolen |"
        ),
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    rows += [
        f"| {run.engine} | {run.packets} | {run.lost} | {run.delay_p50:.2f} | {run.delay_p99:.2f} "
        f"| {run.jitter_p99:.2f} | {run.jitter_p999:.2f} | {run.cpu:.0%} "
        f"| {run.us_per_packet:.1f} | {run.stolen:.0%} |"
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
    options = parser.parse_args()
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
