"""A peer made of a bare UDP socket, for what our own endpoint does not say yet."""

import asyncio
import socket

from opentact.voice.sip.machine import Address
from opentact.voice.sip.message import Response
from opentact.voice.sip.parser import parse

HOST = "127.0.0.1"


class BarePeer:
    """A socket that says what our own endpoint does not yet: re-INVITEs."""

    def __init__(self, sock: socket.socket, to: Address, offer: bytes) -> None:
        self._sock, self._to, self._offer = sock, to, offer
        self._sock.bind((HOST, 0))
        self._sock.settimeout(0.0)
        self._port = self._sock.getsockname()[1]
        self.tag = ""

    async def hear(self) -> Response:
        async with asyncio.timeout(5):
            message = parse(await asyncio.get_running_loop().sock_recv(self._sock, 65535))
        assert isinstance(message, Response)
        return message

    async def say(self, method: str, number: int) -> None:
        body = self._offer if method == "INVITE" else b""
        lines = [
            f"{method} sip:x@{HOST} SIP/2.0",
            f"Via: SIP/2.0/UDP {HOST}:{self._port};branch=z9hG4bK{method}{number}",
            "From: <sip:ann@x>;tag=theirs",
            f"To: <sip:x@{HOST}>{self.tag}",
            "Call-ID: bare",
            f"CSeq: {number} {method}",
            f"Contact: <sip:ann@{HOST}:{self._port}>",
            *(["Content-Type: application/sdp"] if body else []),
            f"Content-Length: {len(body)}\r\n\r\n",
        ]
        data = "\r\n".join(lines).encode() + body
        await asyncio.get_running_loop().sock_sendto(self._sock, data, self._to[:2])
