"""Speech from the engines that are really there."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from opentact.adapters.audio.wav import RATE, Samples, read_raw
from opentact.adapters.speech.drivers import Driver, installed
from opentact.adapters.speech.engine import LocalSpeech
from opentact.voice.speech import NoSpeechDriver, SpeechBusy, SpeechFailed, SpeechTooLong
from opentact.voice.voices import VOICES, choose

DRIVERS = {driver.name: driver for driver in installed()}
MENU = "Press one for sales. Press two for support, or stay on the line."
LONG = "word " * 800


def driver_named(name: str) -> Sequence[Driver]:
    if not DRIVERS[name].info().available:
        pytest.skip(f"{name} is not installed")
    return [DRIVERS[name]]


@pytest.fixture
async def speech(tmp_path: Path) -> AsyncIterator[LocalSpeech]:
    """Speech by the espeak-ng library, which the tests' own dependencies bring."""
    speech = LocalSpeech(tmp_path, drivers=driver_named("espeakng-loader"))
    yield speech
    await speech.close()


def loudness(samples: Samples, ms: int = 20) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """Root mean square of each piece of `ms`."""
    size = RATE * ms // 1000
    pieces = samples[: len(samples) // size * size].reshape(-1, size).astype(float)
    found: np.ndarray[tuple[int], np.dtype[np.float64]] = np.sqrt((pieces**2).mean(axis=1))
    return found


@pytest.mark.parametrize("name", DRIVERS)
async def test_every_driver_speaks(name: str, tmp_path: Path) -> None:
    speech = LocalSpeech(tmp_path, drivers=driver_named(name))
    short = read_raw(await speech.speak("Press one.", choose()))
    long = read_raw(await speech.speak(MENU, choose()))
    await speech.close()

    # People say ten to twenty characters a second.
    assert len(MENU) / 20 < len(long) / RATE < len(MENU) / 10
    assert len(long) > 3 * len(short)
    loud = loudness(long)
    assert 0.4 < (loud > 300).mean() < 0.98  # most of it sounds, and there are pauses
    assert loud.std() / loud.mean() > 0.3  # a tone or noise would be even
    assert np.abs(long).max() < 32_767


async def test_every_voice_of_the_dictionary_is_spoken(speech: LocalSpeech) -> None:
    heard = {
        voice.code: (await speech.speak("1 2 3 4 5", choose(code=voice.code))).stat().st_size
        for voice in VOICES
    }
    assert {code for code, size in heard.items() if size < RATE} == set()


async def test_men_and_women_and_languages_sound_different(speech: LocalSpeech) -> None:
    codes = ["en-US-Standard-C", "en-US-Standard-D", "en-GB-Standard-C", "de-DE-Standard-C"]
    sounds = {(await speech.speak(MENU, choose(code=code))).read_bytes() for code in codes}
    assert len(sounds) == len(codes)


@pytest.mark.parametrize("name", DRIVERS)
async def test_what_was_said_before_is_not_said_again(name: str, tmp_path: Path) -> None:
    speech = LocalSpeech(tmp_path, drivers=driver_named(name))
    await speech.speak(MENU, choose())
    after = (await speech.speak("Hello.", choose())).stat().st_size
    await speech.close()
    assert after < 2 * RATE * 2


class TestMemory:
    async def test_the_same_text_is_made_once(self, speech: LocalSpeech) -> None:
        first = await speech.speak(MENU, choose())
        made = first.stat().st_ino
        again = await speech.speak(f"\n  {MENU.replace(' ', '  ')}\t", choose("en"))
        assert (again, again.stat().st_ino) == (first, made)

    async def test_asked_at_the_same_time_it_is_made_once(
        self, speech: LocalSpeech, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked = []
        ask = speech._workers.ask

        async def counted(question: dict[str, object]) -> dict[str, object]:
            asked.append(question["text"])
            return await ask(question)

        monkeypatch.setattr(speech._workers, "ask", counted)
        paths = await asyncio.gather(*(speech.speak(MENU, choose()) for _ in range(20)))
        assert asked == [MENU]
        assert len(set(paths)) == 1

    async def test_it_survives_a_restart(self, speech: LocalSpeech, tmp_path: Path) -> None:
        path = await speech.speak(MENU, choose())
        again = LocalSpeech(tmp_path, drivers=driver_named("espeakng-loader"))
        assert await again.speak(MENU, choose()) == path
        assert again._workers.pids == []
        await again.close()


class TestRefusing:
    async def test_a_text_that_is_too_long(self, speech: LocalSpeech) -> None:
        with pytest.raises(SpeechTooLong, match="4,097 characters; 4,096 may be"):
            await speech.speak("a" * 4097, choose())

    async def test_nothing_installed_says_what_to_install(self, tmp_path: Path) -> None:
        speech = LocalSpeech(tmp_path, drivers=[])
        await speech.warm()
        with pytest.raises(NoSpeechDriver, match="run `pip install espeakng-loader`"):
            await speech.speak("Hello", choose())

    async def test_only_english_installed_says_so_of_german(self, tmp_path: Path) -> None:
        speech = LocalSpeech(tmp_path, drivers=driver_named("flite"))
        with pytest.raises(NoSpeechDriver, match="nothing installed speaks de-DE"):
            await speech.speak("Hallo", choose("de"))

    async def test_more_than_can_wait(
        self, speech: LocalSpeech, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("opentact.adapters.speech.engine.MAX_WAITING", 2)
        waiting = [asyncio.ensure_future(speech.speak(text, choose())) for text in ("a b", "c d")]
        await asyncio.sleep(0)
        with pytest.raises(SpeechBusy):
            await speech.speak("e f", choose())
        await asyncio.gather(*waiting)


class TestText:
    @pytest.mark.parametrize(
        "text", ["", " \n", "...", "\x00\x07", "\ud800", "--help", "<speak>", "[[", "\U0001f600"]
    )
    async def test_odd_text_is_spoken_or_silent(self, speech: LocalSpeech, text: str) -> None:
        assert (await speech.speak(text, choose())).exists()

    async def test_markup_is_read_out_and_not_obeyed(self, speech: LocalSpeech) -> None:
        marked = await speech.speak('Hello <break time="9s"/> you', choose())
        assert marked.stat().st_size < 9 * RATE * 2


class TestTheProcess:
    async def test_killed_in_the_middle_it_is_started_anew(self, speech: LocalSpeech) -> None:
        await speech.speak("Hello", choose())
        [pid] = speech._workers.pids
        # Stopped it takes the question and cannot answer before it is killed.
        os.kill(pid, signal.SIGSTOP)
        speaking = asyncio.ensure_future(speech.speak(LONG, choose()))
        while "busy" not in repr(speech._workers._all[0]):  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0)
        os.kill(pid, signal.SIGKILL)

        assert (await speaking).stat().st_size > 100 * RATE * 2
        assert (await speech.speak("Hello again", choose())).exists()
        assert speech._workers.pids != [pid]

    async def test_a_text_that_takes_too_long_harms_only_itself(self, tmp_path: Path) -> None:
        speech = LocalSpeech(tmp_path, drivers=driver_named("espeakng-loader"))
        await speech.warm()
        [pid] = speech._workers.pids
        os.kill(pid, signal.SIGSTOP)
        speech._workers._all[0]._timeout = 0.05
        with pytest.raises(SpeechFailed, match="espeakng-loader took too long"):
            await speech.speak(LONG, choose())
        assert os.listdir(tmp_path) == []  # noqa: PTH208 - nothing half-made is left behind
        speech._workers._all[0]._timeout = 60
        assert (await speech.speak("Hello", choose())).exists()
        await speech.close()

    async def test_closing_ends_what_is_spoken(self, speech: LocalSpeech) -> None:
        await speech.warm()
        [pid] = speech._workers.pids
        speaking = asyncio.ensure_future(speech.speak(LONG, choose()))
        await asyncio.sleep(0)
        await speech.close()

        with pytest.raises((SpeechFailed, asyncio.CancelledError)):
            await speaking
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
