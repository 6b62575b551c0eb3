"""Trunks whose targets are names: found by DNS, tried one after the other, by TCP and by TLS.

The far end is an endpoint of ours on the same machine; names and certificates are the test's own.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from opentact.adapters.sip.endpoint import SipEndpoint
from opentact.adapters.sip.legs import IncomingLeg
from opentact.adapters.sip.sockets import Listening
from opentact.adapters.sip.tls import TlsFiles
from opentact.voice.sip.effects import ENDS, Answered, LegEvent, Refused
from support.certificates import Authority
from support.live_server import Customer, Server, customer, running_server
from support.nameserver import nameserver
from support.peers import LOOPBACK, free_port

pytestmark = pytest.mark.e2e

SDP = (
    b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    b"m=audio 20000 RTP/AVP 0\r\n"
)
NAME = "pbx.example.com"


class Pbx:
    """A customer's SIP server: it answers every call."""

    def __init__(self) -> None:
        self.legs: list[IncomingLeg] = []
        self.sip: SipEndpoint

    def take(self, leg: IncomingLeg) -> None:
        self.legs.append(leg)
        leg.answer(SDP)


class World:
    """A platform, its customer, the customer's PBX, and a telephone that calls in."""

    def __init__(self, server: Server, owner: Customer, pbx: Pbx, phone: SipEndpoint) -> None:
        self.server = server
        self.owner = owner
        self.pbx = pbx
        self.phone = phone

    async def number_at(self, **connection: Any) -> tuple[int, str]:
        """Lead a number to a connection; give both."""
        body = {"name": "pbx", "options_interval_s": 1, **connection}
        made = await self.owner.ask("POST", "/rest/sip/connection", body)
        number = await self.owner.order_number()
        lease = await self.owner.ask("GET", f"/rest/lease/tn/{number}/tn")
        path = f"/rest/sip/connection/{made['uuid']}"
        await self.owner.ask("POST", f"{path}/tnlease", {"add": [lease["uuid"]]})
        return number, path

    async def state_of(self, path: str, wanted: str) -> dict[str, Any]:
        """Wait until the connection's first target is in this state."""
        async with asyncio.timeout(20):
            while True:
                target: dict[str, Any] = (await self.owner.ask("GET", path))["targets"][0]
                if target["state"] == wanted:
                    return target
                await asyncio.sleep(0.1)

    async def call(self, number: int) -> LegEvent:
        target = f"sip:{number}@{self.server.sip}"
        leg = self.phone.call(target, to=target, caller=f"sip:+12015550100@{LOOPBACK}", sdp=SDP)
        async with asyncio.timeout(20):
            while not isinstance(event := await leg.events.get(), (Answered, *ENDS)):
                pass
        leg.hangup()
        return event


Build = Callable[..., Awaitable[World]]


@pytest.fixture
async def build(tmp_path: Path) -> AsyncIterator[Build]:
    async with AsyncExitStack() as stack:

        async def made(zone: str) -> World:
            """Start everything; `{tcp}`, `{tls}` and `{dead}` in the zone are ports."""
            authority, pbx = Authority(tmp_path), Pbx()
            files = TlsFiles(*authority.issue(NAME), authority.ca)
            listening = Listening(tcp=(LOOPBACK, 0), tls=(LOOPBACK, 0), files=files)
            pbx.sip = await SipEndpoint.open(LOOPBACK, 0, on_call=pbx.take, listening=listening)
            stack.push_async_callback(pbx.sip.close)
            ports = {**pbx.sip.ports, "dead": free_port()}
            _, place = await stack.enter_async_context(nameserver(zone.format(**ports)))
            server = stack.enter_context(
                running_server(
                    tmp_path / "data",
                    sip_dns=f"{place[0]}:{place[1]}",
                    sip_tls_ca=authority.ca,
                )
            )
            owner = await stack.enter_async_context(customer(server.http, server.token))
            phone = await SipEndpoint.open(LOOPBACK, 0, on_call=lambda leg: leg.reject(480))
            stack.push_async_callback(phone.close)
            return World(server, owner, pbx, phone)

        yield made


async def test_tls_servers_of_a_name_are_found_and_a_dead_one_is_passed_over(build: Build) -> None:
    world = await build(
        "_sips._tcp.pbx 60 IN SRV 10 1 {dead} a\n_sips._tcp.pbx 60 IN SRV 20 1 {tls} a\n"
        "a 60 IN A 127.0.0.1\n"
    )
    number, path = await world.number_at(hostname=NAME, transport="tls")
    target = await world.state_of(path, "up")
    assert (target["host"], target["port"], target["transport"]) == (NAME, None, "tls")
    answered = await world.call(number)
    assert isinstance(answered, Answered), answered
    [leg] = world.pbx.legs
    assert leg.source.transport == "tls"
    assert leg.request.headers["via"][0].startswith("SIP/2.0/TLS")


async def test_a_name_without_a_transport_says_by_naptr_which_it_wants(build: Build) -> None:
    world = await build(
        'pbx 60 IN NAPTR 10 10 "s" "SIP+D2T" "" _sip._tcp.pbx\n'
        "_sip._tcp.pbx 60 IN SRV 10 1 {tcp} a\na 60 IN A 127.0.0.1\n"
    )
    number, path = await world.number_at(hostname=NAME)
    await world.state_of(path, "up")
    answered = await world.call(number)
    assert isinstance(answered, Answered), answered
    assert world.pbx.legs[0].source.transport == "tcp"


async def test_a_certificate_for_another_name_takes_no_calls_and_is_told(build: Build) -> None:
    world = await build("other 60 IN A 127.0.0.1\n")
    port = world.pbx.sip.ports["tls"]
    number, path = await world.number_at(hostname="other.example.com", port=port, transport="tls")
    assert (await world.state_of(path, "down"))["reason"].startswith("503 to OPTIONS")
    refused = await world.call(number)
    assert isinstance(refused, Refused), refused
    assert refused.status == 503
    assert world.pbx.legs == []


@pytest.mark.parametrize("values", [{"ip": "10.0.0.5"}, {"hostname": "in.example.com"}])
async def test_a_target_inside_our_network_is_never_called_and_the_caller_is_told_why(
    build: Build, values: dict[str, Any]
) -> None:
    world = await build("in 60 IN A 10.0.0.5\n")
    number, path = await world.number_at(**values)
    down = await world.state_of(path, "down")
    assert "10.0.0.5" in down["reason"]
    assert "no public address, and the setting sip_networks does not name it" in down["reason"]
    refused = await world.call(number)
    assert isinstance(refused, Refused), refused
    assert refused.status == 403
    record = await world.owner.ended(number)
    assert record["cause"] == "address_refused"
