"""The media engine inside the caller's event loop: for tests and small installations.

It shares the loop, and so the interpreter, with everything else: whatever blocks the loop is
heard. Above some fifty legs take `opentact.adapters.media.child`.
"""

import asyncio
import time
from uuid import UUID

from opentact.voice.media import MediaEvent, MediaStats

from .commands import Command
from .engine import Engine
from .figures import Vitals
from .handle import LegHandle
from .settings import MediaSettings


class InlineMedia:
    """Implements `opentact.voice.media.MediaEngine`. To be made where an event loop runs."""

    def __init__(self, settings: MediaSettings | None = None) -> None:
        """Start at once."""
        self._loop = asyncio.get_running_loop()
        self._engine = Engine(settings or MediaSettings(), self._tell, lambda _, __: None)
        self._handles: dict[UUID, LegHandle] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False
        self._loop.add_reader(self._engine.fileno(), self._engine.receive)

    async def open(self, leg: UUID, host: str) -> LegHandle:
        """Bind a leg."""
        if leg in self._handles:
            raise ValueError(f"leg {leg} is open already")
        host, port = self._engine.open(leg, host)
        handle = self._handles[leg] = LegHandle(leg, host, port, self._execute, self._close_leg)
        return handle

    def snapshot(self) -> list[Vitals]:
        """Tell of each leg what it does."""
        return self._engine.vitals()

    async def close(self) -> None:
        """Close all legs; a second time is none."""
        if self._closed:
            return
        self._closed = True
        await asyncio.gather(*(handle.close() for handle in [*self._handles.values()]))
        if self._timer:
            self._timer.cancel()
        self._loop.remove_reader(self._engine.fileno())
        self._engine.close()

    def _execute(self, leg: UUID, command: Command) -> None:
        self._engine.execute(leg, command)
        if self._timer is None:
            self._arm()

    async def _close_leg(self, leg: UUID) -> MediaStats:
        closed: asyncio.Future[MediaStats] = self._loop.create_future()
        self._engine.close_leg(leg, closed.set_result)
        stats = await closed
        self._handles.pop(leg, None)
        return stats

    def _tell(self, leg: UUID, event: MediaEvent) -> None:
        if leg in self._handles:
            self._handles[leg].tell(event)

    def _arm(self) -> None:
        wake_at = self._engine.wake_at
        if wake_at is None:
            self._timer = None
            return
        self._timer = self._loop.call_later(max(0, wake_at - time.monotonic()), self._turn)

    def _turn(self) -> None:
        self._engine.turn()
        self._arm()
