"""The speech process, spoken to by hand."""

import os
import resource
from pathlib import Path

from adapters.audio.children import child

MODULE = "opentact.adapters.speech.process"


def test_what_breaks_in_it_is_an_answer_and_no_end(tmp_path: Path) -> None:
    question = {"voice": "x", "target": "/nowhere", "text": "Hi", "path": str(tmp_path / "a")}
    with child(MODULE) as speech:
        assert "KeyError" in speech.ask({"driver": "parrot"} | question)["failed"]
        assert "OSError" in speech.ask({"driver": "espeakng-loader"} | question)["failed"]
        assert "FileNotFoundError" in speech.ask({"driver": "flite"} | question)["failed"]
        assert "TypeError" in speech.ask({"nonsense": True})["failed"]
        assert speech.leave() == 0


def test_a_program_that_fails_says_why(tmp_path: Path) -> None:
    program = tmp_path / "flite"
    program.write_text("#!/bin/sh\necho no such voice: $2 >&2\nexit 3\n")
    program.chmod(0o755)
    with child(MODULE) as speech:
        answer = speech.ask(
            {
                "driver": "flite",
                "voice": "nobody",
                "target": str(program),
                "text": "Hi",
                "path": str(tmp_path / "a"),
            }
        )
    assert answer == {"failed": "RuntimeError: ended with 3: no such voice: nobody"}


def test_it_gives_way_to_calls_and_leaves_no_core_files(tmp_path: Path) -> None:
    with child(MODULE) as speech:
        speech.ask({"nonsense": True})
        assert resource.prlimit(speech.process.pid, resource.RLIMIT_CORE) == (0, 0)
        assert speech.niceness() == min(os.nice(0) + 5, 19)  # 19 is the nicest there is
