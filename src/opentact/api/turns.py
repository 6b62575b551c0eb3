"""Requests begin when the event loop has nothing else to do, so that calls come first.

Requests and calls share a loop. Sixteen connections that ask as fast as they are answered would
put sixteen requests between each two steps of a call, and a call takes some ten steps until it is
answered. A request waits for a turn of the loop in which nobody did anything and few others are
under way, or a twentieth of a second on a server that is never so idle; while nobody calls, for
nothing (docs/decisions/0120).
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable

from starlette.types import ASGIApp, Receive, Scope, Send

IDLE_TURN_S = 50e-6  # a turn in which anything ran takes longer
LONGEST_S = 0.05  # between the beginnings of two requests, however busy calls keep the loop
# All that are under way may go on in the same turn, and a call waits for them. Who takes longer
# than this waits for a client or a neighbour, and keeps nobody from beginning.
FEW, SLOW_S = 2, 0.2
# Looking keeps the loop awake, which calls pay for: after so many busy turns it rests so long.
LOOKS, REST_S = 4, 0.002


class Turns:
    """Let one request begin at each idle turn of the loop, in the order they came."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        calls: Callable[[], bool],
        seconds: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Know `app`, and by `calls` whether there are any."""
        self._app = app
        self._calls = calls
        self._seconds = seconds
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._under_way: list[float] = []  # when each began
        self._turn_began = 0.0
        self._last_begun = 0.0
        self._looked = 0
        self._resting: asyncio.TimerHandle | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not self._calls():
            await self._app(scope, receive, send)
            return
        await self._turn()
        began = self._seconds()
        self._under_way.append(began)
        try:
            await self._app(scope, receive, send)
        finally:
            self._under_way.remove(began)
            if self._resting:
                self._resting.cancel()
                self._begin_to_look(asyncio.get_running_loop())

    async def _turn(self) -> None:
        loop = asyncio.get_running_loop()
        turn = loop.create_future()
        self._waiting.append(turn)
        if len(self._waiting) == 1:
            self._begin_to_look(loop)
        await turn

    def _begin_to_look(self, loop: asyncio.AbstractEventLoop) -> None:
        self._resting, self._looked = None, 0
        self._turn_began = self._seconds()
        loop.call_soon(self._look, loop)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        now = self._seconds()
        idle = now - self._turn_began < IDLE_TURN_S
        self._turn_began = now
        if (idle and self._few(now)) or now - self._last_begun >= LONGEST_S:
            self._last_begun, self._looked = now, 0
            turn = self._waiting.popleft()
            if not turn.done():  # its client may have gone
                turn.set_result(None)
        self._looked += 1
        if self._waiting and self._looked < LOOKS:
            loop.call_soon(self._look, loop)
        elif self._waiting:
            self._resting = loop.call_later(REST_S, self._begin_to_look, loop)

    def _few(self, now: float) -> bool:
        return sum(now - began < SLOW_S for began in self._under_way) < FEW
