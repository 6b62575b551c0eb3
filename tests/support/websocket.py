"""A websocket client without a socket: it talks to the app as the server would."""

import asyncio
import json
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI

PATIENCE_S = 10.0  # before a test is told that nothing came


class Hung(Exception):  # noqa: N818 - read as a sentence in the test's output
    """Nothing came, though the test waited for it."""


class Client:
    """One connection. `closed` is the close code once the server has closed."""

    def __init__(self) -> None:
        self.closed: int | None = None
        self.reason = ""
        self.reads = asyncio.Event()  # a client that does not read takes no frame
        self.reads.set()
        self._to_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._from_app: asyncio.Queue[MutableMapping[str, Any]] = asyncio.Queue()
        self._to_app.put_nowait({"type": "websocket.connect"})

    async def receive(self) -> dict[str, Any]:
        return await self._to_app.get()

    async def send(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "websocket.send":
            await self.reads.wait()
        self._from_app.put_nowait(message)

    def say(self, frame: object) -> None:
        """Send a frame as JSON text; a string is sent as it is, bytes as binary."""
        message: dict[str, Any] = {"type": "websocket.receive"}
        if isinstance(frame, bytes):
            message["bytes"] = frame
        else:
            message["text"] = frame if isinstance(frame, str) else json.dumps(frame)
        self._to_app.put_nowait(message)

    async def hear(self) -> dict[str, Any]:
        """Wait for the next frame."""
        message = await self._next()
        assert message["type"] == "websocket.send", message
        frame: dict[str, Any] = json.loads(message["text"])
        return frame

    async def until_closed(self) -> int:
        """Wait until the server closes, and tell the code."""
        while self.closed is None:
            message = await self._next()
            if message["type"] == "websocket.close":
                self.closed, self.reason = message["code"], message["reason"]
        return self.closed

    async def authenticate(self, token: str, **more: object) -> dict[str, Any]:
        """Log in, and tell the answer."""
        self.say({"type": "auth", "payload": token, **more})
        return await self.hear()

    def leave(self) -> None:
        self._to_app.put_nowait({"type": "websocket.disconnect", "code": 1000})

    async def _next(self) -> MutableMapping[str, Any]:
        try:
            return await asyncio.wait_for(self._from_app.get(), PATIENCE_S)
        except TimeoutError:
            raise Hung from None


@asynccontextmanager
async def connected(app: FastAPI, path: str = "/", query: str = "") -> AsyncIterator[Client]:
    """Connect; leave at the end."""
    client = Client()
    scope = {
        "type": "websocket",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "scheme": "ws",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [],
        "client": ("203.0.113.7", 40000),
        "server": ("test", 80),
        "subprotocols": [],
        "state": {},
    }
    serving = asyncio.create_task(app(scope, client.receive, client.send))
    try:
        accepted = await client._next()
        assert accepted["type"] == "websocket.accept"
        yield client
    finally:
        client.leave()
        client.reads.set()
        await asyncio.wait_for(serving, PATIENCE_S)
