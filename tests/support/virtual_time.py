"""A loop whose time jumps to the next timer when nothing else is left to do.

Thirty seconds of a parked call take no time, and two runs are the same run. Only for tests
without sockets and threads: what comes from outside does not stop the clock.
"""

import asyncio
import functools
import inspect
import selectors
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any, TypeVar

from .world import NOON

T = TypeVar("T")


class NothingToWaitFor(Exception):  # noqa: N818 - the test's own deadlock, not an error of its code
    """Every task waits, and no timer is set: without this the test would hang."""


class VirtualLoop(asyncio.SelectorEventLoop):
    """`time()` is the seconds that have passed for who runs on it."""

    def __init__(self) -> None:
        self.now = 0.0
        super().__init__(_Selector(self))

    def time(self) -> float:
        return self.now


class _Selector(selectors.SelectSelector):
    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[Any]:
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if timeout is None:
            raise NothingToWaitFor
        self._loop.now += timeout
        return ready


class LoopClock:
    """A clock of the day that goes with the loop."""

    def now(self) -> datetime:
        passed = asyncio.get_running_loop().time()
        return NOON + timedelta(milliseconds=round(passed * 1000))


def play(work: Coroutine[Any, Any, T]) -> T:
    """Run it to its end on a loop of its own."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work)


def virtually(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run an asynchronous test on virtual time."""

    @functools.wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        play(test(*args, **kwargs))

    del run.__wrapped__
    run.__signature__ = inspect.signature(test)  # type: ignore[attr-defined]
    return run


async def settle(turns: int = 30) -> None:
    """Let everything that can happen without time passing happen."""
    for _ in range(turns):
        await asyncio.sleep(0)


async def passes(seconds: float) -> None:
    """Let time pass."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()
    loop.call_later(seconds, done.set_result, None)
    await done
