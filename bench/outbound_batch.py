"""Promise: a batch of 2,000 calls paced at 100 a second, none failed, none twice, on 2 cores.

One `POST /rest/batch` of 2,000 numbers goes out by a carrier that is SIPp, which answers each call;
the flow waits a second and hangs up. Afterwards SIPp's count of calls, the batch's result for each
number, the records and the events are held against the numbers. The pace is that of the calls' own
times of birth; setup is from there to the answer.

    python bench/outbound_batch.py [--calls 2000] [--pace 100] [--runs 3] [--write]
"""

import argparse
import asyncio
import sqlite3
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "bench")]

from processor import cpu_seconds  # noqa: E402

from support.command import command  # noqa: E402
from support.live_server import Customer, Server, customer, running_server  # noqa: E402
from support.sipp import SippResult, sipp_server  # noqa: E402 - found by the lines above

RESULTS = Path(__file__).parent / "results"
FIRST = 16465552000  # no fictional ones, which the simulated carrier keeps
PREFIX = "1646"
STATES = ("init", "ringing", "live", "hangup", "destroyed")
TALK_MS = 1000
FLOW = f'<Response><Pause length="{TALK_MS}"/><Hangup tag="told"/></Response>'
CHANNELS = 1000
PATIENCE_S = 120.0
MILLIS = 1_000  # moments are kept in milliseconds


@dataclass(frozen=True)
class Run:
    calls: int
    failed: int
    pace: float
    fastest: int
    slowest: int
    p50: float
    p99: float
    worst: float
    server_ms: float
    media_ms: float
    wrong: tuple[str, ...]


async def prepare(alice: Customer, pace: int) -> str:
    """Make a profile with a number to show, that is let call so fast."""
    number = await alice.order_number()
    lease = await alice.ask("GET", f"/rest/lease/tn/{number}/tn")
    body = {
        "name": "batch",
        "tn_lease": lease["uuid"],
        "calls_per_second": pace,
        "channel_limit": CHANNELS,
    }
    return str((await alice.ask("POST", "/rest/profile/outbound_voice", body))["uuid"])


async def called(alice: Customer, profile: str, calls: int, pace: int) -> dict[str, Any]:
    """Have the numbers called, and wait for all their results."""
    phones = [FIRST + n for n in range(calls)]
    body = {"outbound_voice_profile": profile, "phones": phones, "xml": FLOW}
    uuid = (await alice.ask("POST", "/rest/batch", body))["uuid"]
    async with asyncio.timeout(calls / pace + PATIENCE_S):
        while True:
            batch: dict[str, Any] = await alice.ask("GET", f"/rest/batch/{uuid}")
            if batch["finished_on"] is not None:
                return batch
            await asyncio.sleep(1)


def add_carrier(server: Server, address: str) -> None:
    words = ["--target", address, "--prefix", PREFIX, "--options", "0"]
    added = command(server.folder.parent, "carrier", "add", "sipp", *words)
    if added.returncode:
        raise RuntimeError(added.stderr)


async def one_run(calls: int, pace: int) -> Run:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        async with sipp_server("callee") as peer:
            with running_server(folder / "data", rate_limit=0) as server:
                add_carrier(server, peer.address)
                await asyncio.sleep(2)  # a running server takes it up within a second
                pids = [server.pid, server.child("media.process")]
                async with customer(server.http, server.token) as alice:
                    profile = await prepare(alice, pace)
                    before = [cpu_seconds(pid) for pid in pids]
                    batch = await called(alice, profile, calls, pace)
                used = [cpu_seconds(pid) - b for pid, b in zip(pids, before, strict=True)]
        assert peer.result is not None
        return figures(folder / "data/opentact.db", batch, peer.result, used)


