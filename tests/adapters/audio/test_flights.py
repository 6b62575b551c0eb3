"""The same work at the same time, done once."""

import asyncio

import pytest

from opentact.adapters.audio.flights import Flights


class Work:
    """Work that ends when it is told to."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.done = asyncio.Event()
        self.times = 0
        self.fault = fault

    async def __call__(self) -> int:
        self.times += 1
        await self.done.wait()
        if self.fault:
            raise self.fault
        return self.times


async def test_all_who_wait_share_one_answer() -> None:
    flights, work = Flights[str, int](), Work()
    waiting = [asyncio.ensure_future(flights.join("a", work)) for _ in range(5)]
    await asyncio.sleep(0)
    work.done.set()
    assert await asyncio.gather(*waiting) == [1] * 5
    assert len(flights) == 0


async def test_all_who_wait_share_one_fault_and_the_next_tries_again() -> None:
    flights, work = Flights[str, int](), Work(ValueError("no"))
    waiting = [asyncio.ensure_future(flights.join("a", work)) for _ in range(3)]
    await asyncio.sleep(0)
    work.done.set()
    assert [str(fault) for fault in await asyncio.gather(*waiting, return_exceptions=True)] == [
        "no"
    ] * 3
    work.fault = None
    assert await flights.join("a", work) == 2


async def test_other_work_is_other_work() -> None:
    flights, one, two = Flights[str, int](), Work(), Work()
    one.done.set()
    two.done.set()
    await asyncio.gather(flights.join("a", one), flights.join("b", two))
    assert (one.times, two.times) == (1, 1)


async def test_who_goes_away_does_not_stop_the_others() -> None:
    flights, work = Flights[str, int](), Work()
    impatient = asyncio.ensure_future(flights.join("a", work))
    patient = asyncio.ensure_future(flights.join("a", work))
    await asyncio.sleep(0)
    impatient.cancel()
    await asyncio.sleep(0)
    work.done.set()
    assert await patient == 1
    with pytest.raises(asyncio.CancelledError):
        await impatient


async def test_closing_stops_what_is_under_way() -> None:
    flights, work = Flights[str, int](), Work()
    waiting = asyncio.ensure_future(flights.join("a", work))
    await asyncio.sleep(0)
    await flights.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting
