"""One timer for the earliest of many moments."""

import asyncio

from opentact.adapters.sip.alarm_clock import AlarmClock


class Bell:
    """Notes when it rang, and lets others wait for that."""

    def __init__(self) -> None:
        self.rang = 0
        self.heard = asyncio.Event()

    def ring(self) -> None:
        self.rang += 1
        self.heard.set()


async def test_it_rings_at_the_earliest_moment_it_was_set_to() -> None:
    bell, now = Bell(), asyncio.get_running_loop().time()
    alarm = AlarmClock(bell.ring)
    alarm.set(now + 3600)
    alarm.set(now)
    alarm.set(now + 1800)
    alarm.set(None)
    async with asyncio.timeout(5):
        await bell.heard.wait()
    assert bell.rang == 1


async def test_it_is_set_anew_after_it_rang() -> None:
    bell, loop = Bell(), asyncio.get_running_loop()
    alarm = AlarmClock(bell.ring)
    for rang in (1, 2):
        bell.heard.clear()
        alarm.set(loop.time())
        async with asyncio.timeout(5):
            await bell.heard.wait()
        assert bell.rang == rang


async def test_a_stopped_one_does_not_ring() -> None:
    bell, loop = Bell(), asyncio.get_running_loop()
    alarm = AlarmClock(bell.ring)
    alarm.set(loop.time())
    alarm.stop()
    later = asyncio.Event()
    loop.call_at(loop.time(), later.set)
    async with asyncio.timeout(5):
        await later.wait()
    assert bell.rang == 0
    alarm.stop()
