import errno
import os
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentact.adapters.media.background import Background
from opentact.adapters.media.commands import Record
from opentact.adapters.media.recording import Recording
from opentact.adapters.media.wav_file import WavFile, joined
from opentact.voice.media import Recorded, RecordFailed
from opentact.voice.rtp.g711 import Codec, decode
from opentact.voice.rtp.wav import HEADER_BYTES, samples

LOUD, QUIET = b"\x00" * 160, b"\xff" * 160


@pytest.fixture
def background() -> Iterator[Background]:
    made = Background("test")
    yield made
    made.close()


def packet(number: int, payload: bytes = LOUD) -> tuple[bytes, Codec, int, int]:
    return payload, "PCMU", 1, number * 160


def finish(background: Background) -> None:
    """Let the threads do all they have, and hand their results over."""
    for run in (background.run, background.run_beside) * 3:
        done = Event()
        run(done.set, lambda _: None)
        assert done.wait(5)
        background.deliver()


def test_the_file_is_readable_at_every_moment(background: Background, tmp_path: Path) -> None:
    path = tmp_path / "r.wav"
    told: list[Recorded | RecordFailed] = []
    recording = Recording(Record(1, str(path), None, None), background, told.append, 0.0)
    for number in range(40):
        recording.heard(*packet(number), number * 0.02)
        recording.tick(number * 0.02)
        finish(background)
        data = path.read_bytes()
        assert samples(data) * 2 <= len(data) - HEADER_BYTES
        # what is not in the file yet is less than a quarter of a second
        assert samples(data) >= (number + 1) * 160 - 2_240
    recording.finish("stopped", 0.8)
    finish(background)
    assert told == [Recorded(1, 800, HEADER_BYTES + 12_800, "stopped")]
    assert samples(path.read_bytes()) == 6_400


def test_the_last_words_count_against_silence(background: Background, tmp_path: Path) -> None:
    told: list[Recorded | RecordFailed] = []
    command = Record(1, str(tmp_path / "r.wav"), None, 500)
    recording = Recording(command, background, told.append, 0.0)
    for number in range(100):
        now = number * 0.02
        recording.heard(*packet(number, LOUD if number == 30 else QUIET), now)
        recording.tick(now)
        if number == 24:
            assert not recording.finished
        if recording.finished:
            break
    # nothing was said at first: half a second of that ends it too
    assert number == 25
    finish(background)
    assert told == [Recorded(1, 500, HEADER_BYTES + 8_000, "silence")]


def test_a_full_disk_ends_the_recording_not_the_call(
    background: Background, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Recorded | RecordFailed] = []
    path = tmp_path / "r.wav"
    recording = Recording(Record(1, str(path), None, None), background, told.append, 0.0)
    finish(background)

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "pwrite", full)
    recording.heard(*packet(0), 0)
    recording.tick(0.3)
    finish(background)
    recording.heard(*packet(20), 0.4)
    recording.tick(0.7)
    recording.finish("stopped", 0.8)
    finish(background)
    assert told == [RecordFailed(1, "No space left on device")]


def test_a_disk_that_does_not_keep_up_ends_the_recording(
    background: Background, tmp_path: Path
) -> None:
    told: list[Recorded | RecordFailed] = []
    stuck = Event()
    background.run(lambda: stuck.wait(10), lambda _: None)
    command = Record(1, str(tmp_path / "r.wav"), None, None)
    recording = Recording(command, background, told.append, 0.0)
    for number in range(1_000):
        recording.heard(*packet(number), number * 0.02)
        recording.tick(number * 0.02)
    stuck.set()
    finish(background)
    assert told == [RecordFailed(1, "the disk does not keep up")]


def test_an_unwritable_file_is_told_once_with_its_first_reason(
    background: Background, tmp_path: Path
) -> None:
    told: list[Recorded | RecordFailed] = []
    command = Record(1, str(tmp_path / "no" / "r.wav"), None, None)
    recording = Recording(command, background, told.append, 0.0)
    recording.heard(*packet(0), 0.01)
    recording.finish("stopped", 0.02)
    finish(background)
    assert told == [RecordFailed(1, "No such file or directory")]


LAWS: list[Codec] = ["PCMU", "PCMA"]
blocks = st.lists(st.tuples(st.integers(-300, 900), st.binary(max_size=300), st.sampled_from(LAWS)))


@given(blocks=blocks, length=st.integers(0, 800), one_by_one=st.booleans())
def test_blocks_lie_where_they_belong_in_any_order(
    tmp_path_factory: pytest.TempPathFactory,
    blocks: list[tuple[int, bytes, Codec]],
    length: int,
    *,
    one_by_one: bool,
) -> None:
    path = tmp_path_factory.mktemp("wav") / "r.wav"
    expected = np.zeros(2_000, np.int16)
    file = WavFile(str(path), 800)
    file.open()
    for position, payload, codec in blocks:
        if one_by_one:
            file.write([(0, position, payload, codec)])
        for index, sample in enumerate(decode(payload, codec), start=position):
            if 0 <= index < 800:
                expected[index] = sample
    if not one_by_one:
        file.write([(0, *block) for block in blocks])
    size = file.finish(length)
    data = path.read_bytes()
    assert size == len(data) == HEADER_BYTES + 2 * length
    assert samples(data) == length
    assert np.array_equal(np.frombuffer(data[HEADER_BYTES:], "<i2"), expected[:length])


def test_blocks_that_follow_each_other_are_one() -> None:
    mu: Codec = "PCMU"
    blocks = [(0, 0, b"a", mu), (1, 5, b"x", mu), (0, 1, b"b", mu), (1, 6, b"y", mu)]
    apart = [(0, 3, b"c", mu), (0, 0, b"d", mu)]
    assert [*joined(blocks + apart)] == [(0, 0, b"ab", mu), (1, 5, b"xy", mu), *apart]
    other_law: Codec = "PCMA"
    assert len([*joined([(0, 0, b"a", mu), (0, 1, b"b", other_law)])]) == 2


def test_a_recording_that_runs_waits_for_no_other_that_is_being_made_sure(
    background: Background, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Recorded | RecordFailed] = []
    disk, runs, ends = Event(), tmp_path / "runs.wav", tmp_path / "ends.wav"
    monkeypatch.setattr(os, "fsync", lambda _: disk.wait(5))
    done = Recording(Record(1, str(ends), None, None), background, told.append, 0.0)
    done.finish("stopped", 1.0)
    running = Recording(Record(2, str(runs), None, None), background, told.append, 0.0)
    for number in range(20):
        running.heard(*packet(number), number * 0.02)
    running.tick(0.4)
    for _ in range(3):
        written = Event()
        background.run(written.set, lambda _: None)
        assert written.wait(5)
        background.deliver()
    assert samples(runs.read_bytes()) == 3_200
    assert told == [], "the other is not sure yet"
    disk.set()
    finish(background)
    assert [each.record for each in told] == [1]


def test_a_disk_that_cannot_be_sure_of_a_file_fails_its_recording(
    background: Background, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Recorded | RecordFailed] = []

    def broken(_: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", broken)
    recording = Recording(
        Record(1, str(tmp_path / "r.wav"), None, None), background, told.append, 0.0
    )
    recording.finish("stopped", 1.0)
    finish(background)
    assert told == [RecordFailed(1, "Input/output error")]
