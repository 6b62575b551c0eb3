"""`opentact call` and `opentact batch` against a running server."""

import asyncio
import json
from pathlib import Path

import pytest

from e2e.test_placed_calls import BUSY, MENU, PRESSES_1234, profile
from support.command import command as run
from support.live_server import Customer, Server

pytestmark = pytest.mark.e2e


async def test_a_call_is_placed_from_the_command_line_and_followed(
    live: Server, alice: Customer, tmp_path: Path
) -> None:
    await profile(alice)
    flow = tmp_path / "menu.xml"
    flow.write_text(MENU)
    options = ["--flow", str(flow), "--http", live.http, "--json"]
    told = await asyncio.to_thread(run, live.folder.parent, "call", PRESSES_1234, *options)
    assert told.returncode == 0, told.stderr
    call = json.loads(told.stdout)
    assert (call["state"], call["reason"]) == ("destroyed", "The call flow hung up: right")
    told = await asyncio.to_thread(run, live.folder.parent, "call", BUSY, *options, "--dry-run")
    rehearsed = json.loads(told.stdout)
    assert (rehearsed["dry_run"], rehearsed["allowed"]) == (True, True)


async def test_a_file_of_numbers_is_called_from_the_command_line(
    live: Server, alice: Customer, tmp_path: Path
) -> None:
    await profile(alice)
    flow, numbers = tmp_path / "flow.xml", tmp_path / "numbers.csv"
    flow.write_text("<Response><Hangup/></Response>")
    numbers.write_text("name,to\nAnn,+12125550142\nBob,12125550186\n")
    options = ["--flow", str(flow), "--http", live.http, "--json"]
    told = await asyncio.to_thread(run, live.folder.parent, "batch", str(numbers), *options)
    assert told.returncode == 0, told.stderr
    batch = json.loads(told.stdout)
    assert (batch["success"], batch["failed"]) == (1, 1)
    assert [each["cause"] for each in batch["results"]] == ["flow_hung_up", "busy"]
