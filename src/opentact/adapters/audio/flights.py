"""Work asked for twice at the same time is done once."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class Flights(Generic[Key, Value]):
    """Who asks for what is under way waits for that, and shares its answer or its fault.

    Someone who stops waiting does not stop the work: others may wait for it, and its answer
    is kept by whoever does the work.
    """

    def __init__(self) -> None:
        self._running: dict[Key, asyncio.Task[Value]] = {}

    def __len__(self) -> int:
        return len(self._running)

    async def join(self, key: Key, work: Callable[[], Awaitable[Value]]) -> Value:
        """Wait for the work of that key, starting it if nobody has."""
        task = self._running.get(key)
        if task is None:
            task = asyncio.ensure_future(_run(work))
            self._running[key] = task
            task.add_done_callback(lambda done: self._landed(key, done))
        return await asyncio.shield(task)

    async def close(self) -> None:
        """Cancel what is under way, and wait until it has stopped."""
        running = list(self._running.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _landed(self, key: Key, task: asyncio.Task[Value]) -> None:
        del self._running[key]
        if not task.cancelled():
            task.exception()  # seen, also when nobody waits any more


async def _run(work: Callable[[], Awaitable[Value]]) -> Value:
    return await work()
