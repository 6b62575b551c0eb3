"""Promise: 5,000 registrations refreshed at 200 a second on 2 cores, none failed.

Phones of a process of their own register over UDP with digest (SHA-256), each from its own
contact; then each refreshes once more with the nonce it knows, as phones do. Latency is from
REGISTER to its final answer. Afterwards the database holds each of them once. Memory is what
the server has grown by until all have registered, CPU that of the server per answered request.

    python bench/registrations.py [--phones 5000] [--rate 200] [--runs 3] [--write]
"""

import argparse
import asyncio
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast
from uuid import UUID

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "bench"), str(ROOT / "src")]

from opentact.adapters.storage.database import Database  # noqa: E402
from opentact.kit.clock import SystemClock  # noqa: E402
from opentact.voice.domains import domain_by_name  # noqa: E402
from opentact.voice.sip.digest import Credentials, answer_challenge  # noqa: E402
from opentact.voice.sip.message import Response  # noqa: E402
from opentact.voice.sip.parser import parse  # noqa: E402
from opentact.voice.sip_users import SipUser, digests  # noqa: E402
from support.live_server import Server, customer, running_server  # noqa: E402
from support.peers import LOOPBACK  # noqa: E402 - found by the lines above

RESULTS = Path(__file__).parent / "results"
PASSWORD = "one of many secrets"
REPEAT_S = 0.5  # RFC 3261's T1
PATIENCE_S = 32.0
EXPIRES_S = 3600


@dataclass(frozen=True)
class Run:
    phones: int
    failed: int
    repeated: int
    first: tuple[float, float, float]
    again: tuple[float, float, float]
    first_ms: float
    again_ms: float
    kilobytes: float
    stored: int


@dataclass
class Phone:
    """One user's phone: its series of REGISTERs, and the challenge that it knows."""

    login: str
    domain: str
    number: int = 0
    count: int = 0
    challenge: str | None = None
    waiting: "asyncio.Future[Response] | None" = None

    def request(self, port: int) -> bytes:
        self.number += 1
        uri, address = f"sip:{self.domain}", f"sip:{self.login}@{self.domain}"
        lines = [
            f"REGISTER {uri} SIP/2.0",
            f"Via: SIP/2.0/UDP {LOOPBACK}:{port};branch=z9hG4bK{self.login}{self.number};rport",
            "Max-Forwards: 70",
            f"From: <{address}>;tag={self.login}",
            f"To: <{address}>",
            f"Call-ID: {self.login}",
            f"CSeq: {self.number} REGISTER",
            f"Contact: <sip:{self.login}@{LOOPBACK}:{port}>;expires={EXPIRES_S}",
            "User-Agent: bench",
        ]
        if self.challenge is not None:
            self.count += 1
            credentials = Credentials(self.login, PASSWORD)
            answer = answer_challenge(
                self.challenge, "REGISTER", uri, credentials, "bench", self.count
            )
            lines.append(f"Authorization: {answer}")
        return "\r\n".join([*lines, "Content-Length: 0", "\r\n"]).encode()


@dataclass
class Phones(asyncio.DatagramProtocol):
    """All phones, behind one socket."""

    phones: dict[str, Phone]
    failed: Counter[str] = field(default_factory=Counter)
    repeated: int = 0
    transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, _: object) -> None:
        message = parse(data)
        assert isinstance(message, Response)
        phone = self.phones[message.call_id]
        waiting = phone.waiting
        if waiting is not None and not waiting.done() and message.cseq.number == phone.number:
            waiting.set_result(message)

    async def register(self, phone: Phone) -> float:
        """Register a phone, challenge included; gives the milliseconds it took."""
        began = time.perf_counter()
        answer = await self._ask(phone)
        if answer is not None and answer.status == 401:
            phone.challenge, phone.count = answer.headers["www-authenticate"][0], 0
            answer = await self._ask(phone)
        if answer is None or answer.status != 200:
            self.failed["silence" if answer is None else str(answer.status)] += 1
        return (time.perf_counter() - began) * 1000

    async def _ask(self, phone: Phone) -> Response | None:
        assert self.transport is not None
        port = self.transport.get_extra_info("sockname")[1]
        data = phone.request(port)
        phone.waiting = asyncio.get_running_loop().create_future()
        pause, ends = REPEAT_S, time.perf_counter() + PATIENCE_S
        self.transport.sendto(data)
        while time.perf_counter() < ends:
            try:
                return await asyncio.wait_for(asyncio.shield(phone.waiting), pause)
            except TimeoutError:
                pause = min(2 * pause, 4.0)
                self.repeated += 1
                self.transport.sendto(data)
        return None

    async def round(self, rate: float) -> tuple[float, float, float]:
        """Register every phone at this rate; gives p50, p99 and the worst in ms."""
        began = time.perf_counter()
        tasks = []
        for n, phone in enumerate(self.phones.values()):
            late = began + n / rate - time.perf_counter()
            if late > 0:
                await asyncio.sleep(late)
            tasks.append(asyncio.create_task(self.register(phone)))
        took = await asyncio.gather(*tasks)
        p50, p99 = np.percentile(took, [50, 99])
        return float(p50), float(p99), max(took)


