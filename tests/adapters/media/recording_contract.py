"""What every media engine must do when it records."""

import asyncio
import wave
from pathlib import Path
from uuid import uuid4

import miniaudio
import numpy as np
import pytest
from numpy.typing import NDArray

from adapters.media.contract import EngineContract, event, recorded_samples
from adapters.media.peer import FRAME, HOST, Peer, pitch, tone
from opentact.voice.media import (
    MediaEngine,
    MediaLeg,
    Recorded,
    RecordFailed,
)
from opentact.voice.rtp.g711 import decode
from opentact.voice.rtp.wav import HEADER_BYTES


def is_silent_at(audio: NDArray[np.int16], hertz: float) -> bool:
    """Whether that frequency is 40 dB below the strongest one."""
    spectrum = np.abs(np.fft.rfft(audio.astype(float) * np.hanning(len(audio))))
    at = round(hertz * len(audio) / 8_000)
    return bool(spectrum[at - 2 : at + 3].max() < spectrum.max() / 100)


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

    async def test_both_sides_of_a_bridge_have_a_channel_each(
        self, engine: MediaEngine, leg: MediaLeg, tmp_path: Path
    ) -> None:
        other = await engine.open(uuid4(), HOST)
        async with Peer() as caller, Peer("PCMA", ssrc=9) as callee:
            leg.connect(caller.negotiated())
            other.connect(callee.negotiated())
            leg.bridge(other)
            leg.record(1, tmp_path / "stereo.wav", channels=2)
            leg.record(2, tmp_path / "mixed.wav", both=True)
            leg.record(3, tmp_path / "one.wav")
            leg.record(4, tmp_path / "stereo.mp3", channels=2, format="mp3")
            await asyncio.gather(
                caller.speaks(leg.port, tone(440, 0.6)), callee.speaks(other.port, tone(1_000, 0.6))
            )
            for number in (1, 2, 3, 4):
                leg.stop_record(number)
            recorded = {
                each.record: each for each in [await event(leg, Recorded) for _ in range(4)]
            }
        with wave.open(str(tmp_path / "stereo.wav")) as file:
            assert (file.getnchannels(), file.getframerate()) == (2, 8_000)
            stereo = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)
        mixed = recorded_samples(tmp_path / "mixed.wav")
        assert pitch(stereo[:, 0]) == pytest.approx(440, abs=5)
        assert pitch(stereo[:, 1]) == pytest.approx(1_000, abs=5)
        assert is_silent_at(stereo[:, 0], 1_000)
        assert is_silent_at(stereo[:, 1], 440)
        assert pitch(recorded_samples(tmp_path / "one.wav")) == pytest.approx(440, abs=5)
        assert not is_silent_at(mixed, 440)
        assert not is_silent_at(mixed, 1_000)
        assert recorded[1].duration_ms == len(stereo) // 8
        decoded = miniaudio.decode_file(
            str(tmp_path / "stereo.mp3"), nchannels=2, sample_rate=8_000
        )
        from_mp3 = np.asarray(decoded.samples, np.int16).reshape(-1, 2)
        assert recorded[4].size == (tmp_path / "stereo.mp3").stat().st_size
        assert len(from_mp3) / 8 == pytest.approx(recorded[4].duration_ms, abs=250)
        assert pitch(from_mp3[:, 0]) == pytest.approx(440, abs=5)
        assert pitch(from_mp3[:, 1]) == pytest.approx(1_000, abs=5)

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
