"""New calls begin in order, a few in each turn; who waits too long is refused."""

import asyncio

import pytest

from opentact.voice.arrivals import FEW, PATIENCE_S, Arrivals
from opentact.voice.callers import ReceivedCall
from opentact.voice.testing import OFFER, PaperLeg
from support.virtual_time import passes, virtually


class Door:
    def __init__(self) -> None:
        self.begun: list[ReceivedCall] = []
        self.refused: list[ReceivedCall] = []
        self.arrivals = Arrivals(self.begun.append, self.refused.append)

    def arrive(self, count: int) -> list[PaperLeg]:
        legs = [PaperLeg(offer=OFFER) for _ in range(count)]
        for leg in legs:
            self.arrivals.take(leg)
        return legs


@pytest.fixture
async def door() -> Door:
    return Door()


async def test_a_few_calls_begin_at_once(door: Door) -> None:
    assert door.arrive(FEW) == door.begun
    assert door.arrivals.waiting == 0


async def test_of_many_a_few_begin_in_each_turn_in_their_order(door: Door) -> None:
    legs = door.arrive(3 * FEW - 1)
    begun = [len(door.begun)]
    for _ in range(3):
        await asyncio.sleep(0)
        begun.append(len(door.begun))
    assert begun == [FEW, 2 * FEW, 3 * FEW - 1, 3 * FEW - 1]
    assert door.begun == legs
    assert door.arrivals.waiting == 0


async def test_nobody_overtakes_those_who_wait(door: Door) -> None:
    first = door.arrive(FEW + 1)
    second = door.arrive(1)
    await asyncio.sleep(0)
    assert door.begun == [*first, *second]


async def test_the_next_turn_begins_anew(door: Door) -> None:
    door.arrive(FEW)
    await asyncio.sleep(0)
    assert door.arrive(FEW) == door.begun[FEW:]


@virtually
async def test_who_waited_too_long_is_refused() -> None:
    door = Door()
    legs = door.arrive(FEW + 2)
    # A turn that takes longer than anybody waits.
    loop = asyncio.get_running_loop()
    now = loop.time()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "time", lambda: now + PATIENCE_S + 0.1)
        door.arrivals._turn()
    assert door.refused == legs[FEW:]
    assert door.begun == legs[:FEW]
    await passes(1)
    assert door.arrive(1) == door.begun[FEW:]


async def test_who_waits_can_be_sent_away(door: Door) -> None:
    legs = door.arrive(FEW + 2)
    assert door.arrivals.leave() == legs[FEW:]
    await asyncio.sleep(0)
    assert door.begun == legs[:FEW]
    assert door.refused == []
