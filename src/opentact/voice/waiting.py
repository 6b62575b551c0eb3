"""Waiting for something on a call that may be over first.

Whatever a flow waits for (a prompt, a key, a web answer), the call can end or another flow can
take its place meanwhile. Every such wait goes through `first`, so that none outlives its call.
"""

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar

T = TypeVar("T")


class Over(Exception):  # noqa: N818 - no error: what was waited for will not come
    """The line is over, or what ran on it is to stop."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


async def first(
    awaited: Awaitable[T],
    stop: "asyncio.Future[str]",
    timeout: float | None = None,  # noqa: ASYNC109 - a wait with two ends is what this is
) -> T:
    """Wait for something, unless `stop` is set (`Over`) or time runs out (`TimeoutError`).

    What is given up is cancelled if it is a coroutine; a future belongs to whoever made it, and
    is left alone.
    """
    future = asyncio.ensure_future(awaited)
    ours = future is not awaited
    both: set[asyncio.Future[Any]] = {future, stop}
    try:
        await asyncio.wait(both, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
    finally:
        if ours and (stop.done() or not future.done()):
            future.cancel()
            future.add_done_callback(_seen)
    if stop.done():
        raise Over(stop.result())
    if not future.done():
        raise TimeoutError
    return future.result()


def _seen(future: "asyncio.Future[Any]") -> None:
    """Look at how an abandoned wait ended: nobody else will, and asyncio would complain."""
    if not future.cancelled():
        future.exception()
