from pathlib import Path

import miniaudio
import numpy as np
import pytest

from adapters.media.peer import pitch, tone
from opentact.adapters.media.mp3_file import Mp3File
from opentact.voice.rtp.g711 import Samples, encode


def decoded(path: Path, channels: int = 1) -> Samples:
    found = miniaudio.decode_file(str(path), nchannels=channels, sample_rate=8_000)
    return np.asarray(found.samples, np.int16).reshape(-1, channels)


def write(file: Mp3File, hertz: float, seconds: float, *, track: int = 0, start: int = 0) -> None:
    """Write a tone, a packet after the other, a quarter of a second in one go."""
    said = encode(tone(hertz, seconds), "PCMU")
    blocks = [(track, start + at, said[at : at + 160], "PCMU") for at in range(0, len(said), 160)]
    for at in range(0, len(blocks), 12):
        some = blocks[at : at + 12]
        file.write([(t, position, data, "PCMU") for t, position, data, _ in some], some[-1][1])


def test_it_is_as_long_as_the_call_and_sounds_like_it(tmp_path: Path) -> None:
    path = tmp_path / "r.mp3"
    file = Mp3File(str(path), 80_000)
    file.open()
    write(file, 440, 5)
    write(file, 1_000, 3, start=40_000)
    size = file.finish(64_000)
    audio = decoded(path)[:, 0]
    assert size == path.stat().st_size
    # an encoder begins up to a tenth of a second early and ends with a whole frame
    assert len(audio) == pytest.approx(64_000, abs=2_000)
    assert pitch(audio[4_000:36_000]) == pytest.approx(440, abs=2)
    assert pitch(audio[44_000:60_000]) == pytest.approx(1_000, abs=2)


def test_it_grows_while_the_call_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "r.mp3"
    file = Mp3File(str(path), 80_000)
    file.open()
    write(file, 440, 4)
    so_far = decoded(path)[:, 0]
    assert 12_000 <= len(so_far) <= 20_000
    assert pitch(so_far[2_000:]) == pytest.approx(440, abs=3)
    file.close()


def test_a_long_silence_is_as_long_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "r.mp3"
    file = Mp3File(str(path), 10_000_000)
    file.open()
    write(file, 440, 1)
    write(file, 440, 1, start=160_000)
    file.finish(170_000)
    audio = np.abs(decoded(path)[:, 0].astype(float))
    assert len(audio) == pytest.approx(170_000, abs=2_000)
    assert audio[12_000:156_000].max() < 50
    assert audio[163_000:166_000].max() > 4_000


def test_the_sides_keep_their_channels(tmp_path: Path) -> None:
    path = tmp_path / "r.mp3"
    file = Mp3File(str(path), 80_000, tracks=2, channels=2)
    file.open()
    write(file, 440, 1.5)
    write(file, 1_000, 1.5, track=1)
    file.finish(12_000)
    audio = decoded(path, channels=2)
    assert pitch(audio[:, 0]) == pytest.approx(440, abs=5)
    assert pitch(audio[:, 1]) == pytest.approx(1_000, abs=5)


def test_nothing_is_longer_than_its_limit(tmp_path: Path) -> None:
    path = tmp_path / "r.mp3"
    file = Mp3File(str(path), 4_000)
    file.open()
    write(file, 440, 3)
    file.finish(4_000)
    assert len(decoded(path)) <= 4_000 + 2_000


def test_a_file_that_is_there_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "r.mp3"
    path.write_bytes(b"dear")
    with pytest.raises(FileExistsError):
        Mp3File(str(path), 4_000).open()
    assert path.read_bytes() == b"dear"
