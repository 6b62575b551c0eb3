import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from datetime import timedelta

import pytest

from opentact.adapters.sip import streams
from opentact.adapters.sip.endpoint import SipEndpoint
from opentact.adapters.sip.legs import IncomingLeg, OutgoingLeg
from opentact.adapters.sip.sockets import Listening
from opentact.adapters.sip.tls import TlsFiles
from opentact.voice.sip.effects import Acked, Answered, HungUp, LegEvent, Refused
from opentact.voice.sip.machine import Address
from opentact.voice.sip.message import Request
from opentact.voice.sip.parser import parse
from support.certificates import Authority

HOST = "127.0.0.1"
SDP = b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\n"
ANY = (HOST, 0)


class Party:
    """An endpoint with what it said and heard."""

    def __init__(self, on_call: Callable[[IncomingLeg], None] | None = None) -> None:
        self.legs: list[IncomingLeg] = []
        self.wire: list[tuple[str, bytes, Address]] = []
        self.on_call = on_call
        self.sip: SipEndpoint

    def called(self, leg: IncomingLeg) -> None:
        self.legs.append(leg)
        if self.on_call is None:
            leg.answer(SDP)
        else:
            self.on_call(leg)

    def saw(self, direction: str, data: bytes, peer: Address, call_id: str) -> None:
        del call_id
        self.wire.append((direction, data, peer))

    def sent(self, method: str) -> list[tuple[Request, Address]]:
        found = []
        for direction, data, peer in self.wire:
            message = parse(data)
            if direction == "out" and isinstance(message, Request) and message.method == method:
                found.append((message, peer))
        return found

    def place(self, to: "Party", transport: str, sdp: bytes = SDP, name: str = "") -> OutgoingLeg:
        port = to.sip.ports.get(transport, to.sip.local.port)
        uri = f"sip:+12015550101@{HOST}:{port};transport={transport.upper()}"
        there = Address(HOST, port, transport, name=name)
        return self.sip.call(
            uri, to=uri, caller=f"sip:ann@{HOST}", sdp=sdp, destination=there if name else None
        )


@asynccontextmanager
async def party(
    on_call: Callable[[IncomingLeg], None] | None = None, **listening: object
) -> AsyncIterator[Party]:
    one = Party(on_call)
    one.sip = await SipEndpoint.open(
        HOST,
        0,
        on_call=one.called,
        on_message=one.saw,
        listening=Listening(**listening),  # type: ignore[arg-type]
    )
    try:
        yield one
    finally:
        await one.sip.close(grace=0.2)


async def heard(leg: IncomingLeg | OutgoingLeg) -> LegEvent:
    async with asyncio.timeout(8):
        return await leg.events.get()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


def files(authority: Authority, *names: str, expires: timedelta = timedelta(1)) -> TlsFiles:
    certificate, key = authority.issue(*names, expires=expires)
    return TlsFiles(certificate, key, authority.ca)


async def test_a_call_by_tcp_goes_by_one_connection_in_both_directions() -> None:
    async with party(tcp=ANY) as callee, party(tcp=ANY) as caller:
        out = caller.place(callee, "tcp")
        assert isinstance(await heard(out), Answered)
        (leg,) = callee.legs
        assert await heard(leg) == Acked(None)
        leg.hangup()
        assert isinstance(await heard(out), HungUp)
        ((bye, to),) = callee.sent("BYE")
        assert to.flow == leg.source.flow != 0
        assert bye.via.transport == "TCP"
        assert bye.via.port == callee.sip.ports["tcp"]
        (connection,) = callee.sip.snapshot()["connections"]
        assert connection["transport"] == "tcp"


async def test_our_contact_and_via_name_the_listener_of_the_transport() -> None:
    async with party(tcp=ANY) as callee, party(tcp=ANY) as caller:
        await heard(caller.place(callee, "tcp"))
        ((invite, _),) = caller.sent("INVITE")
        port = caller.sip.ports["tcp"]
        assert (invite.via.transport, invite.via.port) == ("TCP", port)
        assert invite.contact is not None
        assert invite.contact.uri == f"sip:{HOST}:{port};transport=tcp"


async def test_a_call_by_tls_is_verified_by_name(authority: Authority) -> None:
    theirs = files(authority, "sip.example.com")
    async with party(tls=ANY, files=theirs) as callee, party(files=TlsFiles(ca=authority.ca)) as me:
        out = me.place(callee, "tls", name="sip.example.com")
        assert isinstance(await heard(out), Answered)
        out.hangup()
        assert await heard(callee.legs[0]) == Acked(None)
        assert isinstance(await heard(callee.legs[0]), HungUp)


async def test_a_call_to_a_sips_uri_stays_with_tls_to_its_end(authority: Authority) -> None:
    theirs, mine = files(authority, HOST), files(authority, HOST)
    async with party(tls=ANY, files=theirs) as callee, party(tls=ANY, files=mine) as me:
        uri = f"sips:bob@{HOST}:{callee.sip.ports['tls']}"
        out = me.sip.call(uri, to=uri, caller=f"sip:ann@{HOST}", sdp=SDP)
        assert isinstance(await heard(out), Answered)
        (leg,) = callee.legs
        assert await heard(leg) == Acked(None)
        out.hangup()
        assert isinstance(await heard(leg), HungUp)
        ((bye, to),) = me.sent("BYE")
        assert bye.uri == f"sips:{HOST}:{callee.sip.ports['tls']};transport=tls"
        assert to.transport == "tls"


