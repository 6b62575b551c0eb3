"""JsSIP, the SIP of browsers: it registers, asks and is asked, on its one WebSocket."""

import asyncio
from pathlib import Path

import pytest

from opentact.adapters.sip.endpoint import SipEndpoint
from opentact.adapters.sip.legs import IncomingRequest
from opentact.adapters.sip.sockets import Listening
from support.peers import LOOPBACK, dying_with_us, require, skip_missing

PHONE = Path(__file__).parents[2] / "data" / "jssip"

pytestmark = pytest.mark.e2e


async def test_a_browser_registers_and_is_reached_by_its_connection() -> None:
    node = require("node", package="nodejs")
    if not (PHONE / "node_modules" / "jssip").is_dir():
        skip_missing("JsSIP is not installed: npm install in tests/data/jssip")
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
    phone = await asyncio.create_subprocess_exec(
        *dying_with_us([node, str(PHONE / "phone.js"), f"ws://{LOOPBACK}:{sip.ports['ws']}"]),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert phone.stdin is not None
    assert phone.stdout is not None
    async with asyncio.timeout(15):
        words = [(await phone.stdout.readline()).decode().strip() for _ in range(3)]
        assert words == ["connected", "registered 200", "options 200"]
        contact, source = registered[0].request.contact, registered[0].source
        assert contact is not None
        assert ".invalid" in contact.uri
        reply = await sip.ask(
            "OPTIONS", contact.uri, to=contact.uri, caller="sip:us@x", destination=source
        )
        assert reply.status == 200
        assert await phone.stdout.readline() == b"asked\n"
        phone.stdin.write(b"leave\n")
        await phone.stdin.drain()
        assert await gone == source.flow
        await phone.wait()
    assert sip.counters.refused == {}
    await sip.close(grace=0.2)
