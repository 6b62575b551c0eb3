"""From a clone to a ringing telephone: `make demo`, with download caches warm, below 20 s.

Clones this repository to a temporary folder, runs `make demo ARGS=--exit` there on free ports and
notes when each step is seen on its output. Three runs; the median by the time to ringing counts.
"""

import argparse
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).parent / "results" / "time_to_ringing.md"
PROMISE_S = 20.0
# What is seen on the output, and what had been going on until then.
STEPS = [
    ("virtual environment", "virtual environment"),
    ("installer", "installer (uv)"),
    ("locked packages", "locked packages"),
    ("opentact itself", "opentact itself"),
    ("Search a number", "first import, database, server up"),
    ("ordered ", "search and order"),
    ("INVITE to", "app, call flow, websocket"),
    ("180 after", "ringing"),
    ("200 answered", "answered"),
]


@dataclass(frozen=True)
class Run:
    """When each step was seen, in seconds from the start."""

    seen: dict[str, float]

    @property
    def ringing(self) -> float:
        return self.seen["ringing"]


def free_port(kind: socket.SocketKind) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def once() -> Run:
    folder = Path(tempfile.mkdtemp(prefix="opentact-clone-"))
    try:
        subprocess.run(["git", "clone", "-q", ROOT, folder / "clone"], check=True)
        http = f"127.0.0.1:{free_port(socket.SOCK_STREAM)}"
        sip = f"127.0.0.1:{free_port(socket.SOCK_DGRAM)}"
        began = time.monotonic()
        with subprocess.Popen(
            ["make", "demo", f"ARGS=--exit --http {http} --sip {sip}"],
            cwd=folder / "clone",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        ) as demo:
            seen = watch(demo, began)
        if demo.returncode != 0 or "ringing" not in seen:
            sys.exit(f"the demo failed with {demo.returncode}; seen: {seen}")
        return Run(seen)
    finally:
        shutil.rmtree(folder)


def watch(demo: "subprocess.Popen[bytes]", began: float) -> dict[str, float]:
    assert demo.stdout is not None
    seen: dict[str, float] = {}
    for line in demo.stdout:
        for mark, step in STEPS:
            if mark.encode() in line:
                seen.setdefault(step, time.monotonic() - began)
    return seen


def table(run: Run, runs: list[Run]) -> str:
    lines = ["| Step | took, s | at, s |", "|---|---:|---:|"]
    before = 0.0
    for _, step in STEPS:
        at = run.seen.get(step, before)
        lines.append(f"| {step} | {at - before:.2f} | {at:.2f} |")
        before = at
    spread = ", ".join(f"{each.ringing:.1f}" for each in runs)
    lines.append(f"\nTo ringing: {run.ringing:.1f} s, promised below {PROMISE_S:.0f} s ({spread}).")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    runs = [once() for _ in range(options.runs)]
    middle = sorted(runs, key=lambda run: run.ringing)[len(runs) // 2]
    text = table(middle, runs)
    print(text)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(f"# `make demo`: from a clone to ringing\n\n{text}\n")


if __name__ == "__main__":
    main()
