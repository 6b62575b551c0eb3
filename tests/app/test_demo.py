import json
import re
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from opentact.app.demo import FLOW, in_words
from opentact.voice.callflow.document import read
from support.live_server import running_server
from support.peers import LOOPBACK, free_port
from support.sources import ROOT


def frame(name: str) -> dict[str, Any]:
    golden: dict[str, Any] = json.loads((ROOT / f"docs/events/{name}.json").read_text())
    return golden


@pytest.mark.parametrize(
    ("name", "who", "words"),
    [
        ("call_state.live", "call", "live"),
        ("call_flow", "flow", "Say[0]  Said 12 words"),
        ("call_flow.failed", "flow", "Gather[0]/Play[0]  FAILED: no answer (404)"),
        ("call_record", "recording", "voicemail: stored"),
        ("balance", "balance", "$814.85626"),
    ],
)
def test_an_event_is_told_in_words(name: str, who: str, words: str) -> None:
    told = in_words(frame(name))
    assert told is not None
    assert (told[0], re.sub(r" {2,}", "  ", told[1])) == (who, words)


def test_what_is_of_no_interest_is_passed_over() -> None:
    assert in_words(frame("tn_order")) is None


def test_its_flow_is_one_that_is_accepted() -> None:
    assert read(FLOW.encode()).size > 10


@pytest.mark.e2e
def test_it_shows_the_whole_job_and_leaves_a_recording_to_hear(tmp_path: Path) -> None:
    ports = f"{LOOPBACK}:{free_port()}", f"{LOOPBACK}:{free_port()}"
    program = [str(Path(sys.executable).parent / "opentact"), "demo", "--exit"]
    done = subprocess.run(
        [*program, "--data", str(tmp_path / "data"), "--http", ports[0], "--sip", ports[1]],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    told = done.stdout
    assert done.returncode == 0, told + done.stderr
    for expected in ("ordered", "200 answered", "presses 1", "message: stored", "flow_hung_up"):
        assert expected in told, told
    assert "FAILED" not in told
    link = re.search(r"http://[^/]+(/rest/record/\S+)", told)
    assert link is not None
    with (
        running_server(tmp_path / "data") as server,
        urllib.request.urlopen(f"http://{server.http}{link[1]}", timeout=30) as answer,
    ):
        sound = answer.read()
    assert sound[:4] == b"RIFF"
    assert len(sound) > 16_000  # a second at least
