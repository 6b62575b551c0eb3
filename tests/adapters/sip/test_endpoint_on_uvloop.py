"""What the server's own event loop does otherwise than asyncio's."""

import asyncio
from pathlib import Path

import pytest
import uvloop

from opentact.adapters.sip import streams
from opentact.adapters.sip.endpoint import SipEndpoint
from opentact.adapters.sip.legs import IncomingLeg
from opentact.adapters.sip.sockets import Listening
from opentact.adapters.sip.tls import TlsFiles
from opentact.voice.sip.effects import Answered, HungUp, Refused
from support.certificates import Authority

HOST = "127.0.0.1"
SDP = b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\n"


def test_a_timer_that_is_due_already_does_not_stop_the_next_call() -> None:
    """uvloop makes no timer for a time that has come, and what it makes has no `when`."""

    async def place_two_calls_late() -> int:
        endpoint = await SipEndpoint.open(HOST, 0, on_call=lambda leg: leg.reject(480))
        now = endpoint.now
        endpoint.now = lambda: now() - 100  # type: ignore[method-assign]
        uri = f"sip:+12015550101@{HOST}:9"
        for _ in range(2):
            endpoint.call(uri, to=uri, caller=f"sip:+12015550100@{HOST}", sdp=b"v=0\r\n")
        await endpoint.close(grace=0)
        return endpoint.counters.sent

    assert uvloop.run(place_two_calls_late()) >= 2


@pytest.mark.parametrize("transport", ["tcp", "tls"])
def test_calls_by_connections_work_as_on_asyncio(transport: str, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    certificate, key = authority.issue(HOST)
    listening = Listening(
        tcp=(HOST, 0), tls=(HOST, 0), files=TlsFiles(certificate, key, authority.ca)
    )

    async def call_and_be_hung_up() -> list[object]:
        legs: list[IncomingLeg] = []

        def picks_up(leg: IncomingLeg) -> None:
            legs.append(leg)
            leg.answer(SDP)

        callee = await SipEndpoint.open(HOST, 0, on_call=picks_up, listening=listening)
        caller = await SipEndpoint.open(HOST, 0, on_call=picks_up, listening=listening)
        uri = f"sip:a@{HOST}:{callee.ports[transport]};transport={transport}"
        leg = caller.call(uri, to=uri, caller=f"sip:b@{HOST}", sdp=SDP)
        async with asyncio.timeout(8):
            told: list[object] = [await leg.events.get()]
            legs[0].hangup()
            told.append(await leg.events.get())
        assert caller.counters.refused == callee.counters.refused == {}
        await caller.close(grace=0.2)
        await callee.close(grace=0.2)
        return told

    answered, ended = uvloop.run(call_and_be_hung_up())
    assert isinstance(answered, Answered)
    assert isinstance(ended, HungUp)


def test_a_certificate_for_another_name_is_refused_in_words(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    certificate, key = authority.issue("other.example.com")
    files = TlsFiles(certificate, key, authority.ca)

    async def call() -> object:
        callee = await SipEndpoint.open(
            HOST,
            0,
            on_call=lambda leg: leg.reject(480),
            listening=Listening(tls=(HOST, 0), files=files),
        )
        uri = f"sip:a@{HOST}:{callee.ports['tls']};transport=tls"
        leg = callee.call(uri, to=uri, caller=f"sip:b@{HOST}", sdp=SDP)
        async with asyncio.timeout(8):
            event = await leg.events.get()
        await callee.close(grace=0.2)
        return event

    event = uvloop.run(call())
    assert isinstance(event, Refused)
    assert "is for another address" in (event.reason or "")


def test_a_tls_handshake_that_never_ends_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "HANDSHAKE_SECONDS", 0.3)
    certificate, key = Authority(tmp_path).issue(HOST)
    listening = Listening(tls=(HOST, 0), files=TlsFiles(certificate, key))

    async def hesitate() -> int:
        endpoint = await SipEndpoint.open(
            HOST, 0, on_call=lambda leg: leg.reject(480), listening=listening
        )
        reader, writer = await asyncio.open_connection(HOST, endpoint.ports["tls"])
        async with asyncio.timeout(8):
            await reader.read()
        writer.close()
        await endpoint.close(grace=0)
        return endpoint.counters.refused.total()

    assert uvloop.run(hesitate()) == 1