async def make_users(server: Server, count: int) -> str:
    """Make a domain by the API, and its users at once."""
    async with customer(server.http, server.token) as owner:
        domain: str = (await owner.ask("POST", "/rest/sip/domain", {"domain": "bench"}))["domain"]
    database, now = Database(f"sqlite+aiosqlite:///{server.folder / 'opentact.db'}"), SystemClock()
    async with database.write() as session:
        here = await domain_by_name(session, domain)
        assert here is not None
        session.add_all(user(here.uuid, here.account_uuid, domain, n, now) for n in range(count))
    await database.close()
    return domain


def user(domain: UUID, account: UUID, name: str, n: int, clock: SystemClock) -> SipUser:
    login, now = f"phone{n}", clock.now()
    secrets = digests(login, name, PASSWORD)
    return SipUser(
        account_uuid=account,
        sip_domain_uuid=domain,
        login=login,
        login_key=login,
        ha1=secrets.md5,
        ha1b=secrets.md5_full or "",
        ha1_sha256=secrets.sha256 or "",
        ha1b_sha256=secrets.sha256_full or "",
        created_on=now,
        modified_on=now,
    )


def cpu_ms(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 10.0


def resident_kb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return float(status.partition("VmRSS:")[2].split()[0])


async def run(count: int, rate: float) -> Run:
    with tempfile.TemporaryDirectory() as folder, running_server(Path(folder) / "data") as server:
        domain = await make_users(server, count)
        phones = Phones({f"phone{n}": Phone(f"phone{n}", domain) for n in range(count)})
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(
            lambda: phones, remote_addr=server.sip_address
        )
        memory, spent = resident_kb(server.pid), [cpu_ms(server.pid)]
        first = await phones.round(rate)
        spent.append(cpu_ms(server.pid))
        memory = resident_kb(server.pid) - memory
        again = await phones.round(rate)
        spent.append(cpu_ms(server.pid))
        transport.close()
        with sqlite3.connect(server.folder / "opentact.db") as stored:
            [rows] = stored.execute("SELECT count(*) FROM sip_binding").fetchone()
    return Run(
        phones=count,
        failed=phones.failed.total(),
        repeated=phones.repeated,
        first=first,
        again=again,
        first_ms=(spent[1] - spent[0]) / count,
        again_ms=(spent[2] - spent[1]) / count,
        kilobytes=memory / count,
        stored=rows,
    )


def table(runs: list[Run], rate: float) -> str:
    what = ["run", "failed", "stored", "repeats", "first p50/p99/worst ms"]
    what += ["refresh p50/p99/worst ms", "CPU ms first/refresh", "kB each"]
    lines = [
        f"{time.strftime('%Y-%m-%d')}: {runs[0].phones} phones, {rate:g} a second",
        "",
        f"| {' | '.join(what)} |",
        "|---" * len(what) + "|",
    ]
    for n, each in enumerate(runs, 1):
        first, again = ("/".join(f"{ms:.1f}" for ms in part) for part in (each.first, each.again))
        lines.append(
            f"| {n} | {each.failed} | {each.stored} | {each.repeated} | {first} | {again}"
            f" | {each.first_ms:.2f}/{each.again_ms:.2f} | {each.kilobytes:.1f} |"
        )
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--phones", type=int, default=5000)
    parser.add_argument("--rate", type=float, default=200)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--write", action="store_true", help="add the table to results/")
    given = parser.parse_args()
    runs = [asyncio.run(run(given.phones, given.rate)) for _ in range(given.runs)]
    text = table(runs, given.rate)
    sys.stdout.write(text)
    if given.write:
        with (RESULTS / "registrations.md").open("a") as file:
            file.write(f"\n{text}")
    return 0 if all(not each.failed and each.stored == each.phones for each in runs) else 1


if __name__ == "__main__":
    sys.exit(main())
