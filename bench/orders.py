"""Orders over HTTP, on SQLite with a full disk sync per commit.

Promise: `GET /order/{uuid}` at 600 requests a second or more, `POST /order` of one number at
200 a second or more, with 16 connections; server and load on one machine. The server's CPU per
request says how fast it is on a machine that is busy with other work as well. Usage:
`python bench/orders.py [--seconds 5]`.
"""

import argparse
import asyncio
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import uvicorn
import uvloop

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from opentact.accounts.tokens import create_token
from opentact.billing.ledger import Line, RefType, post
from opentact.numbers.inventory import seed_dev
from opentact.numbers.profiles import seed_profiles
from support.world import build_world

CONNECTIONS = 16
RUNS = 3
TOKEN = "bench".ljust(48, "x")
Answer = tuple[int, bytes]


class Client:
    """One kept-alive connection: as little work as can be, so that the server is measured."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, port: int) -> "Client":
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def ask(self, method: str, path: str, body: object = None) -> Answer:
        sent = b"" if body is None else json.dumps(body).encode()
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: bench\r\nX-Auth-Token: {TOKEN}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(sent)}\r\n\r\n"
        )
        self._writer.write(head.encode() + sent)
        lines = (await self._reader.readuntil(b"\r\n\r\n")).decode().lower().split("\r\n")
        length = next(int(line[15:]) for line in lines if line.startswith("content-length:"))
        return int(lines[0].split()[1]), await self._reader.readexactly(length)

    def close(self) -> None:
        self._writer.close()


async def serve(port: int, folder: Path) -> None:
    """Run the API on an empty database with a stocked inventory and a rich account."""
    async with build_world(f"sqlite+aiosqlite:///{folder / 'bench.db'}") as world:
        now = world.clock.now()
        async with world.database.write() as session:
            await seed_profiles(session, now=now)
            await seed_dev(session, now=now)
            money = Line(Decimal(1_000_000), RefType.PAYMENT)
            await post(session, world.alice.account, [money], now=now)
            await create_token(
                session, world.alice.account, world.alice.user, TOKEN, name="b", ttl=None, now=now
            )
        config = uvicorn.Config(
            world.app,
            "127.0.0.1",
            port,
            log_level="warning",
            http="httptools",
            access_log=False,
            server_header=False,
        )
        await uvicorn.Server(config).serve()


@dataclass
class Run:
    """What one run told: requests per second, sorted milliseconds, server CPU ms per request."""

    rate: float
    times: list[float]
    cpu: float


def cpu_ms(pid: int) -> float:
    """Tell how many milliseconds of CPU the process has taken, its threads' included."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


async def load(
    port: int, pid: int, seconds: float, ask: Callable[[Client, int], Awaitable[Answer]], good: int
) -> Run:
    """Ask from every connection for so long."""
    times: list[float] = []
    number = iter(range(10**9))
    end = time.perf_counter() + seconds

    async def one() -> None:
        client = await Client.open(port)
        while (began := time.perf_counter()) < end:
            status, answer = await ask(client, next(number))
            if status != good:
                raise RuntimeError(f"{status}: {answer!r}")
            times.append((time.perf_counter() - began) * 1000)
        client.close()

    began, spent = time.perf_counter(), cpu_ms(pid)
    await asyncio.gather(*(one() for _ in range(CONNECTIONS)))
    rate = len(times) / (time.perf_counter() - began)
    return Run(rate, sorted(times), (cpu_ms(pid) - spent) / len(times))


async def for_sale(client: Client) -> list[int]:
    """List what can be bought, a page at a time."""
    tns: list[int] = []
    for skip in range(0, 42_000, 100):
        _, answer = await client.ask("POST", f"/rest/tn/search?take=100&skip={skip}", {})
        tns += [row["tn"] for row in json.loads(answer)["payload"]["data"]]
    return tns


async def measure(port: int, pid: int, seconds: float) -> None:
    client = await Client.open(port)
    tns = iter(await for_sale(client))

    async def buy(client: Client, _: int) -> Answer:
        item = {"tn": next(tns), "features": ["voice", "sms"], "autorenew": True}
        return await client.ask("POST", "/rest/order", {"items": [item]})

    _, placed = await buy(client, 0)
    uuid = json.loads(placed)["payload"]["uuid"]

    async def look(client: Client, _: int) -> Answer:
        return await client.ask("GET", f"/rest/order/{uuid}")

    print("| Route | Requests/s, median of 3 | p50 ms | p99 ms | CPU ms | Load | Promised |")
    print("|---|---|---|---|---|---|---|")
    for name, ask, good, promised in (
        ("GET /order/{uuid}", look, 200, 600),
        ("POST /order, one number", buy, 201, 200),
    ):
        runs = [await load(port, pid, seconds, ask, good) for _ in range(RUNS)]
        run = sorted(runs, key=lambda run: run.rate)[RUNS // 2]
        p50, p99 = statistics.median(run.times), run.times[int(len(run.times) * 0.99)]
        cpu, busy = statistics.median(one.cpu for one in runs), os.getloadavg()[0]
        print(
            f"| {name} | {run.rate:.0f} | {p50:.1f} | {p99:.1f} | {cpu:.2f} | {busy:.1f}"
            f" | {promised} |"
        )
    client.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--serve", nargs=2, metavar=("PORT", "DIR"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.serve:
        uvloop.run(serve(int(asked.serve[0]), Path(asked.serve[1])))
        return
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        server = subprocess.Popen([sys.executable, __file__, "--serve", str(port), folder])
        try:
            wait_for(port, server)
            asyncio.run(measure(port, server.pid, asked.seconds))
        finally:
            server.terminate()
            server.wait(10)


def wait_for(port: int, server: "subprocess.Popen[bytes]") -> None:
    """Wait until the server listens."""
    while server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("the server did not start")


if __name__ == "__main__":
    main()
