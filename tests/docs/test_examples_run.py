import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from opentact.app.simulate import Caller, CallOutcome, CallPlan
from support.live_server import Customer, Server
from support.peers import dying_with_us
from support.sources import ROOT

pytestmark = pytest.mark.e2e

EXAMPLES = ROOT / "examples"
PATIENCE_S = 30.0


def environment(live: Server) -> dict[str, str]:
    mine = {"OPENTACT_TOKEN": live.token, "OPENTACT_URL": f"http://{live.http}"}
    return {**os.environ, **mine}


def run(live: Server, name: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, str(EXAMPLES / name), *arguments],
        env=environment(live),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


@asynccontextmanager
async def running(live: Server, name: str, *arguments: str) -> AsyncIterator[asyncio.StreamReader]:
    """Run an example that goes on; gives what it prints."""
    process = await asyncio.create_subprocess_exec(
        *dying_with_us([sys.executable, str(EXAMPLES / name), *arguments]),
        env=environment(live),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        yield process.stdout
    finally:
        process.kill()
        await process.wait()


async def line(stream: asyncio.StreamReader) -> str:
    async with asyncio.timeout(PATIENCE_S):
        return (await stream.readline()).decode().rstrip()


async def call(live: Server, number: int, digits: str = "", **more: object) -> CallOutcome:
    plan = CallPlan(
        caller="+12015550123",
        called=str(number),
        server=live.sip_address,
        digits=digits,
        seconds=PATIENCE_S,
        **more,  # type: ignore[arg-type]
    )
    return await Caller(plan).run()


async def paths(alice: Customer, number: int) -> list[str]:
    """Tell what the last call to a number ran, in order."""
    [found] = await alice.calls(to=str(number))
    logs = (await alice.call(found["uuid"]))["logs"]
    return [entry["command"]["path"] for entry in logs]


def test_a_number_is_ordered(live: Server) -> None:
    done = run(live, "order_a_number.py", "--number", "12125550142")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("+12125550142: success, $")


def test_what_cannot_be_ordered_is_said(live: Server) -> None:
    done = run(live, "order_a_number.py", "--state", "ZZ")
    assert done.returncode == 1
    assert done.stderr


def test_a_wrong_token_is_said(live: Server) -> None:
    env = {**environment(live), "OPENTACT_TOKEN": "nonsense"}
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / "order_a_number.py")],
        env=env,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert (done.returncode, "unauthorized" in done.stderr) == (1, True)
    assert "Traceback" not in done.stderr


async def test_a_server_of_yours_says_the_caller_his_number(live: Server, alice: Customer) -> None:
    async with running(live, "call_flow_server.py", "0") as printed:
        url = await line(printed)
        number = await alice.number_with_flow(call_flow_url=url)
        outcome = await call(live, number)
    assert (outcome.status, outcome.ended_by) == (200, "the platform hung up")
    assert outcome.heard_seconds > 2  # eleven digits and five words
    assert await paths(alice, number) == ["Say[0]", "Hangup[0]"]


async def hear_everything(alice: Customer) -> None:
    """Remove what subscriptions the guides have made: they would narrow what is heard."""
    for each in await alice.ask("GET", "/rest/event/subscription"):
        await alice.ask("DELETE", f"/rest/event/subscription/{each['uuid']}")


async def test_events_are_watched_as_they_happen(live: Server, alice: Customer) -> None:
    await hear_everything(alice)
    async with running(live, "watch_events.py") as printed:
        assert await line(printed) == "listening"
        number = await alice.order_number()
        while "tn_order" not in (heard := await line(printed)):
            assert heard
    assert str(number)


async def test_the_menu_takes_a_key(live: Server, alice: Customer) -> None:
    number = await alice.number_with_flow((EXAMPLES / "answer_with_a_menu.xml").read_text())
    outcome = await call(live, number, "1", first_key_after=1.5)
    assert outcome.ended_by == "the platform hung up"
    ran = await paths(alice, number)
    assert "Gather[0]/DTMF[0]/Say[0]" in ran
    assert ran[-1] == "Hangup[0]"


async def test_the_voicemail_keeps_a_message(live: Server, alice: Customer, tmp_path: Path) -> None:
    flow = (EXAMPLES / "voicemail.xml").read_text()
    # Closed at every hour, so that the test does not depend on when it runs.
    number = await alice.number_with_flow(flow.replace("09:00:00-16:59:59", "00:00:00-00:00:01"))
    outcome = await call(live, number, ",,,,,,#")
    assert outcome.status == 200
    [found] = await alice.calls(to=str(number))
    [record] = (await alice.call(found["uuid"]))["records"]
    assert (record["tag"], record["state"]) == ("voicemail", "stored")
    assert json.dumps(record["url"]).count("signature=") == 1
