"""What every media engine must do when it records."""

from pathlib import Path

import numpy as np
import pytest

from adapters.media.contract import EngineContract, event, recorded_samples
from adapters.media.peer import FRAME, Peer, pitch, tone
from opentact.voice.media import (
    MediaLeg,
    Recorded,
    RecordFailed,
)
from opentact.voice.rtp.g711 import decode
from opentact.voice.rtp.wav import HEADER_BYTES


class RecordingContract(EngineContract):
    async def test_records_what_the_peer_says(self, leg: MediaLeg, tmp_path: Path) -> None:
        async with Peer() as peer:
            leg.connect(peer.negotiated())
            leg.record(4, tmp_path / "r.wav")
            await peer.speaks(leg.port, tone(997, 0.5))
            leg.stop_record(4)
            recorded = await event(leg, Recorded)
        audio = recorded_samples(tmp_path / "r.wav")
        assert (recorded.record, recorded.reason) == (4, "stopped")
        assert recorded.size == (tmp_path / "r.wav").stat().st_size
        assert recorded.duration_ms == len(audio) // 8
        assert 480 <= recorded.duration_ms <= 700
        assert pitch(audio) == pytest.approx(997, abs=5)
        assert np.count_nonzero(np.abs(audio) > 100) > 3_700

    async def test_what_is_lost_is_silence_of_the_same_length(
        self, leg: MediaLeg, tmp_path: Path
    ) -> None:
        async with Peer() as peer:
            leg.connect(peer.negotiated())
            leg.record(4, tmp_path / "r.wav", max_ms=300)
            loud = b"\x00" * FRAME
            peer.send(leg.port, loud)
            peer.timestamp += 800
            peer.send(leg.port, loud)
            recorded = await event(leg, Recorded)
        audio = recorded_samples(tmp_path / "r.wav")
        assert recorded == Recorded(4, 300, HEADER_BYTES + 4_800, "max")
        [start, *_] = np.flatnonzero(audio)
        expected = np.zeros(2_400, np.int16)
        for at in (start, start + 960):
            expected[at : at + FRAME] = decode(loud, "PCMU")
        assert np.array_equal(audio, expected)

    async def test_silence_ends_a_recording(self, leg: MediaLeg, tmp_path: Path) -> None:
        async with Peer() as peer:
            leg.connect(peer.negotiated())
            leg.record(4, tmp_path / "r.wav", silence_ms=200, max_ms=5_000)
            await peer.speaks(leg.port, tone(500, 0.3))
            await peer.speaks(leg.port, np.zeros(2_400, np.int16))
            recorded = await event(leg, Recorded)
        assert recorded.reason == "silence"
        assert 450 <= recorded.duration_ms <= 700

    async def test_a_recording_that_cannot_be_written_says_so(
        self, leg: MediaLeg, tmp_path: Path
    ) -> None:
        (tmp_path / "there.wav").touch()
        async with Peer() as peer:
            leg.connect(peer.negotiated())
            leg.record(1, tmp_path / "no" / "r.wav")
            leg.record(2, tmp_path / "there.wav")
            assert await event(leg, RecordFailed) == RecordFailed(1, "No such file or directory")
            assert await event(leg, RecordFailed) == RecordFailed(2, "File exists")
            leg.record(1, tmp_path / "again.wav", max_ms=60)
            assert (await event(leg, Recorded)).reason == "max"

    async def test_closing_a_leg_finishes_its_recording(
        self, leg: MediaLeg, tmp_path: Path
    ) -> None:
        async with Peer() as peer:
            leg.connect(peer.negotiated())
            leg.record(1, tmp_path / "r.wav")
            await peer.speaks(leg.port, tone(500, 0.1))
            await leg.close()
        recorded = await event(leg, Recorded)
        assert recorded.reason == "closed"
        assert pitch(recorded_samples(tmp_path / "r.wav")) == pytest.approx(500, abs=15)
