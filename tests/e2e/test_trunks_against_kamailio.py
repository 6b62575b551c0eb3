"""Kamailio, a stack that is not ours, as a carrier: registrar, OPTIONS, and proxy in the path."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Any
from uuid import UUID

import pytest

from opentact.adapters.sip.endpoint import SipEndpoint
from opentact.adapters.sip.legs import IncomingLeg, Leg, OutgoingLeg
from opentact.app.trunk_wiring import servers_of
from opentact.voice.sip.digest import Credentials
from opentact.voice.sip.effects import Acked, Answered, HungUp, LegEvent
from opentact.voice.sip.machine import Address
from opentact.voice.trunk_health import TargetState
from opentact.voice.trunk_keeper import News, TrunkKeeper
from opentact.voice.trunk_rows import Rows
from opentact.voice.trunk_ways import Trunk, TrunkKind, TrunkTarget
from support.kamailio import PASSWORD, USER, Kamailio, kamailio
from support.peers import LOOPBACK
from voice.trunk_paper import NoStorage, RowsOnPaper

pytestmark = pytest.mark.e2e

SDP = (
    b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    b"m=audio 20000 RTP/AVP 0\r\n"
)
UUID_OF_IT = UUID(int=1)


@dataclass
class Edge:
    """Our endpoint, with the calls that came to it, and who sent it which request."""

    endpoint: SipEndpoint
    calls: "asyncio.Queue[IncomingLeg]"
    requests: list[tuple[str, Address]] = field(default_factory=list)

    @property
    def place(self) -> str:
        return f"{LOOPBACK}:{self.endpoint.local[1]}"


@asynccontextmanager
async def edge() -> AsyncIterator[Edge]:
    calls: asyncio.Queue[IncomingLeg] = asyncio.Queue()
    requests: list[tuple[str, Address]] = []

    def note(way: str, data: bytes, peer: Address, _call: str) -> None:
        word = data.split(b" ", 1)[0].decode()
        if way == "in" and word != "SIP/2.0":
            requests.append((word, peer))

    endpoint = await SipEndpoint.open(LOOPBACK, 0, on_call=calls.put_nowait, on_message=note)
    try:
        yield Edge(endpoint, calls, requests)
    finally:
        await endpoint.close()


@asynccontextmanager
async def registered(
    near: Edge, far: Kamailio, password: str = PASSWORD
) -> AsyncIterator[tuple[RowsOnPaper, list[str]]]:
    """Keep a registration at Kamailio; the list gets each state it comes to, with its reason."""
    trunks = RowsOnPaper(NoStorage(), time.monotonic, Random(3).randrange)
    target = TrunkTarget(*far.address)
    trunk = Trunk(
        TrunkKind.CONNECTION,
        UUID_OF_IT,
        "kamailio",
        (target,),
        credentials=Credentials(USER, password),
        register=True,
        expires=60,
        options_interval=1,
    )
    trunks.rows = Rows((trunk,))
    told: list[str] = []

    async def tell(news: list[News]) -> None:
        told.extend(f"{part.value} {after}: {why}" for _, part, _, _, after, why in news)

    locate = partial(servers_of, near.endpoint.locator)
    keeper = TrunkKeeper(trunks, near.endpoint, locate, tell, place=near.place)
    task = asyncio.create_task(keeper.run())
    try:
        yield trunks, told
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await keeper.close()


async def until(done: Callable[[], Any], seconds: float = 15) -> None:
    async with asyncio.timeout(seconds):
        while not done():  # noqa: ASYNC110 - what is waited for comes over a socket
            await asyncio.sleep(0.02)


async def heard(leg: Leg, kind: type[LegEvent]) -> None:
    async with asyncio.timeout(10):
        while not isinstance(await leg.events.get(), kind):
            pass


def call(near: Edge, far: Kamailio, user: str) -> OutgoingLeg:
    uri = f"sip:{user}@{far.place}"
    return near.endpoint.call(uri, to=uri, caller=f"sip:us@{near.place}", sdp=SDP)


async def test_a_registration_is_challenged_and_then_brings_calls() -> None:
    async with edge() as near, edge() as caller, kamailio(caller.place) as far:
        async with registered(near, far) as (trunks, told):
            await until(lambda: told)
            assert told == ["registration registered: for 60 s"]
            leg = call(caller, far, USER)
            async with asyncio.timeout(10):
                came = await near.calls.get()
            assert (came.called, came.source[:2]) == (USER, far.address)
            came.answer(SDP)
            await heard(leg, Answered)
            leg.hangup()
            await heard(came, HungUp)
            await until(lambda: trunks.health(UUID_OF_IT, TrunkTarget(*far.address)).answers > 1)
            state = trunks.health(UUID_OF_IT, TrunkTarget(*far.address)).state
            assert state is TargetState.UP
        # The binding is taken back: the same call goes where calls to unknown users go.
        call(caller, far, USER)
        async with asyncio.timeout(10):
            elsewhere = await caller.calls.get()
        elsewhere.reject(404)
        assert near.calls.empty()


async def test_a_wrong_password_registers_nothing_and_says_why() -> None:
    async with kamailio() as far, edge() as near, registered(near, far, "guess") as (_, told):
        await until(lambda: told)
        [why] = told
        assert why.startswith("registration failed: 401 Unauthorized: the registrar does not take")


async def test_a_registrar_that_goes_away_is_down_and_comes_up_when_it_is_back() -> None:
    async with edge() as near:
        async with kamailio() as far:
            pass  # its port is what is needed: nobody is there
        async with registered(near, far) as (_, told):
            await until(lambda: any(each.startswith("target down") for each in told), 40)
            async with kamailio(port=far.address[1]):
                await until(lambda: any(each.startswith("target up: 200") for each in told), 40)


Hang = Callable[[OutgoingLeg, IncomingLeg], Awaitable[None]]


async def the_caller(leg: OutgoingLeg, came: IncomingLeg) -> None:
    leg.hangup()
    await heard(came, HungUp)


async def the_callee(leg: OutgoingLeg, came: IncomingLeg) -> None:
    came.hangup()
    await heard(leg, HungUp)


@pytest.mark.parametrize("hang_up", [the_caller, the_callee])
async def test_a_call_through_a_proxy_in_the_path_ends_through_it(hang_up: Hang) -> None:
    async with edge() as near, edge() as caller, kamailio(near.place) as far:
        leg = call(caller, far, "12015550100")
        async with asyncio.timeout(10):
            came = await near.calls.get()
        came.ring()
        came.answer(SDP)
        await heard(leg, Answered)
        await heard(came, Acked)
        await hang_up(leg, came)
        # Whatever was sent to either side came from the proxy: both kept to the route.
        assert {peer[:2] for _, peer in near.requests + caller.requests} == {far.address}
        words = {word for word, _ in near.requests}
        assert words >= {"INVITE", "ACK"}
        assert ("BYE" in words) is (hang_up is the_caller)
