"""A real `opentact serve` on free ports, and a customer of its demo account."""

import json
import os
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from .peers import LOOPBACK, dying_with_us, free_port

PROGRAM = Path(sys.executable).with_name("opentact")
STOP_S = 20.0
WAITING_FLOW = b"<Response><Answer/><Pause length='600000'/></Response>"


def command(folder: Path, *words: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    """Run a command of ours to its end, with its settings from nowhere else."""
    return subprocess.run(
        [str(PROGRAM), *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd=folder,
        env=environment(folder, **settings),
    )


def environment(folder: Path, **settings: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    ours = {"data": str(folder / "data"), **settings}
    return {**kept, **{f"OPENTACT_{name.upper()}": value for name, value in ours.items()}}


@dataclass
class Server:
    """Started by `start`; stop it in a `finally`. `about` is what it printed."""

    folder: Path
    http: str
    sip: tuple[str, int]
    process: "subprocess.Popen[str]"
    about: dict[str, Any]

    @classmethod
    def start(cls, folder: Path, **settings: str) -> "Server":
        """Start it and wait until it says that it listens."""
        http, sip = free_port(socket.SOCK_STREAM), free_port()
        first = 21_000 + 200 * (os.getpid() % 40)
        wanted = {
            "http": f"{LOOPBACK}:{http}",
            "sip": f"{LOOPBACK}:{sip}",
            "rtp_ports": f"{first}-{first + 199}",
            **settings,
        }
        with (folder / "log").open("a") as log:
            process = subprocess.Popen(
                dying_with_us([str(PROGRAM), "serve", "--json"]),
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                cwd=folder,
                env=environment(folder, **wanted),
            )
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            process.wait()
            raise RuntimeError(f"the server did not start:\n{(folder / 'log').read_text()}")
        return cls(folder, f"http://{wanted['http']}", (LOOPBACK, sip), process, json.loads(line))

    @property
    def http_address(self) -> tuple[str, int]:
        host, _, port = self.http.removeprefix("http://").rpartition(":")
        return host, int(port)

    @property
    def credentials(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "data/credentials.json").read_text())
        return found

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send the signal and wait for the end; the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            status = self.process.wait(STOP_S)
        finally:
            self.process.kill()
        assert self.process.stdout is not None
        self.process.stdout.close()
        return status

    def waiting_number(self) -> str:
        """Order a number that answers and then waits ten minutes."""
        headers = {"X-Auth-Token": self.credentials["demo"]["token"]}
        with httpx.Client(base_url=f"{self.http}/rest", headers=headers, timeout=20) as api:

            def ask(method: str, path: str, **body: Any) -> Any:
                answer = api.request(method, path, **body)
                assert answer.is_success, f"{method} {path}: {answer.text}"
                return answer.json()["payload"]

            wanted = {"type": "long_code", "country": "US", "state": "DC", "take": 1}
            number = ask("POST", "/tn/search", json=wanted)["data"][0]["tn"]
            item = {"tn": number, "features": ["voice"], "autorenew": True}
            ask("POST", "/order", json={"items": [item]})
            app = ask("POST", "/sip/app", json={"name": "waits"})
            files = {"file": ("flow.xml", WAITING_FLOW)}
            ask("POST", f"/sip/app/call/flow/{app['uuid']}", files=files)
            lease = ask("GET", f"/lease/tn/{number}/tn")
            ask("POST", f"/sip/app/{app['uuid']}/tnlease", json={"add": [lease["uuid"]]})
        return str(number)
