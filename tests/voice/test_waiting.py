import asyncio

import pytest

from opentact.voice.waiting import Over, first
from support.virtual_time import passes, settle, virtually


def stop() -> "asyncio.Future[str]":
    return asyncio.get_running_loop().create_future()


async def number() -> int:
    await passes(1)
    return 7


@virtually
async def test_what_comes_is_given() -> None:
    assert await first(number(), stop()) == 7


@virtually
async def test_a_stop_ends_the_wait_and_what_was_waited_for() -> None:
    stopped, work = stop(), asyncio.Event()

    async def waits() -> None:
        try:
            await passes(60)
        except asyncio.CancelledError:
            work.set()
            raise

    asyncio.get_running_loop().call_later(1, stopped.set_result, "enough")
    with pytest.raises(Over, match="enough"):
        await first(waits(), stopped)
    await settle()
    assert work.is_set()


@virtually
async def test_time_runs_out() -> None:
    with pytest.raises(TimeoutError):
        await first(number(), stop(), 0.5)
    with pytest.raises(TimeoutError):
        await first(number(), stop(), 0.0)


@virtually
async def test_a_stop_goes_before_what_came_at_the_same_time() -> None:
    stopped = stop()
    stopped.set_result("over")
    with pytest.raises(Over):
        await first(number(), stopped)


@virtually
async def test_a_fault_of_what_was_waited_for_is_raised_unless_it_is_over() -> None:
    async def fails() -> None:
        raise LookupError

    with pytest.raises(LookupError):
        await first(fails(), stop())
    stopped = stop()
    asyncio.get_running_loop().call_soon(stopped.set_result, "over")
    with pytest.raises(Over):
        await first(fails(), stopped)


@virtually
async def test_a_future_of_someone_else_is_left_alone() -> None:
    shared, stopped = stop(), stop()
    stopped.set_result("over")
    with pytest.raises(Over):
        await first(shared, stopped)
    assert not shared.cancelled()


@virtually
async def test_who_is_cancelled_cancels_what_it_waits_for() -> None:
    work = asyncio.ensure_future(number())
    inner: list[bool] = []

    async def waits() -> None:
        try:
            await passes(60)
        finally:
            inner.append(True)

    outer = asyncio.ensure_future(first(waits(), stop()))
    await settle()
    outer.cancel()
    await settle()
    assert (inner, outer.cancelled()) == ([True], True)
    await work
