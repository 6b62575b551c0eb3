"""SIPp as the other end of calls: it places them in numbers, or answers them.

Scenarios are names of files in `tests/data/sipp`, or SIPp's own (`uac`, `uas`). What came of
the calls is read from the statistics file SIPp writes, not from its screen.
"""

import asyncio
import csv
import os
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from support.peers import (
    LOOPBACK,
    STOP_SECONDS,
    dying_with_us,
    free_media_port,
    free_port,
    require,
    require_raw_sockets,
)

SCENARIOS = Path(__file__).parents[1] / "data" / "sipp"
BUILT_IN = {"uac", "uas", "regexp", "branchc", "branchs", "uac_pcap", "3pcc-A", "3pcc-B"}

# By itself SIPp gives up a call at the first message that its scenario does not await: a doubled
# response is one, and so is the request after an ACK that was lost.
PATIENT = ["-default_behaviors", "all,-abortunexp"]


@dataclass(frozen=True, slots=True)
class SippResult:
    """What came of a run. `stats` is SIPp's last row of statistics, by its own column names."""

    successful: int
    failed: int
    retransmissions: int
    unexpected: int
    stats: Mapping[str, str]
    errors: str

    @classmethod
    def read(cls, statistics: Path, errors: str) -> "SippResult":
        """Read the last row of a `-trace_stat` file; (C) marks its totals since the start."""
        lines = statistics.read_text().splitlines() if statistics.exists() else []
        rows = list(csv.DictReader(lines, delimiter=";"))
        if not rows:
            raise RuntimeError(f"SIPp wrote no statistics: {errors.strip() or 'and no error'}")
        stats = {name: value for name, value in rows[-1].items() if name}
        return cls(
            successful=int(stats["SuccessfulCall(C)"]),
            # One still up when SIPp was stopped has not succeeded either.
            failed=int(stats["FailedCall(C)"]) + int(stats["CurrentCall"]),
            retransmissions=int(stats["Retransmissions(C)"]),
            unexpected=int(stats["FailedUnexpectedMessage(C)"]),
            stats=stats,
            errors=errors,
        )


async def run_sipp(  # one keyword per option of SIPp
    scenario: str,
    target: str,
    *,
    calls: int = 1,
    rate: float = 10,
    at_once: int | None = None,
    service: str = "service",
    hold_ms: int = 0,
    keys: Mapping[str, str] | None = None,
    transport: str = "u1",
    patient: bool = False,
    timeout: float = 30,  # noqa: ASYNC109 - SIPp's own, so that it still writes its statistics
) -> SippResult:
    """Place `calls` calls to `target` (host:port), `rate` a second, and wait for their end.

    `service` is the number dialled, `keys` fill `[name]` in the scenario, `hold_ms` its pauses. A
    `patient` SIPp passes over what its scenario does not await, as over a network that doubles.
    Calls still up after `timeout` seconds count as failed.
    """
    options = ["-m", str(calls), "-r", str(rate), "-d", str(hold_ms), "-s", service]
    options += ["-l", str(at_once or calls), "-t", transport, "-max_socket", "1000"]
    options += ["-timeout", f"{timeout}s", "-timeout_error"]
    options += ["-recv_timeout", str(int(timeout * 1000))]
    for name, value in (keys or {}).items():
        options += ["-key", name, value]
    options += PATIENT if patient else []
    with TemporaryDirectory(prefix="opentact-sipp-") as temporary:
        folder = Path(temporary)
        process = await _start(scenario, [target, *options], free_port(), folder)
        try:
            async with asyncio.timeout(timeout + STOP_SECONDS):
                await process.wait()
        finally:
            await _end(process)
        return _result(folder)


class SippServer:
    """A SIPp that answers calls at `address`; `result` is there once it has stopped."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.result: SippResult | None = None


@asynccontextmanager
async def sipp_server(
    scenario: str = "uas",
    *,
    keys: Mapping[str, str] | None = None,
    transport: str = "u1",
    patient: bool = False,
) -> AsyncIterator[SippServer]:
    """Answer calls as the scenario says, until the block ends."""
    port = free_port()
    options = [part for name, value in (keys or {}).items() for part in ("-key", name, value)]
    options += ["-t", transport, *(PATIENT if patient else [])]
    server = SippServer(f"{LOOPBACK}:{port}")
    with TemporaryDirectory(prefix="opentact-sipp-") as temporary:
        folder = Path(temporary)
        process = await _start(scenario, options, port, folder)
        try:
            await _bound(port, transport)
            yield server
        finally:
            await _end(process)
        server.result = _result(folder)


async def _start(
    scenario: str, options: list[str], port: int, folder: Path
) -> asyncio.subprocess.Process:
    sipp = require("sipp", package="sip-tester")
    path = SCENARIOS / f"{scenario}.xml"
    # SIPp writes played packets below UDP, by itself.
    if path.exists() and "play_" in path.read_text():
        require_raw_sockets("sipp")
    script = ["-sn", scenario] if scenario in BUILT_IN else ["-sf", str(path)]
    place = ["-i", LOOPBACK, "-mi", LOOPBACK, "-p", str(port), "-mp", str(free_media_port())]
    traces = ["-trace_stat", "-stf", "stats.csv", "-fd", "1", "-trace_err", "-error_file", "errors"]
    with (folder / "screen").open("wb") as screen:
        return await asyncio.create_subprocess_exec(
            *dying_with_us([sipp, *script, *options, *place, "-nostdin", *traces]),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=screen,
            stderr=screen,
            cwd=folder,
            env=os.environ | {"TERM": "dumb"},
        )


async def _end(process: asyncio.subprocess.Process) -> None:
    """End it as a person would: SIGUSR1 lets SIPp finish its calls and write its statistics."""
    if process.returncode is not None:
        return
    process.send_signal(signal.SIGUSR1)
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


async def _bound(port: int, transport: str) -> None:
    """Wait until somebody listens on the port: Linux lists it in hexadecimal."""
    listed = Path("/proc/net/udp" if transport.startswith("u") else "/proc/net/tcp")
    async with asyncio.timeout(STOP_SECONDS):
        # Another process binds it: there is no event to wait for. The file is memory, no disk.
        while f":{port:04X} " not in listed.read_text():  # noqa: ASYNC110, ASYNC240
            await asyncio.sleep(0.02)


def _result(folder: Path) -> SippResult:
    errors = folder / "errors"
    said = errors if errors.exists() else folder / "screen"
    return SippResult.read(folder / "stats.csv", said.read_text(errors="replace"))
