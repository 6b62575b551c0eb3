"""Words from real speech: flite speaks, Whisper listens, in its own process."""

import os
import shutil
import signal
import subprocess
import wave
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
import soxr

from opentact.adapters.audio.wav import RATE, Samples
from opentact.adapters.speech.transcriber import LocalTranscriber
from opentact.voice.transcripts import NoTranscriber, TranscriptionFailed

MORNING = "The meeting is on Monday at nine in the morning."
LATER = "Please call me back tomorrow."


@pytest.fixture
async def transcriber() -> AsyncIterator[LocalTranscriber]:
    """What the tests' own dependencies bring."""
    made = LocalTranscriber(timeout=120)
    [driver] = made.drivers()
    assert driver.available, driver.why_not
    yield made
    await made.rest()


def spoken(text: str, folder: Path, voice: str = "slt") -> Samples:
    """Speech as a telephone carries it: 8,000 Hz."""
    if shutil.which("flite") is None:
        pytest.skip("flite is not installed")
    file = folder / "spoken.wav"
    command = ["flite", "-voice", voice, "-t", text, "-o", str(file)]
    subprocess.run(command, check=True, capture_output=True)
    with wave.open(str(file), "rb") as sound:
        rate, raw = sound.getframerate(), sound.readframes(sound.getnframes())
    samples: Samples = soxr.resample(np.frombuffer(raw, dtype="<i2"), rate, RATE)
    return samples


def silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * RATE), dtype=np.int16)


def wav(folder: Path, *channels: Samples) -> Path:
    file = folder / "recording.wav"
    size = max(len(each) for each in channels)
    whole = np.zeros((size, len(channels)), dtype="<i2")
    for number, samples in enumerate(channels):
        whole[: len(samples), number] = samples
    with wave.open(str(file), "wb") as out:
        out.setnchannels(len(channels))
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(whole.tobytes())
    return file


def plain(text: str) -> str:
    """Words alone: how numbers and stops are written is taste."""
    kept = "".join(letter for letter in text.lower() if letter.isalnum() or letter == " ")
    return kept.replace("nine", "9")


async def test_what_was_said_is_written_down(transcriber: LocalTranscriber, tmp_path: Path) -> None:
    words = await transcriber.transcribe(wav(tmp_path, spoken(MORNING, tmp_path)), 1)
    assert words.language == "en"
    assert plain(words.as_members()["text"]) == plain(MORNING)
    assert all(0.3 < each.confidence <= 1 and each.channel == 1 for each in words.segments)


async def test_each_channel_is_listened_to_by_itself(
    transcriber: LocalTranscriber, tmp_path: Path
) -> None:
    first = spoken(MORNING, tmp_path)
    pause = silence(len(first) / RATE + 1)
    second = np.concatenate([pause, spoken(LATER, tmp_path, "rms")])
    words = await transcriber.transcribe(wav(tmp_path, first, second), 2)
    assert [each.channel for each in words.segments] == [1, 2]
    assert "monday" in plain(words.segments[0].text)
    assert "tomorrow" in plain(words.segments[1].text)
    assert words.segments[1].start == pytest.approx(len(first) / RATE + 1, abs=0.5)


async def test_a_long_recording_is_listened_to_in_pieces_that_cut_no_word(tmp_path: Path) -> None:
    transcriber = LocalTranscriber(piece_s=5, timeout=120)
    once = np.concatenate([spoken(LATER, tmp_path), silence(1)])
    words = await transcriber.transcribe(wav(tmp_path, np.tile(once, 5)), 1)
    await transcriber.rest()
    assert plain(words.as_members()["text"]).count("tomorrow") == 5
    starts = [each.start for each in words.segments]
    assert starts == sorted(starts)
    assert max(starts) > 3 * len(once) / RATE


async def test_sentences_one_after_the_other_are_heard_as_if_alone(
    transcriber: LocalTranscriber, tmp_path: Path
) -> None:
    once = np.concatenate([spoken(LATER, tmp_path), silence(2)])
    words = await transcriber.transcribe(wav(tmp_path, np.tile(once, 4)), 1)
    assert [plain(each.text) for each in words.segments] == [plain(LATER)] * 4
    for number, each in enumerate(words.segments):
        assert each.start == pytest.approx(number * len(once) / RATE, abs=0.5)


@pytest.mark.parametrize("seconds", [0, 0.1, 3])
async def test_silence_has_no_words(
    transcriber: LocalTranscriber, tmp_path: Path, seconds: float
) -> None:
    words = await transcriber.transcribe(wav(tmp_path, silence(seconds)), 1)
    assert (words.language, words.segments) == (None, ())


async def test_what_is_no_sound_fails_and_the_next_is_heard(
    transcriber: LocalTranscriber, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"RIFF" + os.urandom(2000))
    with pytest.raises(TranscriptionFailed, match="could not be made out"):
        await transcriber.transcribe(broken, 1)
    words = await transcriber.transcribe(wav(tmp_path, spoken(LATER, tmp_path)), 1)
    assert "tomorrow" in plain(words.as_members()["text"])


async def test_a_killed_process_is_started_again(
    transcriber: LocalTranscriber, tmp_path: Path
) -> None:
    file = wav(tmp_path, spoken(LATER, tmp_path))
    await transcriber.transcribe(file, 1)
    [pid] = transcriber.pids
    os.kill(pid, signal.SIGKILL)
    assert "tomorrow" in plain((await transcriber.transcribe(file, 1)).as_members()["text"])
    assert transcriber.pids not in ([], [pid])
    await transcriber.rest()
    assert transcriber.pids == []


async def test_without_a_model_it_says_what_to_do(tmp_path: Path) -> None:
    transcriber = LocalTranscriber(tmp_path / "nowhere")
    [driver] = transcriber.drivers()
    assert (driver.available, driver.voices) == (False, [])
    with pytest.raises(NoTranscriber, match="transcription_model"):
        await transcriber.transcribe(tmp_path / "any.wav", 1)
