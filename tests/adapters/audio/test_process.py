"""The audio process, spoken to by hand."""

import os
import resource
from pathlib import Path

from adapters.audio.children import child
from opentact.adapters.audio.wav import tone, write_wav

MODULE = "opentact.adapters.audio.process"
GIGABYTE = 1024**3


def test_it_decodes_refuses_and_goes_with_its_parent(tmp_path: Path) -> None:
    source, target = tmp_path / "a.wav", tmp_path / "target"
    write_wav(source, tone(440, 1000))
    question = {"source": str(source), "target": str(target), "max_seconds": 600}
    with child(MODULE) as audio:
        assert audio.ask(question) == {"samples": 8000}
        assert target.stat().st_size == 16_000
        assert audio.ask(question | {"max_seconds": 0.5})["refused"] == "too_long"
        (tmp_path / "page").write_text("<html>")
        page = audio.ask(question | {"source": str(tmp_path / "page")})
        assert page["refused"] == "not_understood"
        assert audio.ask(question | {"source": "/nowhere"})["refused"] == "not_understood"
        assert audio.leave() == 0


def test_it_is_bounded(tmp_path: Path) -> None:
    source = write_wav(tmp_path / "a.wav", tone(440, 10))
    question = {"source": str(source), "target": str(tmp_path / "b"), "max_seconds": 1}
    with child(MODULE) as audio:
        audio.ask(question)
        pid = audio.process.pid
        assert resource.prlimit(pid, resource.RLIMIT_AS) == (GIGABYTE, GIGABYTE)
        assert resource.prlimit(pid, resource.RLIMIT_CORE) == (0, 0)
        assert resource.prlimit(pid, resource.RLIMIT_FSIZE)[0] < GIGABYTE
        assert audio.niceness() == min(os.nice(0) + 5, 19)  # 19 is the nicest there is
