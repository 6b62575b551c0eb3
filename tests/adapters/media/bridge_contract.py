"""What every media engine must do when it joins two legs."""

import asyncio
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest

from adapters.media.contract import EngineContract, event, write_raw
from adapters.media.peer import FRAME, HOST, Peer, audio_of, pitch, tone
from opentact.voice.media import DigitHeard, MediaEngine, MediaLeg, Played


class BridgeContract(EngineContract):
    @pytest.fixture
    async def other(self, engine: MediaEngine) -> MediaLeg:
        return await engine.open(uuid4(), HOST)

    async def test_both_hear_each_other_and_each_in_its_law(
        self, leg: MediaLeg, other: MediaLeg
    ) -> None:
        async with Peer("PCMU") as caller, Peer("PCMA", ssrc=9) as callee:
            leg.connect(caller.negotiated())
            other.connect(callee.negotiated())
            leg.bridge(other)
            await asyncio.gather(
                caller.speaks(leg.port, tone(440, 0.6)), callee.speaks(other.port, tone(1_000, 0.6))
            )
            await asyncio.gather(caller.hears(2), callee.hears(2))
            assert pitch(audio_of(caller.heard, "PCMU")) == pytest.approx(1_000, abs=5)
            assert pitch(audio_of(callee.heard, "PCMA")) == pytest.approx(440, abs=5)
        assert {packet.payload_type for packet in caller.heard} == {0}
        assert {packet.payload_type for packet in callee.heard} == {8}
        assert len({packet.ssrc for packet in callee.heard}) == 1
        assert callee.heard[0].ssrc != caller.ssrc

    async def test_a_key_is_passed_on_and_told_on_the_leg_of_who_pressed_it(
        self, leg: MediaLeg, other: MediaLeg
    ) -> None:
        async with Peer() as caller, Peer(ssrc=9) as callee:
            leg.connect(caller.negotiated())
            other.connect(callee.negotiated(dtmf=96))
            leg.bridge(other)
            for _ in range(3):
                caller.send(leg.port, b"\xff" * FRAME)
            caller.press(leg.port, 7)
            told = await event(leg, DigitHeard)
            while sum(packet.payload_type == 96 for packet in callee.heard) < 7:
                await callee.hears(1)
            assert [each for each in iter_events(other) if isinstance(each, DigitHeard)] == []
        passed = [packet for packet in callee.heard if packet.payload_type == 96]
        assert (told.digit, told.duration_ms) == ("7", 100)
        assert [packet.payload[:2] for packet in passed] == [b"\x07\x0a"] * 4 + [b"\x07\x8a"] * 3
        assert len({packet.timestamp for packet in passed}) == 1

    async def test_unbridged_each_is_alone_again(self, leg: MediaLeg, other: MediaLeg) -> None:
        async with Peer() as caller, Peer(ssrc=9) as callee:
            leg.connect(caller.negotiated())
            other.connect(callee.negotiated())
            leg.bridge(other)
            await caller.speaks(leg.port, tone(440, 0.1))
            other.unbridge()
            await callee.hears(4)
            begin = len(callee.heard)
            await caller.speaks(leg.port, tone(440, 0.1))
            await callee.hears(2)
            assert np.abs(audio_of(callee.heard[begin:], "PCMU")).max() == 0

    async def test_when_one_leg_closes_the_other_goes_on(
        self, leg: MediaLeg, other: MediaLeg
    ) -> None:
        async with Peer() as caller, Peer(ssrc=9) as callee:
            leg.connect(caller.negotiated())
            other.connect(callee.negotiated())
            leg.bridge(other)
            await caller.speaks(leg.port, tone(440, 0.1))
            await leg.close()
            assert len(await callee.hears(20)) == 20

    async def test_a_prompt_is_heard_instead_of_the_other_side(
        self, leg: MediaLeg, other: MediaLeg, tmp_path: Path
    ) -> None:
        async with Peer() as caller, Peer(ssrc=9) as callee:
            leg.connect(caller.negotiated())
            other.connect(callee.negotiated())
            leg.bridge(other)
            begin = len(callee.heard)
            other.play(1, write_raw(tmp_path / "p.raw", tone(700, 0.4)))
            speaking = asyncio.ensure_future(caller.speaks(leg.port, tone(1_500, 0.6)))
            assert await event(other, Played) == Played(1, "end")
            prompt = audio_of(callee.heard[begin:], "PCMU")
            await speaking
            await callee.hears(1)
            after = audio_of(callee.heard[-5:], "PCMU")
        spectrum = np.abs(np.fft.rfft(prompt[-2_400:]))
        assert pitch(prompt[-2_400:]) == pytest.approx(700, abs=10)
        assert spectrum[450] < spectrum[210] / 100
        assert pitch(after) == pytest.approx(1_500, abs=20)


def iter_events(leg: MediaLeg) -> list[object]:
    found: list[object] = []
    while not leg.events.empty():
        found.append(leg.events.get_nowait())
    return found
