"""Ten thousand requests that come to nothing: afterwards a server holds nothing of them."""

import asyncio
import json
import random
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from support.live_server import Server, running_server
from support.peers import LOOPBACK

COUNT = 10_000
A_BURST = 50  # messages, then a breath: a storm that the socket's buffer drops tests nothing
GROWTH_MIB = 48  # bounded caches fill once; ten thousand calls kept would be ten times that
METHODS = ("INVITE", "OPTIONS", "REGISTER", "INVITE", "SUBSCRIBE")
SDP = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio 20000 RTP/AVP 0\r\n"
)


@pytest.fixture(scope="module")
def stormy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(tmp_path_factory.mktemp("storm") / "data", park_seconds=1) as server:
        yield server


def message(number: int, port: int, chance: random.Random) -> bytes:
    """Write a request: a third whole, a third cut off or with bytes turned over, a third odd."""
    method = METHODS[number % len(METHODS)]
    body = SDP if method == "INVITE" else ""
    text = (
        f"{method} sip:1201555{number % 10_000:04}@{LOOPBACK} SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP {LOOPBACK}:{port};branch=z9hG4bK{number:x};rport\r\n"
        f"Max-Forwards: 70\r\nFrom: <sip:x{number}@{LOOPBACK}>;tag={number}\r\n"
        f"To: <sip:1201555{number % 10_000:04}@{LOOPBACK}>\r\nCall-ID: storm-{number}\r\n"
        f"CSeq: 1 {method}\r\nContact: <sip:x@{LOOPBACK}:{port}>\r\n"
        f"Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    )
    data = bytearray(text.encode())
    match number % 3:
        case 1 if number % 2:
            del data[chance.randrange(len(data)) :]
        case 1:
            for _ in range(20):
                data[chance.randrange(len(data))] = chance.randrange(256)
        case 2:
            data = data.replace(b"CSeq: 1", b"CSeq: 99999999999").replace(b"70", b"0")
        case _:
            pass
    return bytes(data)


def cancel(number: int, port: int) -> bytes:
    """Abort an INVITE of the storm."""
    return (
        f"CANCEL sip:1201555{number % 10_000:04}@{LOOPBACK} SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP {LOOPBACK}:{port};branch=z9hG4bK{number:x};rport\r\n"
        f"Max-Forwards: 70\r\nFrom: <sip:x{number}@{LOOPBACK}>;tag={number}\r\n"
        f"To: <sip:1201555{number % 10_000:04}@{LOOPBACK}>\r\nCall-ID: storm-{number}\r\n"
        "CSeq: 1 CANCEL\r\nContent-Length: 0\r\n\r\n"
    ).encode()


async def storm(server: Server, seed: int) -> None:
    """Send it, never acknowledging anything; every second INVITE is cancelled at once."""
    chance = random.Random(seed)
    with socket.socket(type=socket.SOCK_DGRAM) as sender:
        sender.bind((LOOPBACK, 0))
        sender.connect(server.sip_address)
        port = sender.getsockname()[1]
        for number in range(seed * COUNT, (seed + 1) * COUNT):
            sender.send(message(number, port, chance))
            if number % 10 == 0:
                sender.send(cancel(number, port))
            if number % A_BURST == 0:
                await asyncio.sleep(0.03)


async def left(server: Server) -> dict[str, list[Any]]:
    """Look at all that is alive."""
    kept = json.loads((server.folder / "credentials.json").read_text())["admin"]
    login = (kept["email"], kept["password"])
    async with httpx.AsyncClient(auth=login, timeout=30) as admin:
        found = {}
        for what in ("transactions", "calls", "media", "connections"):
            answer = await admin.get(f"http://{server.http}/rest/admin/inspect/{what}")
            found[what] = answer.json()["payload"]
        return found


def resident_mib(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * 4096 / 2**20


async def nothing_left(server: Server) -> dict[str, list[Any]]:
    """Wait for the longest timer (64 T1, twice), and say what is there then."""
    for _ in range(90):
        found = await left(server)
        if not found["transactions"] and not found["calls"] and not found["media"]:
            break
        await asyncio.sleep(1)
    return found


async def test_after_a_storm_nothing_is_left(stormy: Server) -> None:
    await storm(stormy, 1)  # what is filled once, such as caches, is filled by this one
    first = await nothing_left(stormy)
    before = resident_mib(stormy.pid)
    await storm(stormy, 2)
    assert (await left(stormy))["transactions"], "the storm did not arrive"
    second = await nothing_left(stormy)
    assert (first["transactions"], first["calls"], first["media"]) == ([], [], [])
    assert (second["transactions"], second["calls"], second["media"]) == ([], [], [])
    assert resident_mib(stormy.pid) - before < GROWTH_MIB
    assert "Traceback" not in stormy.log()
