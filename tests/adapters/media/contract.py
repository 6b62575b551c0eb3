"""What every media engine must do, wherever it runs; each driver proves itself by subclassing."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

import numpy as np
import pytest
from numpy.typing import NDArray

from adapters.media.peer import FRAME, HOST, Peer, audio_of, pitch, tone
from opentact.adapters.media.settings import MediaSettings
from opentact.voice.media import (
    DigitHeard,
    Latched,
    MediaEngine,
    MediaEvent,
    MediaLeg,
    NoMediaPorts,
    Played,
    Recorded,
    RtpTimeout,
)
from opentact.voice.rtp.g711 import Codec
from opentact.voice.rtp.tones import Tone
from opentact.voice.rtp.wav import HEADER_BYTES, samples
from support.peers import MEDIA_FIRST, MEDIA_LAST, free_ports

T = TypeVar("T", bound=MediaEvent)

SETTINGS = MediaSettings(
    first_port=MEDIA_FIRST, last_port=MEDIA_LAST, rtp_timeout=0.3, report_every=0.2
)


async def event(leg: MediaLeg, kind: type[T]) -> T:
    """Wait for the next event of that kind, passing over others."""
    async with asyncio.timeout(5):
        while True:
            heard = await leg.events.get()
            if isinstance(heard, kind):
                return heard


def write_raw(path: Path, audio: NDArray[np.int16]) -> Path:
    path.write_bytes(audio.astype("<i2").tobytes())
    return path


def recorded_samples(path: Path) -> NDArray[np.int16]:
    data = path.read_bytes()
    assert samples(data) * 2 == len(data) - HEADER_BYTES
    return np.frombuffer(data[HEADER_BYTES:], "<i2")


class EngineContract:
    """An engine per test, and a leg in it; a driver says how it is made."""

    async def make(self, settings: MediaSettings) -> MediaEngine:
        raise NotImplementedError

    @pytest.fixture
    async def engine(self) -> AsyncIterator[MediaEngine]:
        engine = await self.make(SETTINGS)
        yield engine
        await engine.close()

    @pytest.fixture
    async def leg(self, engine: MediaEngine) -> MediaLeg:
        return await engine.open(uuid4(), HOST)


class MediaContract(EngineContract):
    async def test_ports_are_even_and_each_leg_has_its_own(self, engine: MediaEngine) -> None:
        legs = [await engine.open(uuid4(), HOST) for _ in range(5)]
        assert len({leg.port for leg in legs}) == 5
        assert [leg.port % 2 for leg in legs] == [0] * 5
        assert all(MEDIA_FIRST <= leg.port <= MEDIA_LAST for leg in legs)

    async def test_says_when_no_port_is_left(self) -> None:
        first = free_ports(4)
        engine = await self.make(MediaSettings(first_port=first, last_port=first + 3))
        try:
            await engine.open(uuid4(), HOST)
            last = await engine.open(uuid4(), HOST)
            await last.close()
            with pytest.raises(NoMediaPorts, match=r"no media port is free on 127\.0\.0\.1"):
                await engine.open(uuid4(), HOST)
        finally:
            await engine.close()

    async def test_an_address_that_is_not_ours_is_refused(self, engine: MediaEngine) -> None:
        with pytest.raises(NoMediaPorts, match=r"192\.0\.2\.1"):
            await engine.open(uuid4(), "192.0.2.1")

    async def test_sends_silence_from_the_start(self, leg: MediaLeg) -> None:
        async with Peer() as peer:
            leg.connect(peer.negotiated())
            heard = await peer.hears(5)
        assert {packet.payload for packet in heard} == {b"\xff" * FRAME}
        assert [p.sequence - heard[0].sequence for p in heard] == [0, 1, 2, 3, 4]
        assert [(p.timestamp - heard[0].timestamp) % 2**32 for p in heard] == [
            0, 160, 320, 480, 640
        ]  # fmt: skip
        assert [packet.marker for packet in heard] == [True, False, False, False, False]
        assert peer.sources[0] == (leg.host, leg.port)

    @pytest.mark.parametrize("codec", ["PCMU", "PCMA"])
    async def test_plays_a_file_so_that_it_is_heard(
        self, leg: MediaLeg, codec: Codec, tmp_path: Path
    ) -> None:
        async with Peer(codec) as peer:
            leg.connect(peer.negotiated())
            leg.play(7, write_raw(tmp_path / "a.raw", tone(440, 0.5)))
            played = asyncio.ensure_future(event(leg, Played))
            heard = audio_of(await peer.hears_until(played), codec)
        assert played.result() == Played(7, "end")
        loud = heard[np.abs(heard) > 40]
        assert pitch(heard) == pytest.approx(440, abs=5)
        assert len(loud) > 3_500

    async def test_queued_plays_follow_to_the_sample(self, leg: MediaLeg, tmp_path: Path) -> None:
        # 250 samples end in the middle of a packet
        first = write_raw(tmp_path / "a.raw", np.full(250, 8_031, np.int16))
        second = write_raw(tmp_path / "b.raw", np.full(330, -8_031, np.int16))
        async with Peer("PCMA") as peer:
            leg.connect(peer.negotiated())
            leg.play(1, first, loop=2)
            leg.play(2, second)
            assert await event(leg, Played) == Played(1, "end")
            assert await event(leg, Played) == Played(2, "end")
            await peer.hears(1)
            heard = audio_of(peer.heard, "PCMA")
        [start, *_] = np.flatnonzero(heard > 1_000)
        assert (heard[start : start + 500] > 1_000).all()
        assert (heard[start + 500 : start + 830] < -1_000).all()
        assert (np.abs(heard[start + 830 :]) < 100).all()

    async def test_stop_ends_all_that_waits(self, leg: MediaLeg, tmp_path: Path) -> None:
        audio = write_raw(tmp_path / "a.raw", tone(440, 0.1))
        async with Peer() as peer:
            leg.connect(peer.negotiated())
            leg.play(1, audio, loop=0)
            leg.play(2, audio)
            await peer.hears(20)
            leg.stop()
            ended = [await event(leg, Played), await event(leg, Played)]
            await peer.hears(2)
            quiet = audio_of(await peer.hears(3), "PCMU")
        assert ended == [Played(1, "stopped"), Played(2, "stopped")]
        assert np.abs(quiet).max() == 0

    async def test_a_file_that_is_not_there_fails_by_name(
        self, leg: MediaLeg, tmp_path: Path
    ) -> None:
        (tmp_path / "empty.raw").touch()
        async with Peer() as peer:
            leg.connect(peer.negotiated())
            leg.play(1, tmp_path / "nothing.raw")
            leg.play(2, tmp_path / "empty.raw")
            assert await event(leg, Played) == Played(1, "failed", "No such file or directory")
            assert await event(leg, Played) == Played(2, "failed", "no audio in the file")

    async def test_nothing_plays_before_connect(self, leg: MediaLeg, tmp_path: Path) -> None:
        leg.play(1, write_raw(tmp_path / "a.raw", tone(440, 0.1)))
        assert await event(leg, Played) == Played(1, "failed", "not connected")

    async def test_plays_tones(self, leg: MediaLeg) -> None:
        async with Peer() as peer:
            leg.connect(peer.negotiated())
            leg.tones(1, [Tone((620,), 300)])
            played = asyncio.ensure_future(event(leg, Played))
            heard = audio_of(await peer.hears_until(played), "PCMU")
            leg.tones(2, [Tone((5_000,), 300)])
            refused = await event(leg, Played)
        assert played.result() == Played(1, "end")
        assert pitch(heard) == pytest.approx(620, abs=5)
        why = "a tone of 5000 Hz, expected one between 0 and 4000 Hz"
        assert refused == Played(2, "failed", why)

    async def test_latches_to_the_first_and_drops_strangers(self, leg: MediaLeg) -> None:
        async with Peer() as announced, Peer() as real, Peer(ssrc=9) as stranger:
            leg.connect(announced.negotiated())
            await announced.hears(2)
            for _ in range(3):
                real.send(leg.port, b"\xff" * FRAME)
            assert await event(leg, Latched) == Latched(real.address)
            await real.hears(3)
            for _ in range(4):
                stranger.send(leg.port, b"\x00" * FRAME)
            stranger.press(leg.port, 9)
            real.press(leg.port, 4)
            digit = await event(leg, DigitHeard)
            stats = await leg.close()
        assert digit.digit == "4"
        assert stats.strangers == 4 + 7 + 1
        # of the three that end the press, the last two may still wait to be read
        assert 2 + 5 <= stats.packets_received <= 2 + 7
        assert stranger.heard == []

    async def test_one_stray_packet_takes_no_call_over(self, leg: MediaLeg) -> None:
        async with Peer() as peer, Peer(ssrc=9) as stranger:
            leg.connect(peer.negotiated())
            stranger.send(leg.port, b"\x00" * FRAME)
            peer.send(leg.port, b"\xff" * FRAME)
            assert await event(leg, Latched) == Latched(peer.address)

    async def test_on_hold_a_prompt_waits(self, leg: MediaLeg, tmp_path: Path) -> None:
        async with Peer() as peer:
            leg.connect(peer.negotiated())
            await peer.hears(1)
            leg.connect(peer.negotiated("recvonly"))
            leg.play(1, write_raw(tmp_path / "a.raw", tone(440, 0.06)))
            leg.record(2, tmp_path / "hold.wav", max_ms=200)
            await event(leg, Recorded)
            held = len(peer.heard)
            leg.connect(peer.negotiated())
            assert await event(leg, Played) == Played(1, "end")
        assert held <= 3

    async def test_tells_once_that_nothing_is_heard(self, leg: MediaLeg, tmp_path: Path) -> None:
        async with Peer() as peer:
            leg.connect(peer.negotiated())
            assert await event(leg, RtpTimeout) == RtpTimeout(0.3)
            leg.record(2, tmp_path / "r.wav", max_ms=500)
            told = await asyncio.wait_for(leg.events.get(), 5)
        assert isinstance(told, Recorded)

    async def test_the_figures_of_a_call(self, engine: MediaEngine, leg: MediaLeg) -> None:
        async with Peer() as peer:
            leg.connect(peer.negotiated())
            await peer.speaks(leg.port, tone(500, 0.2))
            peer.sequence += 2
            await peer.speaks(leg.port, tone(500, 0.2))
            async with asyncio.timeout(5):
                while not any(each.get("packets_received") == 20 for each in engine.snapshot()):
                    await peer.hears(1)
            [vitals] = engine.snapshot()
            stats = await leg.close()
            again = await leg.close()
        assert again == stats
        assert vitals["leg"] == str(leg.leg)
        assert vitals["latched"] is True
        assert (vitals["codec"], vitals["direction"]) == ("PCMU", "sendrecv")
        assert (stats.packets_received, stats.bytes_received) == (20, 3_200)
        assert stats.lost == 2
        assert stats.packets_sent > 10
        assert stats.bytes_sent == stats.packets_sent * FRAME
        assert stats.first_rtp is not None
        assert stats.last_rtp is not None
        assert 0 <= stats.first_rtp <= stats.last_rtp
        assert engine.snapshot() == []
