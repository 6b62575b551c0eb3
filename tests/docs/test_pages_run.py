import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext, suppress
from pathlib import Path

import pytest

from opentact.app.simulate import Caller, CallPlan
from support.live_server import Customer, Refused, Server, running_server
from support.markdown import blocks
from support.shell import Session, run
from support.sources import ROOT

pytestmark = pytest.mark.e2e

GUIDES = sorted([*(ROOT / "docs/guide").glob("*.md"), *(ROOT / "docs/operating").glob("*.md")])
WITH_SHELL = [page for page in GUIDES if blocks(page, "sh")]
PATIENCE_S = 30.0
FLOW = '<Response><Say>Hello.</Say><Pause length="20000"/><Hangup/></Response>'
ACCESS = """TOKEN=$(python3 -c 'import json; print(json.load(open("data/credentials.json"))["demo"]["token"])')
API=http://127.0.0.1:8080/rest
"""  # noqa: E501 - as the README writes it


@asynccontextmanager
async def a_live_call(live: Server, number: int) -> AsyncIterator[None]:
    """Have a call going on, until the block ends it or is over."""
    plan = CallPlan("+12015550123", str(number), live.sip_address, seconds=PATIENCE_S)
    answered = asyncio.Event()

    def hear(words: str) -> None:
        if "answered" in words:
            answered.set()

    calling = asyncio.create_task(Caller(plan, hear).run())
    try:
        async with asyncio.timeout(PATIENCE_S):
            await answered.wait()
        yield
    finally:
        calling.cancel()
        await asyncio.gather(calling, return_exceptions=True)


def script(page: Path) -> str:
    """Join a page's blocks; those of `make` set up what the tests have."""
    texts = [block.text for block in blocks(page, "sh")]
    return "\n".join(text for text in texts if not text.startswith("make "))


async def hang_up_all(alice: Customer) -> None:
    """End what another page began and left: a page takes the first call it finds."""
    async with asyncio.timeout(20):
        while online := await alice.ask("GET", "/rest/call/online"):
            for call in online:
                with suppress(Refused):  # it has ended since
                    await alice.ask("DELETE", f"/rest/call/{call['uuid']}")


def test_the_readme_does_what_it_says(tmp_path: Path) -> None:
    # A server of its own: the README names the number it orders.
    with running_server(tmp_path / "data") as server:
        session: Session = run(script(ROOT / "README.md"), server, tmp_path)
    found, order, _flow, assigned, calls = [each["payload"] for each in session.answers]
    assert [number["state"] for number in found["data"]] == ["NJ", "NJ", "NJ"]
    assert (order["state"], order["success"]) == ("success", 1)
    assert assigned[0]["tn"]["tn"] == 12015550100
    assert "menu.xml: ok, 7 verbs" in session.output
    assert "Hello again." in session.output
    call = calls["data"][0]
    assert (call["cause"], call["to"]) == ("flow_hung_up", "12015550100")
    assert call["duration"] >= 1


@pytest.mark.parametrize("page", WITH_SHELL, ids=lambda page: page.stem)
async def test_a_guide_does_what_it_says(
    page: Path, live: Server, alice: Customer, home: Path
) -> None:
    await hang_up_all(alice)
    number = await alice.number_with_flow(FLOW)
    text = f"{ACCESS}NUMBER={number}\n{script(page)}"
    looks_at_calls = any(path in text for path in ("/call/online", "/call/search"))
    async with a_live_call(live, number) if looks_at_calls else nullcontext():
        session = await asyncio.to_thread(run, text, live, home)
    assert session.output
    assert [answer for answer in session.answers if answer["success"] is not True] == []
