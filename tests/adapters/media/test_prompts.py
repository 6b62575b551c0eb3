import os
import select
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from opentact.adapters.media.background import Background
from opentact.adapters.media.prompts import Prompts
from opentact.voice.rtp.g711 import Codec, encode

Got = bytes | OSError | ValueError

AUDIO = np.arange(-800, 800, dtype=np.int16)


@pytest.fixture
def background() -> Iterator[Background]:
    made = Background("test")
    yield made
    made.close()


def deliver(background: Background) -> None:
    """Wait for the thread, as the engine's poll does, and take what it made."""
    assert select.select([background], [], [], 5)[0]
    background.deliver()


def file(path: Path, audio: bytes = AUDIO.tobytes()) -> str:
    path.write_bytes(audio)
    return str(path)


@pytest.mark.parametrize("codec", ["PCMU", "PCMA"])
def test_a_file_comes_encoded_and_the_second_time_at_once(
    background: Background, tmp_path: Path, codec: Codec
) -> None:
    prompts, got = Prompts(background, 10_000), list[Got]()
    path = file(tmp_path / "a.raw")
    prompts.get(path, codec, got.append)
    assert got == []
    deliver(background)
    prompts.get(path, codec, got.append)
    assert got == [encode(AUDIO, codec)] * 2


def test_who_asks_while_it_loads_waits_for_the_same(background: Background, tmp_path: Path) -> None:
    prompts, got = Prompts(background, 10_000), list[Got]()
    path = file(tmp_path / "a.raw")
    for _ in range(3):
        prompts.get(path, "PCMU", got.append)
    deliver(background)
    assert len(got) == 3
    assert got[0] is got[1] is got[2]


def test_a_file_that_changed_is_read_again(background: Background, tmp_path: Path) -> None:
    prompts, got = Prompts(background, 10_000), list[Got]()
    prompts.get(file(tmp_path / "a.raw"), "PCMU", got.append)
    deliver(background)
    path = file(tmp_path / "a.raw", bytes(100))
    os.utime(path, (1, 1))
    prompts.get(path, "PCMU", got.append)
    deliver(background)
    assert got[1] == b"\xff" * 50


def test_the_least_used_is_forgotten(background: Background, tmp_path: Path) -> None:
    prompts, got = Prompts(background, 2_000), list[Got]()
    first, second = file(tmp_path / "1.raw", bytes(2_000)), file(tmp_path / "2.raw", bytes(3_000))
    for path in (first, second):
        prompts.get(path, "PCMU", got.append)
        deliver(background)
    prompts.get(second, "PCMU", got.append)
    assert len(got) == 3
    prompts.get(first, "PCMU", got.append)
    assert len(got) == 3
    deliver(background)
    assert len(got) == 4


def test_half_a_sample_at_the_end_is_left_out(background: Background, tmp_path: Path) -> None:
    prompts, got = Prompts(background, 2_000), list[Got]()
    prompts.get(file(tmp_path / "a.raw", bytes(5)), "PCMU", got.append)
    deliver(background)
    assert got == [b"\xff\xff"]


def test_what_cannot_be_read_is_told(
    background: Background, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("opentact.adapters.media.prompts.MAX_FILE_BYTES", 10)
    prompts, got = Prompts(background, 2_000), list[Got]()
    prompts.get(str(tmp_path / "nothing"), "PCMU", got.append)
    prompts.get("nul\0byte", "PCMU", got.append)
    prompts.get(str(tmp_path), "PCMU", got.append)
    deliver(background)
    prompts.get(file(tmp_path / "long.raw", bytes(12)), "PCMU", got.append)
    deliver(background)
    assert [type(each) for each in got] == [
        FileNotFoundError,
        ValueError,
        IsADirectoryError,
        ValueError,
    ]
    assert "more than 10 bytes" in str(got[3])
