"""A real `opentact serve` in a process of its own, as a customer and an operator meet it.

It listens on loopback ports that were free a moment before, keeps everything in a folder of the
test's, and can be killed and started again. `customer` is the demo account at its REST API.
"""

import asyncio
import contextlib
import json
import os
import select
import signal
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx

from support.command import PROGRAM, environment
from support.peers import LOOPBACK, dying_with_us, free_port, stop

START_SECONDS = 90.0  # on a machine that is busy with other tests
UNSETTLED = {"created", "verify", "processing"}
GRACE_SECONDS = 15.0  # a polite end hangs up every call first


class Server:
    """One data folder, and the server that runs on it now. `about` is what it said of itself."""

    def __init__(self, folder: Path, settings: Mapping[str, object]) -> None:
        self.folder = folder
        self.http = f"{LOOPBACK}:{free_port(socket.SOCK_STREAM)}"
        self.sip = f"{LOOPBACK}:{free_port()}"
        self.about: dict[str, Any] = {}
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def runs(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def credentials(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "credentials.json").read_text())
        return found

    @property
    def token(self) -> str:
        return str(self.credentials["demo"]["token"])

    @property
    def sip_address(self) -> tuple[str, int]:
        host, _, port = self.sip.rpartition(":")
        return host, int(port)

    @property
    def database_url(self) -> str:
        file = f"sqlite+aiosqlite:///{self.folder.absolute() / 'opentact.db'}"
        return str(self._settings.get("database_url", file))

    def start(self) -> None:
        """Start it, and wait until it says that it listens."""
        self._process = self._spawned()
        self.about = self._heard(self._process)

    def start_in_vain(self, seconds: float) -> None:
        """Start it, and cut it off so soon that it may not have listened yet."""
        self._process = self._spawned()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        self.kill()

    def _spawned(self) -> "subprocess.Popen[bytes]":
        self.folder.mkdir(parents=True, exist_ok=True)
        place = {"data": self.folder, "http": self.http, "sip": self.sip, "log_level": "warning"}
        with (self.folder / "server.log").open("ab") as log:
            return subprocess.Popen(
                dying_with_us([str(PROGRAM), "serve", "--json"]),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                env=environment({**place, **self._settings}),
            )

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End it politely, as an operator does; the status it ended with."""
        if self._process is None:
            return 0
        self._process.send_signal(number)
        try:
            return self._process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            stop(self._process, signal.SIGKILL)
            raise
        finally:
            self._process = None

    def kill(self) -> None:
        """Cut it off in the middle of whatever it does."""
        assert self._process is not None
        stop(self._process, signal.SIGKILL)
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._process = None

    def kill_all(self) -> None:
        """Cut off the server and all its processes at once, as a machine that loses its power."""
        for pid in self.children():
            os.kill(pid, signal.SIGKILL)
        self.kill()

    def child(self, module: str) -> int:
        """Find the process it started for a module, such as `media.process`."""
        for pid, running in self.children().items():
            if module in running:
                return pid
        raise AssertionError(f"the server has no process for {module}")

    def children(self) -> dict[int, str]:
        """List the processes it started, with the words of their command lines."""
        found = {
            int(entry.name): _command_of_child(entry, self.pid)
            for entry in Path("/proc").iterdir()
            if entry.name.isdigit()
        }
        return {pid: words for pid, words in found.items() if words is not None}

    def kill_child(self, module: str) -> int:
        """Cut one of its processes off; return which it was."""
        pid = self.child(module)
        os.kill(pid, signal.SIGKILL)
        return pid

    def log(self) -> str:
        """Read what it said so far."""
        return (self.folder / "server.log").read_text(errors="replace")

    def _heard(self, process: "subprocess.Popen[bytes]") -> dict[str, Any]:
        assert process.stdout is not None
        with process.stdout as said:
            spoke, _, _ = select.select([said], [], [], START_SECONDS)
            line = said.readline() if spoke else b""
        if not line:
            stop(process, signal.SIGKILL)
            raise AssertionError(f"the server did not start:\n{self.log()[-4000:]}")
        about: dict[str, Any] = json.loads(line)
        return about


def _command_of_child(entry: Path, parent: int) -> str | None:
    try:
        line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        status = (entry / "status").read_text()
    except OSError:
        return None  # it has ended since
    return line if line and f"\nPPid:\t{parent}\n" in status else None


@contextmanager
def running_server(folder: Path, **settings: object) -> Iterator[Server]:
    """Run a server until the block ends; `settings` are those of `opentact.toml`."""
    server = Server(folder, settings)
    server.start()
    try:
        yield server
    finally:
        server.stop()


class Refused(AssertionError):  # noqa: N818 - read as a sentence in the test's output
    """The platform said no."""

    def __init__(self, status: int, said: Any) -> None:
        super().__init__(f"{status}: {said}")
        self.status = status
        self.said = said


class Customer:
    """The demo account, by the front doors alone."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def ask(self, method: str, path: str, body: object = None, **options: Any) -> Any:
        """Ask, and give the payload; `Refused` when the answer is no success."""
        if body is not None:
            options["json"] = body
        answer = await self.client.request(method, path, **options)
        said = answer.json()
        if not said["success"]:
            raise Refused(answer.status_code, said)
        return said["payload"]

    async def order_number(self) -> int:
        """Order the next number that is free."""
        for _ in range(20):
            found = await self.ask(
                "POST", "/rest/tn/search", {"type": "long_code", "country": "US", "take": 1}
            )
            number = int(found["data"][0]["tn"])
            order = await self.order({"tn": number, "features": ["voice"], "autorenew": False})
            if order["state"] == "success":
                return number
        raise AssertionError("no number could be ordered")

    async def order(self, *items: dict[str, Any]) -> dict[str, Any]:
        """Order numbers, and wait until the order is settled."""
        order: dict[str, Any] = await self.ask("POST", "/rest/order", {"items": items})
        for _ in range(100):
            if order["state"] not in UNSETTLED:
                return order
            await asyncio.sleep(0.05)
            order = await self.ask("GET", f"/rest/order/{order['uuid']}")
        raise AssertionError(f"the order was not settled: {order}")

    async def number_with_flow(self, xml: str | None = None, **app: object) -> int:
        """Order a number that leads to a new app, with this static flow if there is one."""
        number = await self.order_number()
        await self.lead_to_app(number, xml, **app)
        return number

    async def lead_to_app(self, number: int, xml: str | None = None, **app: object) -> str:
        """Make an app for a number of ours; return its uuid."""
        made = await self.ask("POST", "/rest/sip/app", {"name": f"app of {number}", **app})
        uuid = str(made["uuid"])
        if xml is not None:
            await self.post_xml(f"/rest/sip/app/call/flow/{uuid}", xml)
        lease = await self.ask("GET", f"/rest/lease/tn/{number}/tn")
        await self.ask("POST", f"/rest/sip/app/{uuid}/tnlease", {"add": [lease["uuid"]]})
        return uuid

    async def post_xml(self, path: str, xml: str | bytes) -> Any:
        """Upload a call flow as a form's file."""
        content = xml.encode() if isinstance(xml, str) else xml
        return await self.ask("POST", path, files={"file": ("flow.xml", content, "text/xml")})

    async def run_on_call(self, call: str, xml: str) -> Any:
        """Run a flow on a live call."""
        return await self.post_xml(f"/rest/call/sca/{call}", xml)

    async def online(self) -> list[dict[str, Any]]:
        """List the calls that live."""
        payload: list[dict[str, Any]] = await self.ask("GET", "/rest/call/online")
        return payload

    async def calls(self, **narrow: object) -> list[dict[str, Any]]:
        """List the newest call records that fit."""
        order = {"take": 100, "order_by": "created_on", "order_dir": "desc"}
        found = await self.ask("POST", "/rest/call/search", narrow, params=order)
        payload: list[dict[str, Any]] = found["data"]
        return payload

    async def call(self, uuid: str) -> dict[str, Any]:
        """Show a call with its log and recordings."""
        payload: dict[str, Any] = await self.ask("GET", f"/rest/call/{uuid}")
        return payload

    async def events(self, call: str) -> list[dict[str, Any]]:
        """List a call's events, oldest first."""
        frames: list[dict[str, Any]] = []
        after: dict[str, str] = {}
        while True:
            page = await self.ask("GET", "/rest/event", params={"take": 500, **after})
            if not page["data"]:
                return [frame for frame in frames if frame.get("ref_id") == call]
            frames += page["data"]
            after = {"after": page["next"]}

    async def ended(self, number: int) -> dict[str, Any]:
        """Wait until the one call to the number is over, and give its whole record."""
        for _ in range(200):
            found = await self.calls(tn=number)
            if found and found[0]["state"] == "destroyed":
                return await self.call(found[0]["uuid"])
            await asyncio.sleep(0.05)
        raise AssertionError(f"the call to {number} never ended: {found}")

    async def balance(self) -> float:
        return float((await self.ask("GET", "/rest/account"))["balance"])


@asynccontextmanager
async def customer(http: str, token: str) -> AsyncIterator[Customer]:
    """Be the customer with this token at `http` (host:port)."""
    async with httpx.AsyncClient(
        base_url=f"http://{http}", headers={"X-Auth-Token": token}, timeout=30
    ) as client:
        yield Customer(client)