def figures(database: Path, batch: dict[str, Any], peer: SippResult, used: list[float]) -> Run:
    """Read the calls' own times, and hold everything against the numbers."""
    calls = int(batch["total"])
    with sqlite3.connect(database) as rows:
        times = [
            (born / MILLIS, up / MILLIS)
            for born, up in rows.execute(
                "SELECT created_on, answer_on FROM call WHERE answer_on IS NOT NULL ORDER BY 1"
            )
        ]
        wrong = found_wrong(rows, calls)
    if peer.successful != calls or peer.failed:
        wrong += (f"SIPp had {peer.successful} calls, {peer.failed} failed",)
    if (batch["success"], batch["failed"]) != (calls, 0):
        wrong += (f"the batch has {batch['success']} successes, {batch['failed']} failures",)
    born = [each[0] for each in times]
    seconds = Counter(int(each - born[0]) for each in born)
    whole = [seconds[each] for each in range(int(born[-1] - born[0]))]
    setup = [1000 * (up - at) for at, up in times]
    p50, p99 = np.percentile(setup, [50, 99])
    server_ms, media_ms = (1000 * each / calls for each in used)
    return Run(
        calls=len(times),
        failed=int(batch["failed"]),
        pace=(len(born) - 1) / (born[-1] - born[0]),
        fastest=max(whole, default=0),
        slowest=min(whole, default=0),
        p50=float(p50),
        p99=float(p99),
        worst=max(setup),
        server_ms=server_ms,
        media_ms=media_ms,
        wrong=wrong,
    )


def found_wrong(rows: sqlite3.Connection, calls: int) -> tuple[str, ...]:
    """Hold records, results and events against the calls; name what does not fit."""
    state = "json_extract(frame, '$.payload.state')"
    event = "FROM event WHERE type = 'call_state'"
    wanted = {
        "SELECT count(*) FROM call WHERE cause = 'flow_hung_up' AND destroy_on IS NOT NULL": calls,
        'SELECT count(DISTINCT "to") FROM call': calls,
        "SELECT count(*) FROM call": calls,
        "SELECT count(DISTINCT call_uuid) FROM call_batch_number WHERE state = 'SUCCESS'": calls,
        f"SELECT count(*) {event}": len(STATES) * calls,
    }
    for each in STATES:
        wanted[f"SELECT count(DISTINCT ref_id) {event} AND {state} = '{each}'"] = calls
    found = {sql: int(rows.execute(sql).fetchone()[0]) for sql in wanted}
    others = rows.execute(
        "SELECT cause, sip_status, count(*) FROM call WHERE cause != 'flow_hung_up' GROUP BY 1, 2"
    )
    return (
        *(f"{count} ended by {cause} ({status})" for cause, status, count in others),
        *(f"{sql}: {found[sql]}, not {n}" for sql, n in wanted.items() if found[sql] != n),
    )


def table(runs: list[Run]) -> str:
    rows = [
        (
            "| run | calls | failed | calls/s | most, fewest in a second | setup p50 ms | p99 ms"
            " | worst ms | server ms CPU/call | media ms CPU/call | wrong |"
        ),
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    rows += [
        f"| {number} | {run.calls} | {run.failed} | {run.pace:.1f} | {run.fastest}, {run.slowest}"
        f" | {run.p50:.0f} | {run.p99:.0f} | {run.worst:.0f} | {run.server_ms:.2f}"
        f" | {run.media_ms:.2f} | {'; '.join(run.wrong) or 'nothing'} |"
        for number, run in enumerate(runs, start=1)
    ]
    return "\n".join(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=2000)
    parser.add_argument("--pace", type=int, default=100)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--write", action="store_true", help="add the table to bench/results")
    options = parser.parse_args()
    runs = []
    for _ in range(options.runs):
        runs.append(asyncio.run(one_run(options.calls, options.pace)))
        print(runs[-1], file=sys.stderr)
    text = f"## {options.calls} calls of one batch at {options.pace} a second\n\n{table(runs)}\n"
    print(text)
    if options.write:
        with (RESULTS / "outbound_batch.md").open("a") as file:
            file.write(f"\n{text}")


if __name__ == "__main__":
    main()
