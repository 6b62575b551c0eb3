import asyncio
from pathlib import Path
from uuid import uuid4

import pytest
import uvloop

from adapters.media.bridge_contract import BridgeContract
from adapters.media.contract import SETTINGS, MediaContract, event, write_raw
from adapters.media.digits_contract import DigitsContract
from adapters.media.peer import HOST, Peer, tone
from adapters.media.recording_contract import RecordingContract
from opentact.adapters.media.inline import InlineMedia
from opentact.adapters.media.settings import MediaSettings
from opentact.voice.media import DigitHeard, MediaEvent, Played

# Sound is heard at its time: a worker that steps aside for others hears holes.
pytestmark = pytest.mark.e2e


class TestInlineMedia(MediaContract, DigitsContract, BridgeContract, RecordingContract):
    async def make(self, settings: MediaSettings) -> InlineMedia:
        return InlineMedia(settings)


async def until_heard(path: Path) -> list[MediaEvent]:
    media = InlineMedia(SETTINGS)
    leg = await media.open(uuid4(), HOST)
    async with Peer() as peer:
        leg.connect(peer.negotiated())
        leg.play(1, write_raw(path, tone(440, 0.1)))
        peer.press(leg.port, 3)
        told: list[MediaEvent] = [await event(leg, DigitHeard)]
        told.append(await event(leg, Played))
    await media.close()
    return told


def test_runs_on_uvloop_too(tmp_path: Path) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        digit, played = runner.run(until_heard(tmp_path / "a.raw"))
    assert isinstance(digit, DigitHeard)
    assert digit.digit == "3"
    assert played == Played(1, "end")


async def test_an_idle_engine_wakes_nobody() -> None:
    media = InlineMedia(SETTINGS)
    await media.open(uuid4(), HOST)
    assert media._engine.wake_at is None
    assert media._timer is None
    await media.close()
    await media.close()


async def test_a_leg_is_opened_once() -> None:
    media, leg = InlineMedia(SETTINGS), uuid4()
    await media.open(leg, HOST)
    with pytest.raises(ValueError, match="open already"):
        await media.open(leg, HOST)
    await media.close()
