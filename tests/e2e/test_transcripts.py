"""A caller leaves a message at a real server, and the account reads it."""

import asyncio
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from opentact.adapters.audio.shelf import AudioShelf
from opentact.adapters.http.fetcher import Fetcher
from opentact.app.simulate import Caller, CallPlan
from support.live_server import Customer, Server

VOICEMAIL = (
    '<Response><Record tag="vm" asr="true"><Pause length="20000" dtmf_stop="#"/></Record>'
    "</Response>"
)
MESSAGE = "The meeting is on Monday. Please call me back tomorrow."


async def sound_of(text: str, folder: Path) -> Path:
    """Speak it with flite, as a caller's sound."""
    flite = shutil.which("flite")
    if flite is None:
        pytest.skip("flite is not installed")
    file = folder / "message.wav"
    command = [flite, "-voice", "slt", "-t", text, "-o", str(file)]
    await asyncio.to_thread(subprocess.run, command, check=True, capture_output=True)
    fetcher = Fetcher()
    shelf = AudioShelf(fetcher, folder / "audio")
    try:
        return await shelf.from_file(file)
    finally:
        await shelf.close()
        await fetcher.close()


async def transcript(alice: Customer, call: str) -> dict[str, Any]:
    """Wait until the words of the call's recording are there."""
    async with asyncio.timeout(60):
        while True:
            told = [each for each in await alice.events(call) if each["type"] == "call_transcript"]
            if told:
                return dict(told[0])
            await asyncio.sleep(0.2)


async def test_a_message_is_written_down_after_the_call(
    live: Server, alice: Customer, tmp_path: Path
) -> None:
    number = await alice.number_with_flow(VOICEMAIL)
    plan = CallPlan(
        "+12015550123",
        str(number),
        live.sip_address,
        audio=await sound_of(MESSAGE, tmp_path),
        first_key_after=0.3,
        last_digits="#",
    )
    await Caller(plan).run()
    record = await alice.ended(number)
    event = await transcript(alice, record["uuid"])
    for word in ("meeting", "monday", "back", "tomorrow"):
        assert word in event["payload"]["text"].lower()
    assert (event["success"], event["payload"]["tag"]) == (True, "vm")
    events = await alice.events(record["uuid"])
    assert [each["seq"] for each in events] == list(range(1, len(events) + 1))
    [shown] = (await alice.call(record["uuid"]))["records"]
    assert shown["transcript"]["state"] == "stored"
    assert shown["transcript"]["text"] == event["payload"]["text"]
    moments = (await alice.ask("GET", f"/rest/call/{record['uuid']}/timeline"))["moments"]
    assert any("was put in words" in each["text"] for each in moments)