@pytest.mark.parametrize(
    ("names", "expires", "why"),
    [
        (("other.example.com",), timedelta(1), "is for another name"),
        (("sip.example.com",), -timedelta(1), "has expired"),
    ],
)
async def test_a_certificate_that_does_not_hold_is_refused_in_words(
    authority: Authority, names: tuple[str, ...], expires: timedelta, why: str
) -> None:
    theirs = files(authority, *names, expires=expires)
    async with party(tls=ANY, files=theirs) as callee, party(files=TlsFiles(ca=authority.ca)) as me:
        event = await heard(me.place(callee, "tls", name="sip.example.com"))
        sentence = f"the certificate of sip.example.com:{callee.sip.ports['tls']} {why}"
        assert isinstance(event, Refused)
        assert event.status == 503
        assert event.reason == f'SIP;cause=503;text="{sentence}"'
        assert me.sip.counters.refused[f"certificate {why}"] == 1
        assert [row["why"] for row in me.sip.snapshot()["connections"]] == [sentence]
        assert callee.legs == []


async def test_an_unknown_authority_is_refused(authority: Authority) -> None:
    theirs = files(authority, HOST)
    async with party(tls=ANY, files=theirs) as callee, party() as me:
        event = await heard(me.place(callee, "tls"))
        assert isinstance(event, Refused)
        assert "not" in (event.reason or "")
        assert "trusted" in (event.reason or "")


async def test_a_refused_connection_is_told_at_once() -> None:
    with socket.socket() as unused:
        unused.bind(ANY)
        async with party() as me:
            uri = f"sip:a@{HOST}:{unused.getsockname()[1]};transport=tcp"
            event = await heard(me.sip.call(uri, to=uri, caller="sip:b@x", sdp=SDP))
            assert isinstance(event, Refused)
            assert event.status == 503
            assert "refused the connection" in (event.reason or "")
            assert me.sip.snapshot()["transactions"] == []


LARGE = SDP + b"a=x:" + b"y" * 1500 + b"\r\n"


async def test_a_large_request_goes_by_tcp() -> None:
    async with party() as probe:
        port = probe.sip.local.port
    callee = Party()
    callee.sip = await SipEndpoint.open(
        HOST, port, on_call=callee.called, listening=Listening(tcp=(HOST, port))
    )
    async with party(tcp=ANY) as caller:
        out = caller.place(callee, "udp", LARGE)
        assert isinstance(await heard(out), Answered)
        assert [(to.transport, it.via.transport) for it, to in caller.sent("INVITE")] == [
            ("tcp", "TCP")
        ]
        assert callee.legs[0].source.transport == "tcp"
        await callee.sip.close(grace=0.2)


async def test_a_large_request_goes_by_udp_to_who_has_no_tcp() -> None:
    async with party() as callee, party(tcp=ANY) as caller:
        assert isinstance(await heard(caller.place(callee, "udp", LARGE)), Answered)
        assert isinstance(await heard(caller.place(callee, "udp", LARGE)), Answered)
        transports = [to.transport for _, to in caller.sent("INVITE")]
        # Asked once; then remembered.
        assert transports == ["tcp", "udp", "udp"]
        assert callee.legs[0].source.transport == "udp"


async def test_a_large_request_does_not_wait_long_for_a_silent_tcp(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(streams, "HURRIED_SECONDS", 0.2)
    async with party() as callee, party(tcp=ANY) as caller:
        with ExitStack() as stack:
            # Nobody accepts here, and the queue is full: what more comes is dropped unanswered.
            deaf = stack.enter_context(socket.socket())
            deaf.bind((HOST, callee.sip.local.port))
            deaf.listen(0)
            for _ in range(2):
                caught = stack.enter_context(socket.socket())
                caught.settimeout(0.0)
                caught.connect_ex(deaf.getsockname())
            assert isinstance(await heard(caller.place(callee, "udp", LARGE)), Answered)
        assert callee.legs[0].source.transport == "udp"
        assert caller.sip.counters.refused == {"no answer in time": 1}


async def test_a_peer_that_writes_its_transport_in_capitals_gets_its_bye() -> None:
    async with party() as callee:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
            phone.bind(ANY)
            phone.settimeout(0.0)
            port = phone.getsockname()[1]
            loop = asyncio.get_running_loop()

            async def say(method: str, to: str) -> None:
                body = SDP if method == "INVITE" else b""
                lines = [
                    f"{method} sip:x@{HOST} SIP/2.0",
                    f"Via: SIP/2.0/UDP {HOST}:{port};branch=z9hG4bK{method}",
                    "From: <sip:ann@x>;tag=a",
                    f"To: {to}",
                    "Call-ID: capitals",
                    f"CSeq: 1 {method}",
                    f"Contact: <sip:ann@{HOST}:{port};TRANSPORT=UDP>",
                    "Content-Type: application/sdp",
                    f"Content-Length: {len(body)}\r\n\r\n",
                ]
                data = "\r\n".join(lines).encode() + body
                await loop.sock_sendto(phone, data, callee.sip.local[:2])

            async def hear() -> bytes:
                async with asyncio.timeout(5):
                    return await loop.sock_recv(phone, 65535)

            await say("INVITE", f"<sip:x@{HOST}>")
            while not (answer := await hear()).startswith(b"SIP/2.0 200"):
                pass
            await say("ACK", parse(answer).first("to") or "")
            assert await heard(callee.legs[0]) == Acked(None)
            callee.legs[0].hangup()
            assert (await hear()).startswith(f"BYE sip:ann@{HOST}:{port};".encode())
