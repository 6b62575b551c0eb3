"""JsSIP, the SIP of browsers: it registers, asks and is asked, on its one WebSocket."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from opentact.adapters.sip.endpoint import SipEndpoint
from opentact.adapters.sip.legs import IncomingRequest
from opentact.adapters.sip.sockets import Listening
from support.peers import LOOPBACK, dying_with_us, require, skip_missing

ROOT = Path(__file__).parents[3]
PHONE = ROOT / "tests" / "data" / "jssip" / "phone.js"
MODULES = ROOT / ".tmp" / "jssip" / "node_modules"

pytestmark = pytest.mark.e2e


@asynccontextmanager
async def browser(url: str) -> AsyncIterator[tuple[asyncio.StreamWriter, asyncio.StreamReader]]:
    """Run the phone; gives what it is told by, and what it says."""
    node = require("node", package="nodejs")
    if not (MODULES / "jssip").is_dir():
        skip_missing("JsSIP is not installed: see tests/data/jssip/README.md")
    phone = await asyncio.create_subprocess_exec(
        *dying_with_us([node, str(PHONE), url]),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env=os.environ | {"NODE_PATH": str(MODULES)},
    )
    assert phone.stdin is not None
    assert phone.stdout is not None
    yield phone.stdin, phone.stdout
    async with asyncio.timeout(5):
        await phone.wait()


async def test_a_browser_registers_and_is_reached_by_its_connection() -> None:
    registered: list[IncomingRequest] = []

    def on_request(request: IncomingRequest) -> None:
        registered.append(request)
        contact = request.request.headers["contact"][0]
        request.respond(200, headers=[("contact", contact), ("expires", "120")])

    gone: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    sip = await SipEndpoint.open(
        LOOPBACK,
        0,
        on_call=lambda leg: leg.reject(480),
        on_request=on_request,
        on_closed=gone.set_result,
        listening=Listening(ws=(LOOPBACK, 0)),
    )
    async with asyncio.timeout(15), browser(f"ws://{LOOPBACK}:{sip.ports['ws']}") as (tell, said):
        words = [(await said.readline()).decode().strip() for _ in range(3)]
        assert words == ["connected", "registered 200", "options 200"]
        contact, source = registered[0].request.contact, registered[0].source
        assert contact is not None
        assert ".invalid" in contact.uri
        asking = sip.ask("OPTIONS", contact.uri, to=contact.uri, caller="sip:x", destination=source)
        assert (await asking).status == 200
        assert await said.readline() == b"asked\n"
        tell.write(b"leave\n")
        assert await gone == source.flow
    assert sip.counters.refused == {}
    await sip.close(grace=0.2)
