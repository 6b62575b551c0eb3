"""Promise: the memory of a call is given back: flat over 30 minutes at half load, on 2 cores.

SIPp calls a number without a pause; its flow answers, plays one second of sound and hangs up.
Meanwhile the resident memory of the server and of its media process is read again and again.
What a server grows by in its first minutes it keeps for the next calls (pools, caches, what the
collector has not looked through); what counts is the growth after that, per 10,000 calls.

    python bench/memory.py [--rate 100] [--minutes 30] [--warm-up 5] [--write]
"""

import argparse
import asyncio
import socket
import tempfile
import threading
import time
from dataclasses import dataclass
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Self

import inbound_calls as inbound
from sound import Sound

from support.command import command
from support.live_server import running_server
from support.peers import LOOPBACK

SAMPLE_S = 5.0
MB = 1024 * 1024


@dataclass(frozen=True)
class Sample:
    at: float  # seconds since the first call
    server: int  # bytes
    media: int


def resident(pid: int) -> int:
    """Read how many bytes of memory a process holds."""
    [line] = [
        line
        for line in Path(f"/proc/{pid}/status").read_text().splitlines()
        if line.startswith("VmRSS:")
    ]
    return int(line.split()[1]) * 1024


class Watch:
    """Reads the memory of the two processes until the block ends."""

    def __init__(self, server: int, media: int) -> None:
        self.samples: list[Sample] = []
        self._pids = server, media
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._began = time.monotonic()
        self._thread.start()
        return self

    def __exit__(self, *why: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(SAMPLE_S):
            server, media = map(resident, self._pids)
            self.samples.append(Sample(time.monotonic() - self._began, server, media))


def run(rate: float, minutes: float) -> tuple[list[Sample], int, int, tuple[str, ...]]:
    """Place the calls; give the samples, calls done and failed, and what is wrong in the rows."""
    calls = int(rate * minutes * 60)
    sounds = ThreadingHTTPServer((LOOPBACK, 0), Sound)
    threading.Thread(target=sounds.serve_forever, daemon=True).start()
    sink = socket.socket(type=socket.SOCK_DGRAM)
    sink.bind((LOOPBACK, 0))
    port = sink.getsockname()[1]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        with running_server(folder / "data", rate_limit=0) as server:
            url = f"http://{LOOPBACK}:{sounds.server_port}/a.wav"
            number = asyncio.run(inbound.prepare(server, url))
            pay_for(calls, folder, server.credentials["demo"]["email"])
            inbound.sipp(server, number, 5, 5, inbound.made(folder / "warm"), port)
            with Watch(server.pid, server.child("media.process")) as watch:
                inbound.sipp(server, number, calls, rate, inbound.made(folder / "sipp"), port)
        done, failed, _ = inbound.sipp_counts(folder / "sipp")
        wrong = inbound.found_wrong(folder / "data" / "opentact.db", calls + 5)
    sounds.shutdown()
    return watch.samples, done, failed, wrong


def pay_for(calls: int, folder: Path, email: str) -> None:
    """Give the account a dollar for each call, which costs a cent or so."""
    done = command(folder, "credit", "--email", email, str(calls))
    if done.returncode:
        raise RuntimeError(done.stderr)


def growth(samples: list[Sample], rate: float, warm_up_s: float) -> tuple[float, float]:
    """Tell by how many MB server and media grow per 10,000 calls: thirds against each other."""
    warm = [each for each in samples if each.at >= warm_up_s]
    third = max(1, len(warm) // 3)
    early, late = warm[:third], warm[-third:]
    calls = rate * (sum(s.at for s in late) - sum(s.at for s in early)) / third
    per: float = 10_000 / calls / MB / third

    def grown(name: str) -> float:
        return per * sum(
            getattr(b, name) - getattr(a, name) for a, b in zip(early, late, strict=True)
        )

    return grown("server"), grown("media")


def table(samples: list[Sample], marks: int = 7) -> str:
    step = max(1, (len(samples) - 1) // (marks - 1))
    rows = ["| minute | server MB | media MB |", "|---|---|---|"]
    rows += [
        f"| {each.at / 60:.1f} | {each.server / MB:.1f} | {each.media / MB:.1f} |"
        for each in samples[::step]
    ]
    return "\n".join(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rate", type=float, default=100)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--warm-up", type=float, default=5, help="minutes that do not count")
    parser.add_argument("--write", action="store_true", help="add the table to bench/results")
    options = parser.parse_args()
    samples, done, failed, wrong = run(options.rate, options.minutes)
    server, media = growth(samples, options.rate, 60 * options.warm_up)
    text = (
        f"## {options.rate:g} calls/s for {options.minutes:g} minutes\n\n{table(samples)}\n\n"
        f"{done} calls, {failed} failed; wrong in the database: {'; '.join(wrong) or 'nothing'}.\n"
        f"Growth per 10,000 calls after minute {options.warm_up:g}: server {server:+.2f} MB,"
        f" media {media:+.2f} MB.\n"
    )
    print(text)
    if options.write:
        with (inbound.RESULTS / "memory.md").open("a") as file:
            file.write(f"\n{text}")


if __name__ == "__main__":
    main()
