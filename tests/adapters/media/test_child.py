import asyncio
import os
import signal
from uuid import uuid4

from adapters.media.contract import SETTINGS, MediaContract, event
from adapters.media.peer import HOST, Peer
from opentact.adapters.media.child import ProcessMedia
from opentact.adapters.media.settings import MediaSettings
from opentact.voice.media import MediaGone, MediaStats


class TestProcessMedia(MediaContract):
    async def make(self, settings: MediaSettings) -> ProcessMedia:
        engine = ProcessMedia(settings)
        await engine.start()
        return engine


async def test_a_killed_process_ends_its_legs_and_a_new_one_takes_new_ones() -> None:
    media = ProcessMedia(SETTINGS)
    legs = [await media.open(uuid4(), HOST) for _ in range(3)]
    first = media.pid
    assert first is not None
    async with Peer() as peer:
        for leg in legs:
            leg.connect(peer.negotiated())
        await peer.hears(3)
        os.kill(first, signal.SIGKILL)
        gone = [await event(leg, MediaGone) for leg in legs]
        assert gone == [MediaGone("the media process died")] * 3
        assert await legs[0].close() == MediaStats()

        fresh = await media.open(uuid4(), HOST)
        assert media.pid != first
        fresh.connect(peer.negotiated())
        await peer.hears(3)
    await media.close()


async def test_the_process_ends_when_the_server_lets_go() -> None:
    media = ProcessMedia(SETTINGS)
    leg = await media.open(uuid4(), HOST)
    child = media._child
    assert child is not None
    async with Peer() as peer:
        leg.connect(peer.negotiated())
        await peer.hears(1)
        child._pipe.close()
        assert await asyncio.to_thread(child.process.wait, 5) == 0
