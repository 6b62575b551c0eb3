import json
import subprocess
import sys
from pathlib import Path

import pytest

from support.live_server import customer, running_server

pytestmark = pytest.mark.e2e

FLOW = "<Response><Say>Hello, and goodbye.</Say><Hangup/></Response>"


def simulate(sip: str, to: int, *more: str) -> "subprocess.CompletedProcess[str]":
    program = [str(Path(sys.executable).parent / "opentact"), "simulate", "call"]
    return subprocess.run(
        [*program, "--from", "+12015550123", "--to", str(to), "--sip", sip, *more],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


async def test_a_call_is_placed_and_told_of(tmp_path: Path) -> None:
    with running_server(tmp_path / "data") as server:
        async with customer(server.http, server.token) as alice:
            number = await alice.number_with_flow(FLOW)
        heard = tmp_path / "heard.wav"
        done = simulate(server.sip, number, "--heard", str(heard))
        assert done.returncode == 0, done.stderr
        for expected in ("200 answered", "until the platform hung up", "packets"):
            assert expected in done.stdout
        assert heard.stat().st_size > 8000

        outcome = json.loads(simulate(server.sip, number, "--json").stdout)
        assert (outcome["status"], outcome["ended_by"]) == (200, "the platform hung up")
        assert outcome["heard_seconds"] > 0.5

        refused = simulate(server.sip, 12015550199)
        assert refused.returncode == 1
        assert refused.stderr == (
            "opentact: 12015550199 did not answer: 404 Not Found"
            ' (Q.850;cause=1;text="The number is not leased")\n'
        )
        assert "heard" not in refused.stdout
