import asyncio
from collections.abc import Collection, Mapping

import pytest

from opentact.voice.remembered import FRESH_S, MOST_AT_ONCE, MOST_KEPT, Remembered


class Shelf:
    """What is read: every even number has its half. `reads` are the keys of each read."""

    def __init__(self) -> None:
        self.reads: list[list[int]] = []
        self.at = 0.0
        self.fault: Exception | None = None
        self.gate: asyncio.Event | None = None
        self.facts: Remembered[int, int] = Remembered(self.load, lambda: self.at)

    async def load(self, keys: Collection[int]) -> Mapping[int, int]:
        self.reads.append([*keys])
        if self.gate is not None:
            await self.gate.wait()
        if self.fault is not None:
            raise self.fault
        return {key: key // 2 for key in keys if key % 2 == 0}


async def test_what_is_fresh_is_not_read_again_nor_that_there_is_nothing() -> None:
    shelf = Shelf()
    assert [await shelf.facts.get(key) for key in (4, 4, 5, 5)] == [2, 2, None, None]
    assert shelf.reads == [[4], [5]]
    shelf.at = FRESH_S
    assert await shelf.facts.get(4) == 2
    assert shelf.reads == [[4], [5], [4]]


async def test_those_who_ask_together_are_answered_by_one_read() -> None:
    shelf = Shelf()
    asked = [shelf.facts.get(key % 10) for key in range(30)]
    answers = await asyncio.gather(*asked)
    assert answers == [(key % 10) // 2 if key % 2 == 0 else None for key in range(30)]
    assert shelf.reads == [[*range(10)]]


async def test_a_read_is_of_so_many_keys_at_most() -> None:
    shelf = Shelf()
    await asyncio.gather(*(shelf.facts.get(key) for key in range(MOST_AT_ONCE + 1)))
    assert [len(keys) for keys in shelf.reads] == [MOST_AT_ONCE, 1]


async def test_a_reading_that_fails_is_told_to_all_who_wait_and_to_nobody_after() -> None:
    shelf = Shelf()
    shelf.fault = OSError("gone")
    told = await asyncio.gather(shelf.facts.get(2), shelf.facts.get(4), return_exceptions=True)
    assert [str(each) for each in told] == ["gone", "gone"]
    shelf.fault = None
    assert await shelf.facts.get(2) == 1


async def test_who_gives_up_waiting_does_not_take_it_from_the_others() -> None:
    shelf = Shelf()
    shelf.gate = asyncio.Event()
    first = asyncio.create_task(shelf.facts.get(2))
    second = asyncio.create_task(shelf.facts.get(2))
    await asyncio.sleep(0)
    first.cancel()
    shelf.gate.set()
    assert await second == 1
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_what_changes_while_it_is_read_is_not_kept() -> None:
    shelf = Shelf()
    shelf.gate = asyncio.Event()
    asked = asyncio.create_task(shelf.facts.get(2))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    shelf.facts.forget()
    shelf.gate.set()
    assert await asked == 1
    await shelf.facts.get(2)
    assert shelf.reads == [[2], [2]]


async def test_names_that_somebody_makes_up_do_not_fill_the_memory() -> None:
    shelf = Shelf()
    for start in range(0, MOST_KEPT + 300, MOST_AT_ONCE):
        await asyncio.gather(*(shelf.facts.get(start + n) for n in range(MOST_AT_ONCE)))
    assert len(shelf.facts._kept) <= MOST_KEPT + MOST_AT_ONCE
