"""Promise: bridged calls at three times the rate of Sippy's B2BUA, none failed, on 2 cores.

SIPp calls a registered SIP user, SIPp rings for 130 ms and answers for it, and the caller hangs up
100 ms later; signalling only ("Bypass Media"). Ours checks who calls, writes two records and
twelve events for each call, and is held against them afterwards; Sippy's (PyPI `sippy`, its
`b2bua_simple`) passes calls on and writes nothing. Both take turns in the same run, at rising
rates, everything on the same machine. The figure is the highest rate that came through, calls by
the time until the last had ended, where none failed; and the CPU of a call there.

    python bench/bridged_calls.py [--rates 100,200,300] [--seconds 10] [--runs 3] [--digest]
                                  [--sippy b2bua_simple] [--write]

`--digest` has the caller log in for each call, as phones do: two more messages each way.
"""

import argparse
import asyncio
import contextlib
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "bench")]

from inbound_calls import made, sipp_counts, stats  # noqa: E402
from processor import cpu_seconds  # noqa: E402

from opentact.adapters.sip.endpoint import SipEndpoint  # noqa: E402
from opentact.voice.sip.digest import Credentials  # noqa: E402
from opentact.voice.sip.machine import Address  # noqa: E402
from support.live_server import Server, customer, running_server  # noqa: E402
from support.peers import LOOPBACK, free_port  # noqa: E402 - found by the lines above

SCENARIOS = ROOT / "tests/data/sipp"
RESULTS = Path(__file__).parent / "results"
LOGIN, CALLER, PASSWORD = "bob", "alice", "correct-horse-7"
STATES = 6  # init, ringing, live, bridged, hangup, destroyed
PAUSE_MS = 100
SETTLE_S = 2.0
PAST_BEST = 0.8  # of the best rate that came through: more calls do not help any more


@dataclass(frozen=True)
class Step:
    """What came of one rate."""

    rate: float
    came: float  # calls/s, until the last had ended
    done: int
    failed: int
    repeated: int
    cpu_ms: float
    wrong: tuple[str, ...] = ()

    @property
    def is_clean(self) -> bool:
        return not self.failed and not self.wrong


def borne(steps: list[Step]) -> float:
    """Give the highest rate that came through where none failed."""
    return max((one.came for one in steps if one.is_clean), default=0)


def is_over(steps: list[Step]) -> bool:
    """Whether a higher rate would show nothing more."""
    last = steps[-1]
    return not last.is_clean or last.came < PAST_BEST * borne(steps)


@dataclass(frozen=True)
class Place:
    """Where calls go: whose CPU counts, and what SIPp is told."""

    pid: int
    address: str
    domain: str
    scenario: str
    more: tuple[str, ...] = ()


async def prepare(server: Server, port: int) -> str:
    """Make a domain whose media pass by, with a user who is registered at the port."""
    async with customer(server.http, server.token) as owner:
        media = {"media_type": "Bypass Media"}
        out = {"name": "past us", "class4_ingress_trunk_settings": media}
        profile = await owner.ask("POST", "/rest/profile/outbound_voice", out)
        body = {"domain": "bench", "outbound_voice_profile": profile["uuid"]}
        domain = str((await owner.ask("POST", "/rest/sip/domain", body))["domain"])
        for login in (LOGIN, CALLER):
            user = {"login": login, "password": PASSWORD}
            await owner.ask("POST", f"/rest/sip/domain/{domain}/user", user)
    phone = await SipEndpoint.open(LOOPBACK, port, on_call=lambda _: None)
    me = f"<sip:{LOGIN}@{domain}>"
    reply = await phone.ask(
        "REGISTER",
        f"sip:{domain}",
        to=me,
        caller=me,
        destination=Address(*server.sip_address),
        headers=[("contact", f"<sip:{LOGIN}@{LOOPBACK}:{port}>"), ("expires", "3600")],
        credentials=Credentials(LOGIN, PASSWORD),
    )
    await phone.close()
    if reply.status != 200:
        raise RuntimeError(f"not registered: {reply}")
    return domain


@contextlib.contextmanager
def running(command: list[str], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, cwd=folder, stdin=quiet, stdout=quiet, stderr=quiet)
    try:
        time.sleep(1)
        yield process
    finally:
        process.kill()
        process.wait()


def callee(port: int, folder: Path) -> contextlib.AbstractContextManager[object]:
    words = ["-i", LOOPBACK, "-p", str(port), "-nostdin"]
    return running(["sipp", "-sf", str(SCENARIOS / "ringing_callee.xml"), *words], folder)


def step(place: Place, rate: float, seconds: float, folder: Path) -> Step:
    """Place calls at the rate, and wait until all have ended."""
    calls = int(rate * seconds)
    options: dict[str, object] = {
        "-sf": SCENARIOS / f"{place.scenario}.xml",
        "-s": LOGIN,
        "-m": calls,
        "-r": rate,
        "-l": calls,
        "-d": PAUSE_MS,
        "-i": LOOPBACK,
        "-p": free_port(),
        "-timeout": f"{seconds + 40:.0f}s",
        "-recv_timeout": 20_000,
        "-fd": 1,
        "-stf": folder / "stats.csv",
    }
    words = [str(word) for pair in options.items() for word in pair]
    keys = ["-key", "user", CALLER, "-key", "domain", place.domain, *place.more]
    before = cpu_seconds(place.pid)
    subprocess.run(
        ["sipp", place.address, *words, *keys, "-trace_stat", "-nostdin"],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        check=False,
    )
    time.sleep(SETTLE_S)
    used = cpu_seconds(place.pid) - before
    done, _, repeated = sipp_counts(folder)
    came = float(stats(folder)["CallRate(C)"])
    return Step(rate, came, done, calls - done, repeated, 1000 * used / calls)


