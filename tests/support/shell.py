"""Shell blocks of the documentation, run against a live server as a reader would run them.

Only the addresses are replaced, and `.venv/bin/opentact` by the program under test. What a
block's requests answer is printed line by line, so that a test can look at every answer.
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.live_server import Server
from support.peers import LOOPBACK, require

SECONDS = 120.0  # for all blocks of a page; a call in them is a few seconds
# Answers are one line each: curl ends none of its own.
PRELUDE = """set -euo pipefail
curl() { command curl "$@"; echo; }
"""


@dataclass(frozen=True, slots=True)
class Session:
    """What a shell said."""

    output: str

    @property
    def answers(self) -> list[dict[str, Any]]:
        """Every answer of the API, in order."""
        return [json.loads(line) for line in self.output.splitlines() if line.startswith('{"')]


def run(script: str, server: Server, folder: Path) -> Session:
    """Run a page's blocks in one shell; fail if any command does.

    `folder` holds the data folder under the name `data`, as a checkout does.
    """
    require("curl", package="curl")
    program = Path(sys.executable).parent / "opentact"
    for written, true in (
        (f"{LOOPBACK}:8080", server.http),
        ("localhost:8080", server.http),
        (".venv/bin/opentact", str(program)),
    ):
        script = script.replace(written, true)
    done = subprocess.run(
        ["bash", "-c", PRELUDE + script],
        cwd=folder,
        env={**os.environ, "OPENTACT_SIP": server.sip, "OPENTACT_HTTP": server.http},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return Session(done.stdout)
