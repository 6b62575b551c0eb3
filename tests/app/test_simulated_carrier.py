"""The simulated carrier called over real SIP and RTP: each outcome, as a caller meets it."""

import asyncio
import wave
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from opentact.adapters.media.inline import InlineMedia
from opentact.adapters.media.settings import MediaSettings
from opentact.app import carrier_outcomes, simulated_carrier
from opentact.app.carrier_outcomes import OUTCOMES
from opentact.app.simulate import Caller, CallOutcome, CallPlan
from opentact.app.simulated_carrier import NAME, SimulatedCarrier
from support.peers import MEDIA_FIRST, MEDIA_LAST

HOST = "127.0.0.1"


@pytest.fixture
async def carrier() -> AsyncIterator[SimulatedCarrier]:
    media = InlineMedia(MediaSettings(first_port=MEDIA_FIRST, last_port=MEDIA_LAST))
    made = await SimulatedCarrier.open(HOST, 0, media)
    try:
        yield made
    finally:
        await made.close()
        await media.close()


def outcome(monkeypatch: pytest.MonkeyPatch, digits: str, **changes: object) -> None:
    """Let an outcome take less time than in life."""
    changed = {**OUTCOMES, digits: replace(OUTCOMES[digits], **changes)}  # type: ignore[arg-type]
    monkeypatch.setattr(carrier_outcomes, "OUTCOMES", changed)


async def call(
    carrier: SimulatedCarrier, digits: str, *, seconds: float | None = None, **plan: object
) -> CallOutcome:
    called = f"+120255501{digits}"
    place = CallPlan("+12015550199", called, carrier.address, seconds=seconds, **plan)  # type: ignore[arg-type]
    async with asyncio.timeout(20):
        return await Caller(place).run()


