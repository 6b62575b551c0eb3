"""Debian's rtpengine in userspace, as a peer to measure ours beside: it bridges the same calls."""

import asyncio
import select
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

HOST = "127.0.0.1"


def sdp(port: int) -> str:
    return (
        f"v=0\r\no=- 1 1 IN IP4 {HOST}\r\ns=-\r\nc=IN IP4 {HOST}\r\nt=0 0\r\n"
        f"m=audio {port} RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\n"
    )


def bencode(value: str | list[str] | dict[str, str]) -> bytes:
    if isinstance(value, str):
        return f"{len(value)}:{value}".encode()
    if isinstance(value, list):
        return b"l" + b"".join(map(bencode, value)) + b"e"
    return b"d" + b"".join(bencode(key) + bencode(value[key]) for key in sorted(value)) + b"e"


def audio_port(reply: bytes) -> int:
    return int(reply.partition(b"m=audio ")[2].partition(b" ")[0])


def ask(control: socket.socket, ng: tuple[str, int], call: int, command: str, port: int) -> int:
    """Offer or answer; give the port that the other side is to talk to."""
    words = {"command": command, "call-id": f"c{call}", "sdp": sdp(port), "from-tag": "a"}
    if command == "answer":
        words["to-tag"] = "b"
    control.sendto(f"{call}{command} ".encode() + bencode(words), ng)
    return audio_port(control.recv(65_536))


async def until_it_answers(control: socket.socket, ng: tuple[str, int]) -> None:
    for _ in range(50):
        await asyncio.sleep(0.2)
        control.sendto(b"ping " + bencode({"command": "ping"}), ng)
        ready, _, _ = select.select([control], [], [], 0)
        if ready:
            break
    await asyncio.sleep(0.5)
    while select.select([control], [], [], 0)[0]:
        control.recv(65_536)


@asynccontextmanager
async def rtpengine(
    calls: int, peers: list[int], *, first_port: int = 20_000, last_port: int = 26_000
) -> AsyncIterator[tuple[int, list[int]]]:
    """Have rtpengine bridge; give its pid and the ports of the legs."""
    program = shutil.which("rtpengine")
    if program is None:
        raise SystemExit("rtpengine is not installed: apt-get install rtpengine-daemon")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        control.bind((HOST, 0))
        control.settimeout(2)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
            free.bind((HOST, 0))
            ng = free.getsockname()
        process = await asyncio.create_subprocess_exec(
            program,
            *("-f", "-E", "--table=-1", "--num-threads=2", "--log-level=2"),
            *(f"--interface={HOST}", f"--listen-ng={HOST}:{ng[1]}"),
            *(f"--port-min={first_port}", f"--port-max={last_port}"),
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            await until_it_answers(control, ng)
            ports, count = [], len(peers)
            for call in range(calls):
                caller, callee = peers[2 * call % count], peers[(2 * call + 1) % count]
                # The offer is answered with the port the callee talks to, and the other way.
                for_callee = ask(control, ng, call, "offer", caller)
                ports += [ask(control, ng, call, "answer", callee), for_callee]
            yield process.pid, ports
        finally:
            process.terminate()
            await process.wait()
