"""The last dollar, by real calls: whoever spends it, it is spent once, whatever is cut off."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from opentact.adapters.sip.endpoint import SipEndpoint
from opentact.adapters.sip.legs import OutgoingLeg
from opentact.voice.sip.digest import Credentials
from opentact.voice.sip.effects import ENDS, Answered, LegEvent, Refused
from opentact.voice.sip.machine import Address
from support.command import command as run
from support.live_server import Customer, Server, customer, running_server
from support.peers import LOOPBACK

pytestmark = pytest.mark.e2e

PASSWORD = "correct-horse-battery"
FAR = "+12125550142"  # the simulated carrier answers, and plays a tone
SDP = (
    b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    b"m=audio 20000 RTP/AVP 0\r\n"
)
# Of the hundred dollars of the demo account a minute takes so much that there is no second one.
DEAR = (
    "prefix,destination,per_minute,initial,increment,connect_fee,effective_on\n1212,Dear,{},,,,\n"
)


class House:
    """A platform with dear calls, a user who may place them, and its telephone."""

    def __init__(self, server: Server, owner: Customer, phone: SipEndpoint, domain: str) -> None:
        self.server = server
        self.owner = owner
        self.phone = phone
        self.domain = domain

    def call(self) -> OutgoingLeg:
        to = f"sip:{FAR}@{self.domain}"
        return self.phone.call(
            to,
            to=to,
            caller=f"sip:alice@{self.domain}",
            sdp=SDP,
            destination=Address(*self.server.sip_address),
            credentials=Credentials("alice", PASSWORD),
        )

    async def closed(self, count: int) -> list[dict[str, Any]]:
        """Wait until so many records of legs to the far end are closed."""
        async with asyncio.timeout(20):
            while True:
                found = [each for each in await self.owner.calls() if each["to"] == FAR]
                if len(found) >= count and all(each["finished_on"] for each in found):
                    return found
                await asyncio.sleep(0.1)


async def first_word(leg: OutgoingLeg) -> LegEvent:
    async with asyncio.timeout(20):
        while not isinstance(event := await leg.events.get(), (Answered, *ENDS)):
            pass
    return event


@asynccontextmanager
async def house(folder: Path, per_minute: str, **settings: Any) -> AsyncIterator[House]:
    async with AsyncExitStack() as stack:
        wanted = {"carriers": "192.0.2.0/24", **settings}
        server = stack.enter_context(running_server(folder / "data", **wanted))
        deck = folder / "deck.csv"
        deck.write_text(DEAR.format(per_minute))
        words = ("rates", "import", str(deck), "--deck", "1")
        added = run(folder, *words, **{name: str(value) for name, value in settings.items()})
        assert added.returncode == 0, added.stderr
        owner = await stack.enter_async_context(customer(server.http, server.token))
        phone = await SipEndpoint.open(LOOPBACK, 0, on_call=lambda leg: leg.reject(480))
        stack.push_async_callback(phone.close)
        lease = await owner.ask("GET", f"/rest/lease/tn/{await owner.order_number()}/tn")
        out = {"name": "out", "tn_lease": lease["uuid"]}
        profile = await owner.ask("POST", "/rest/profile/outbound_voice", out)
        wanted = {"domain": "dear", "outbound_voice_profile": profile["uuid"]}
        domain = (await owner.ask("POST", "/rest/sip/domain", wanted))["domain"]
        user = {"login": "alice", "password": PASSWORD}
        await owner.ask("POST", f"/rest/sip/domain/{domain}/user", user)
        await asyncio.sleep(3)  # a running server sees a new deck within seconds
        yield House(server, owner, phone, domain)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_two_calls_on_the_last_dollar_are_one_call(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    more = {} if kind == "sqlite" else {"database_url": request.getfixturevalue("postgres_url")}
    async with house(tmp_path, "60", **more) as there:
        legs = [there.call(), there.call()]
        said = await asyncio.gather(*map(first_word, legs))
        await asyncio.sleep(1)
        for leg in legs:
            leg.hangup()
        [refused] = [each for each in said if isinstance(each, Refused)]
        assert [type(each) for each in said if each is not refused] == [Answered]
        assert refused.status == 402, refused
        assert "rule=balance;object=account" in (refused.reason or ""), refused
        records = await there.closed(1)
        prices = [Decimal(str(each["price"])) for each in records if each["price"]]
        assert prices == [Decimal(60)]
        assert await there.owner.balance() > 0


async def test_what_lost_calls_had_reserved_is_free_again_and_what_they_talked_is_paid_once(
    tmp_path: Path,
) -> None:
    async with house(tmp_path, "45") as there:
        before = await there.owner.balance()
        assert isinstance(await first_word(there.call()), Answered)
        await asyncio.sleep(1.5)
        there.server.kill()
        there.server.start()
        [lost] = await there.closed(1)
        assert lost["cause"] == "server_crashed"
        price = Decimal(str(lost["price"]))
        assert 0 < price <= 45
        assert Decimal(str(await there.owner.balance())) == Decimal(str(before)) - price
        # With the hold of the lost call there would be too little for another one.
        again = there.call()
        assert isinstance(await first_word(again), Answered)
        again.hangup()
        [paid] = [each["price"] for each in await there.closed(2) if each["uuid"] != lost["uuid"]]
        price += Decimal(str(paid))
        # Another start charges nothing more.
        there.server.stop()
        there.server.start()
        assert Decimal(str(await there.owner.balance())) == Decimal(str(before)) - price
