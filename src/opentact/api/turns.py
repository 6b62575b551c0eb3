"""Requests begin one at a turn of the event loop, so that calls have theirs in between.

Requests and calls share a loop. Sixteen connections that ask as fast as they are answered would
put sixteen requests between each two steps of a call; a call takes some ten steps until it is
answered. A request waits for nothing but its turn: how many are under way is not limited.
"""

import asyncio
from collections import deque

from starlette.types import ASGIApp, Receive, Scope, Send


class Turns:
    """Let one request begin at each turn of the loop, in the order they came."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._turn()
        await self._app(scope, receive, send)

    async def _turn(self) -> None:
        loop = asyncio.get_running_loop()
        turn = loop.create_future()
        self._waiting.append(turn)
        if len(self._waiting) == 1:
            loop.call_soon(self._next, loop)
        await turn

    def _next(self, loop: asyncio.AbstractEventLoop) -> None:
        turn = self._waiting.popleft()
        if not turn.done():  # its client may have gone
            turn.set_result(None)
        if self._waiting:
            loop.call_soon(self._next, loop)