def found_wrong(database: Path, calls: int) -> tuple[str, ...]:
    """Hold the records and events against the calls that were made."""
    closed = "destroy_on IS NOT NULL AND cause = 'caller_hung_up'"
    wanted = {
        f"SELECT count(*) FROM call WHERE {closed}": 2 * calls,
        "SELECT count(*) FROM event WHERE type = 'call_state'": 2 * STATES * calls,
        "SELECT count(DISTINCT ref_id) FROM event WHERE type = 'call_state'": 2 * calls,
    }
    with sqlite3.connect(database) as rows:
        found = {sql: int(rows.execute(sql).fetchone()[0]) for sql in wanted}
    return tuple(f"{sql}: {found[sql]}, not {n}" for sql, n in wanted.items() if found[sql] != n)


def ours(rates: list[float], seconds: float, folder: Path, *, digest: bool) -> list[Step]:
    steps, port, calls = [], free_port(), 0
    with running_server(folder / "data", rate_limit=0, sip_md5_agents="sipp") as server:
        domain = asyncio.run(prepare(server, port))
        login = ("-au", CALLER, "-ap", PASSWORD) if digest else ()
        scenario = "user_caller" if digest else "switch_caller"
        place = Place(server.pid, server.sip, domain, scenario, login)
        with callee(port, folder):
            for rate in rates:
                taken = step(place, rate, seconds, made(folder / f"{rate:g}"))
                calls += taken.done
                wrong = found_wrong(folder / "data/opentact.db", calls) if taken.is_clean else ()
                steps.append(Step(**{**vars(taken), "wrong": wrong}))
                if is_over(steps):
                    break
    return steps


def sippys(program: str, rates: list[float], seconds: float, folder: Path) -> list[Step]:
    steps, port, own = [], free_port(), free_port()
    command = [program, "-f", "-l", LOOPBACK, "-p", str(own), "-n", f"{LOOPBACK}:{port}"]
    with callee(port, folder), running(command, folder) as process:
        address = f"{LOOPBACK}:{own}"
        place = Place(process.pid, address, address, "switch_caller")
        for rate in rates:
            steps.append(step(place, rate, seconds, made(folder / f"{rate:g}")))
            if is_over(steps):
                break
    return steps


def table(name: str, runs: list[list[Step]]) -> str:
    """Write all steps, and the median of the highest rates that came through."""
    rows = ["| run | calls/s | came through/s | done | failed | repeated | ms CPU/call | wrong |"]
    rows.append("|---|---|---|---|---|---|---|---|")
    for number, steps in enumerate(runs, start=1):
        rows += [
            f"| {number} | {one.rate:g} | {one.came:.0f} | {one.done} | {one.failed}"
            f" | {one.repeated} | {one.cpu_ms:.2f} | {'; '.join(one.wrong) or 'nothing'} |"
            for one in steps
        ]
    middle = statistics.median(borne(steps) for steps in runs)
    rows.append(f"\n{name}: {middle:.0f} calls/s, none failed (median of {len(runs)})\n")
    return "\n".join(rows)


def times(runs: dict[str, list[list[Step]]]) -> str:
    """Say how many times the peer's rate ours bore, run by run."""
    each = [borne(a) / (borne(b) or 1) for a, b in zip(runs["ours"], runs["sippy"], strict=True)]
    listed = ", ".join(f"{one:.2f}" for one in each)
    return f"Ours came through at {statistics.median(each):.2f} times Sippy's rate ({listed}).\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rates", default="100,200,300,400,500,600,700")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--digest", action="store_true", help="the caller logs in for each call")
    parser.add_argument("--sippy", help="Sippy's b2bua_simple, from an environment of its own")
    parser.add_argument("--write", action="store_true", help="add the table to bench/results")
    options = parser.parse_args()
    rates = [float(rate) for rate in options.rates.split(",")]
    runs: dict[str, list[list[Step]]] = {"ours": []}
    for _ in range(options.runs):
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            if options.sippy:
                theirs = sippys(options.sippy, rates, options.seconds, made(folder / "sippy"))
                runs.setdefault("sippy", []).append(theirs)
            steps = ours(rates, options.seconds, made(folder / "ours"), digest=options.digest)
            runs["ours"].append(steps)
            print(runs, file=sys.stderr)
    text = "\n".join(f"### {name}\n\n{table(name, each)}" for name, each in runs.items())
    text += times(runs) if options.sippy else ""
    how = "a digest for each call" if options.digest else "a caller known by address"
    text = f"## Bridged calls of {options.seconds:g} s at each rate, {how}\n\n{text}\n"
    print(text)
    if options.write:
        with (RESULTS / "bridged_calls.md").open("a") as file:
            file.write(f"\n{text}")


if __name__ == "__main__":
    main()
