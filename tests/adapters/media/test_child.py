import asyncio
import os
import resource
import select
import signal
import sys
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest

from adapters.media.bridge_contract import BridgeContract
from adapters.media.contract import SETTINGS, MediaContract, event
from adapters.media.digits_contract import DigitsContract
from adapters.media.peer import HOST, Peer, pitch, tone
from adapters.media.recording_contract import RecordingContract
from opentact.adapters.media.child import ProcessMedia
from opentact.adapters.media.settings import MediaSettings
from opentact.voice.media import MediaGone, MediaStats, MediaUnavailable
from opentact.voice.rtp.wav import HEADER_BYTES, samples
from support.peers import free_ports

# Sound is heard at its time: a worker that steps aside for others hears holes.
pytestmark = pytest.mark.e2e


class TestProcessMedia(MediaContract, DigitsContract, BridgeContract, RecordingContract):
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


async def test_a_call_that_comes_as_the_process_dies_is_taken_by_the_next() -> None:
    media = ProcessMedia(SETTINGS)
    await media.start()
    first = media.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    leg = await media.open(uuid4(), HOST)
    assert leg.host == HOST
    assert media.pid != first
    await media.close()


async def test_a_process_that_hangs_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    media = ProcessMedia(SETTINGS)
    leg = await media.open(uuid4(), HOST)
    assert media.pid is not None
    os.kill(media.pid, signal.SIGSTOP)
    monkeypatch.setattr("opentact.adapters.media.child._ANSWER_TIMEOUT", 0.2)
    with pytest.raises(MediaUnavailable, match="does not answer"):
        await media.open(uuid4(), HOST)
    monkeypatch.undo()
    await event(leg, MediaGone)
    assert (await media.open(uuid4(), HOST)).host == HOST
    await media.close()


async def test_a_leg_is_not_waited_for_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("opentact.adapters.media.child._CLOSE_TIMEOUT", 0.2)
    media = ProcessMedia(SETTINGS)
    leg = await media.open(uuid4(), HOST)
    assert media.pid is not None
    os.kill(media.pid, signal.SIGSTOP)
    assert await leg.close() == MediaStats()
    await event(leg, MediaGone)
    await media.close()


async def test_a_recording_cut_by_a_kill_is_readable(tmp_path: Path) -> None:
    media = ProcessMedia(SETTINGS)
    leg = await media.open(uuid4(), HOST)
    path = tmp_path / "r.wav"
    async with Peer() as peer:
        leg.connect(peer.negotiated())
        leg.record(1, path)
        await peer.speaks(leg.port, tone(500, 0.6))
        assert media.pid is not None
        os.kill(media.pid, signal.SIGKILL)
        await event(leg, MediaGone)
    data = path.read_bytes()
    audio = np.frombuffer(data[HEADER_BYTES:], "<i2")[: samples(data)]
    assert len(audio) >= 0.3 * 8_000
    assert pitch(audio) == pytest.approx(500, abs=5)
    await media.close()


SERVER = """
import asyncio, sys
from uuid import uuid4
from opentact.adapters.media.child import ProcessMedia

async def serve():
    media = ProcessMedia()
    await media.open(uuid4(), "127.0.0.1")
    print(media.pid, flush=True)
    await asyncio.sleep(60)

asyncio.run(serve())
"""


async def test_the_process_does_not_outlive_a_killed_server() -> None:
    server = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SERVER, stdout=asyncio.subprocess.PIPE
    )
    assert server.stdout is not None
    child = int(await server.stdout.readline())
    # a descriptor of the process is readable when it ends, though it is not our child
    ends = os.pidfd_open(child)
    server.kill()
    await server.wait()
    readable, _, _ = await asyncio.to_thread(select.select, [ends], [], [], 5)
    os.close(ends)
    assert readable == [ends]


async def test_a_process_that_does_not_start_is_told_as_a_fault(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    media = ProcessMedia(SETTINGS)
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(MediaUnavailable, match="died"):
        await media.open(uuid4(), HOST)
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(MediaUnavailable, match="cannot be started"):
        await media.open(uuid4(), HOST)
    monkeypatch.undo()
    assert (await media.open(uuid4(), HOST)).host == HOST
    await media.close()


async def test_the_process_takes_all_descriptors_it_may() -> None:
    media = ProcessMedia(SETTINGS)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(512, hard), hard))
    try:
        await media.start()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert media.pid is not None
    assert resource.prlimit(media.pid, resource.RLIMIT_NOFILE) == (hard, hard)
    await media.close()


async def test_a_call_given_up_while_its_ports_are_bound_leaves_none() -> None:
    port = free_ports(2)
    media = ProcessMedia(MediaSettings(first_port=port, last_port=port + 1, port_rest=0))
    await media.start()
    opening = asyncio.ensure_future(media.open(uuid4(), HOST))
    await asyncio.sleep(0)
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    assert (await media.open(uuid4(), HOST)).port == port
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