def loudest_hz(file: Path) -> float:
    """The strongest frequency of the second half of a recording."""
    with wave.open(str(file)) as sound:
        rate = sound.getframerate()
        samples = np.frombuffer(sound.readframes(sound.getnframes()), "<i2").astype(float)
    half = samples[len(samples) // 2 :]
    spectrum = np.abs(np.fft.rfft(half * np.hanning(len(half))))
    return float(spectrum.argmax() * rate / len(half))


@pytest.mark.parametrize(
    ("digits", "status", "phrase"),
    [
        ("86", 486, "Busy Here"),
        ("53", 503, "Service Unavailable"),
        ("04", 404, "Not Found"),
        ("03", 603, "Decline"),
    ],
)
async def test_it_refuses(carrier: SimulatedCarrier, digits: str, status: int, phrase: str) -> None:
    found = await call(carrier, digits)
    assert (found.status, found.phrase) == (status, phrase)
    assert (found.rang_after is not None) is (digits == "03")


async def test_by_default_it_answers_and_plays_a_tone(
    carrier: SimulatedCarrier, tmp_path: Path
) -> None:
    heard = tmp_path / "heard.wav"
    found = await call(carrier, "42", seconds=1.5, heard=heard)
    assert found.status == 200
    assert found.rang_after is not None
    assert found.ended_by == "the caller hung up"
    assert found.heard_seconds > 0.8
    assert loudest_hz(heard) == pytest.approx(440, abs=4)


async def test_it_presses_keys(carrier: SimulatedCarrier) -> None:
    found = await call(carrier, "01", seconds=3.5)
    assert found.digits_heard == "1234#"


async def test_it_hangs_up(carrier: SimulatedCarrier, monkeypatch: pytest.MonkeyPatch) -> None:
    outcome(monkeypatch, "05", talk_s=0.5)
    found = await call(carrier, "05", seconds=10)
    assert found.ended_by == "the platform hung up"
    assert 0.3 < found.talked < 2


async def test_it_sends_back_what_it_hears(carrier: SimulatedCarrier, tmp_path: Path) -> None:
    said, heard = tmp_path / "said.raw", tmp_path / "heard.wav"
    at = np.arange(16_000) / 8_000
    said.write_bytes((8_000 * np.sin(2 * np.pi * 700 * at)).astype("<i2").tobytes())
    found = await call(carrier, "07", seconds=3, audio=said, first_key_after=0.2, heard=heard)
    assert found.heard_seconds > 1.5
    assert loudest_hz(heard) == pytest.approx(700, abs=5)


async def test_two_callers_of_one_number_hear_each_other_and_leave_together(
    carrier: SimulatedCarrier, tmp_path: Path
) -> None:
    said, heard = tmp_path / "said.raw", tmp_path / "heard.wav"
    at = np.arange(16_000) / 8_000
    said.write_bytes((8_000 * np.sin(2 * np.pi * 700 * at)).astype("<i2").tobytes())
    waited, second = await asyncio.gather(
        call(carrier, "10", seconds=15, heard=heard),
        call(carrier, "10", seconds=6, audio=said, first_key_after=1.5, last_digits="12#"),
    )
    assert (second.ended_by, waited.ended_by) == ("the caller hung up", "the platform hung up")
    assert waited.digits_heard == "12#"
    assert waited.heard_seconds > 1.0
    assert carrier._meetings._met == {}
    assert carrier._meetings._waiting == {}


async def test_its_voicemail_beeps_records_and_plays_it_back(
    carrier: SimulatedCarrier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome(monkeypatch, "02", ring_s=0.1)
    monkeypatch.setattr(simulated_carrier, "SILENCE_MS", 600)
    said, heard = tmp_path / "said.raw", tmp_path / "heard.wav"
    at = np.arange(8_000) / 8_000
    said.write_bytes((8_000 * np.sin(2 * np.pi * 700 * at)).astype("<i2").tobytes())
    found = await call(carrier, "02", seconds=12, audio=said, first_key_after=0.8, heard=heard)
    assert found.ended_by == "the platform hung up"
    assert found.heard_seconds > 1.2  # half a second of beep, a second of message
    assert loudest_hz(heard) == pytest.approx(700, abs=5)
    assert [*carrier._folder.glob("*.wav")] == []


async def test_ringing_may_be_heard_before_the_answer(
    carrier: SimulatedCarrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome(monkeypatch, "09", ring_s=1.0)
    found = await call(carrier, "09", seconds=0.2)
    assert found.answered_after is not None
    assert found.answered_after > 0.9
    assert found.heard_seconds > 0.5


async def test_nobody_answers(carrier: SimulatedCarrier, monkeypatch: pytest.MonkeyPatch) -> None:
    outcome(monkeypatch, "08", ring_s=0.3)
    found = await call(carrier, "08")
    assert (found.status, found.answered_after) == (480, None)


async def test_a_caller_who_gives_up_leaves_nothing_behind(
    carrier: SimulatedCarrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("opentact.app.simulate.RING_S", 0.3)
    found = await call(carrier, "08")
    assert found.ended_by == "the caller gave up ringing"
    async with asyncio.timeout(5):
        while carrier._tasks:
            await asyncio.wait(carrier._tasks)


async def test_a_name_is_no_number(carrier: SimulatedCarrier) -> None:
    plan = CallPlan("+12015550199", "alice", carrier.address)
    assert (await Caller(plan).run()).status == 484


async def test_it_is_a_carrier_by_the_name_of_the_provider(carrier: SimulatedCarrier) -> None:
    trunk = carrier.trunk()
    assert trunk.name == NAME == "dev"
    [target] = trunk.targets
    assert (target.host, target.port) == carrier.address


async def test_its_end_ends_its_calls(carrier: SimulatedCarrier) -> None:
    answered = asyncio.Event()

    def hear(words: str) -> None:
        if "answered" in words:
            answered.set()

    plan = CallPlan("+12015550199", "12025550142", carrier.address)
    calling = asyncio.create_task(Caller(plan, hear).run())
    async with asyncio.timeout(10):
        await answered.wait()
        await carrier.close()
        assert (await calling).ended_by == "the platform hung up"
