import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from opentact.adapters.sip.endpoint import SipEndpoint
from opentact.adapters.sip.legs import IncomingLeg
from opentact.adapters.sip.sockets import Listening
from opentact.adapters.sip.tls import TlsFiles, client_context
from opentact.voice.sip.effects import Acked, HungUp
from opentact.voice.sip.message import Message, Request, Response
from opentact.voice.sip.parser import MAX_BYTES, parse
from support.certificates import Authority

HOST = "127.0.0.1"
SDP = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\n"
SIP = [Subprotocol("sip")]
NOWHERE = "df7jal23ls0d.invalid"


def said(method: str, number: int = 1, to: str = f"<sip:bob@{HOST}>", body: str = "") -> str:
    lines = [
        f"{method} sip:bob@{HOST} SIP/2.0",
        f"Via: SIP/2.0/WS {NOWHERE};branch=z9hG4bK{method}{number}",
        "From: <sip:ann@x>;tag=a",
        f"To: {to}",
        "Call-ID: web",
        f"CSeq: {number} {method}",
        f"Contact: <sip:ann@{NOWHERE};transport=ws>",
        *(["Content-Type: application/sdp"] if body else []),
    ]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}\r\n\r\n{body}"])


@asynccontextmanager
async def endpoint(legs: list[IncomingLeg]) -> AsyncIterator[SipEndpoint]:
    opened = await SipEndpoint.open(HOST, 0, on_call=legs.append, listening=Listening(ws=(HOST, 0)))
    try:
        yield opened
    finally:
        await opened.close(grace=0.2)


def browser(sip: SipEndpoint, **more: object) -> connect:
    return connect(f"ws://{HOST}:{sip.ports['ws']}", **{"subprotocols": SIP, **more})  # type: ignore[arg-type]


async def hear(web: ClientConnection) -> Message:
    async with asyncio.timeout(5):
        text = await web.recv()
    return parse(text.encode() if isinstance(text, str) else text)


async def test_a_browser_calls_and_is_hung_up_on_its_only_connection() -> None:
    legs: list[IncomingLeg] = []
    async with endpoint(legs) as sip, browser(sip) as web:
        await web.send(said("INVITE", body=SDP))
        assert isinstance(trying := await hear(web), Response)
        assert trying.status == 100
        legs[0].answer(SDP.encode())
        answer = await hear(web)
        assert answer.contact is not None
        assert answer.contact.uri == f"sip:{HOST}:{sip.ports['ws']};transport=ws"
        await web.send(said("ACK", to=answer.first("to") or ""))
        async with asyncio.timeout(5):
            assert await legs[0].events.get() == Acked(None)
        legs[0].hangup()
        assert isinstance(bye := await hear(web), Request)
        assert (bye.method, bye.via.transport) == ("BYE", "WS")
        assert legs[0].source.transport == "ws"


async def test_a_message_may_come_in_fragments() -> None:
    async with endpoint([]) as sip, browser(sip) as web:
        whole = said("OPTIONS")
        await web.send([whole[:10], whole[10:50], whole[50:]])
        assert isinstance(answer := await hear(web), Response)
        assert answer.status == 200


async def test_keep_alives_of_both_kinds_are_answered() -> None:
    async with endpoint([]) as sip, browser(sip) as web:
        await web.send("\r\n\r\n")
        assert await web.recv() == "\r\n"
        async with asyncio.timeout(5):
            await (await web.ping())


@pytest.mark.parametrize("offered", [None, [Subprotocol("chat")]])
async def test_without_the_subprotocol_sip_there_is_no_connection(
    offered: list[Subprotocol] | None,
) -> None:
    async with endpoint([]) as sip:
        with pytest.raises(InvalidStatus, match="400"):
            async with browser(sip, subprotocols=offered):
                pass
        assert sip.counters.refused == {"no WebSocket handshake for SIP": 1}


@pytest.mark.parametrize("pieces", [1, 4])
async def test_a_message_that_is_too_long_ends_the_connection(pieces: int) -> None:
    async with endpoint([]) as sip, browser(sip) as web:
        piece = "x" * (MAX_BYTES // pieces + 1)
        with suppress(ConnectionClosed):
            await web.send([piece] * pieces if pieces > 1 else piece)
        async with asyncio.timeout(5):
            await web.wait_closed()
        assert web.close_code == 1009
        assert sip.counters.refused == {"WebSocket: PayloadTooBig": 1}


async def test_frames_of_nonsense_end_the_connection() -> None:
    async with endpoint([]) as sip:
        reader, writer = await asyncio.open_connection(HOST, sip.ports["ws"])
        writer.write(b"\xff\x00" * 10_000)
        async with asyncio.timeout(5):
            await reader.read()
        writer.close()
        assert sip.counters.refused.total() == 1
        assert sip.snapshot()["connections"][0]["state"] == "failed"


async def test_a_call_ends_when_its_browser_is_gone_for_good() -> None:
    legs: list[IncomingLeg] = []
    async with endpoint(legs) as sip:
        async with browser(sip) as web:
            await web.send(said("INVITE", body=SDP))
            await hear(web)
        legs[0].ring()
        legs[0].reject(486)
        assert sip.counters.not_sent >= 1
        assert legs[0].events.empty() or isinstance(legs[0].events.get_nowait(), HungUp)


async def test_secure_websockets_are_served(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    certificate, key = authority.issue("localhost", HOST)
    listening = Listening(wss=(HOST, 0), files=TlsFiles(certificate, key, authority.ca))
    sip = await SipEndpoint.open(HOST, 0, on_call=lambda leg: leg.reject(480), listening=listening)
    trust = client_context(TlsFiles(ca=authority.ca))
    async with connect(f"wss://{HOST}:{sip.ports['wss']}", subprotocols=SIP, ssl=trust) as web:
        await web.send(said("OPTIONS").replace("/WS", "/WSS"))
        assert isinstance(answer := await hear(web), Response)
        assert answer.status == 200
    await sip.close(grace=0.2)
