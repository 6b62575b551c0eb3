"""What calls look up again and again, kept for a moment and read many at a time.

A call that finds its facts here waits for nothing. What is not here is read together with what
other calls miss at the same time: a read costs the same few trips for one as for forty.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Hashable, Mapping
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

FRESH_S = 1.0  # as old as a fact may be: what another node changed is seen that late
MOST_KEPT = 20_000  # facts in memory; who calls made-up names must not fill it
MOST_AT_ONCE = 100  # keys in one read: bounds how long the first of them waits

Load = Callable[[Collection[K]], Awaitable[Mapping[K, V]]]


class Remembered(Generic[K, V]):
    """Facts by key; that there is nothing under a key is a fact as well."""

    def __init__(self, load: "Load[K, V]", now: Callable[[], float]) -> None:
        """`load` reads what there is of some keys; `now` tells seconds."""
        self._load = load
        self._now = now
        self._kept: dict[K, tuple[float, V | None]] = {}
        self._asked: dict[K, asyncio.Future[V | None]] = {}
        self._reading: asyncio.Task[None] | None = None
        self._forgotten = 0

    async def get(self, key: K) -> V | None:
        """Tell what is known, or read it; raises what the reading raised."""
        kept = self._kept.get(key)
        if kept is not None and self._now() < kept[0]:
            return kept[1]
        future = self._asked.get(key)
        if future is None:
            future = self._asked[key] = asyncio.get_running_loop().create_future()
        if self._reading is None:
            self._reading = asyncio.create_task(self._read(), name="remembered")
        return await asyncio.shield(future)

    def forget(self) -> None:
        """Read everything anew, also what is being read just now."""
        self._forgotten += 1
        self._kept.clear()

    async def _read(self) -> None:
        try:
            while self._asked:
                keys = [*self._asked][:MOST_AT_ONCE]
                asked = {key: self._asked.pop(key) for key in keys}
                await self._answer(asked)
        finally:
            self._reading = None

    async def _answer(self, asked: "dict[K, asyncio.Future[V | None]]") -> None:
        before = self._forgotten
        try:
            found = await self._load([*asked])
        except Exception as error:  # noqa: BLE001 - told to every call that waits for it
            for future in asked.values():
                future.set_exception(error)
                future.exception()  # a caller may be gone: nobody else has to look at it
            return
        if len(self._kept) > MOST_KEPT:
            self._kept.clear()
        until = self._now() + FRESH_S
        for key, future in asked.items():
            if before == self._forgotten:
                self._kept[key] = (until, found.get(key))
            future.set_result(found.get(key))
