"""JsSIP, the SIP of browsers: it registers, asks and is asked, on its one WebSocket."""

import asyncio

import pytest

from opentact.adapters.sip.endpoint import SipEndpoint
from opentact.adapters.sip.legs import IncomingRequest
from opentact.adapters.sip.sockets import Listening
from support.jssip import browser
from support.peers import LOOPBACK

pytestmark = pytest.mark.e2e


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
    async with asyncio.timeout(15), browser(f"ws://{LOOPBACK}:{sip.ports['ws']}") as phone:
        await phone.says("options")
        assert phone.said == ["connected", "registered 200", "options 200"]
        contact, source = registered[0].request.contact, registered[0].source
        assert contact is not None
        assert ".invalid" in contact.uri
        asking = sip.ask("OPTIONS", contact.uri, to=contact.uri, caller="sip:x", destination=source)
        assert (await asking).status == 200
        assert await phone.says("asked") == "asked"
        phone.tell("leave")
        assert await gone == source.flow
    assert sip.counters.refused == {}
    await sip.close(grace=0.2)
