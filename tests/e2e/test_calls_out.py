"""Users call the world through a whole server: who answers, which rule refuses, and who is told.

The far end is the simulated carrier, where the last digits of a number choose what happens.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from opentact.adapters.sip.endpoint import SipEndpoint
from opentact.adapters.sip.legs import OutgoingLeg
from opentact.voice.sip.digest import Credentials
from opentact.voice.sip.effects import ENDS, Answered, HungUp, LegEvent, Progressed, Refused
from opentact.voice.sip.machine import Address
from support.command import command as run
from support.live_server import Customer, Server, customer, running_server
from support.peers import LOOPBACK
from support.sipp import sipp_server

PASSWORD = "correct-horse-battery"
SDP = (
    b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    b"m=audio 20000 RTP/AVP 0\r\n"
)
ANSWERS, BUSY, DECLINES, NOBODY = (f"+121255501{last}" for last in ("42", "86", "03", "04"))
RINGS, NO_LINE, HANGS_UP = (f"+121255501{last}" for last in ("08", "53", "05"))
GERMANY, PREMIUM = "+493012345678", "+19005550142"


class Office:
    """A domain with users who may call out, and one of them with a telephone."""

    def __init__(self, server: Server, owner: Customer, phone: SipEndpoint) -> None:
        self.server = server
        self.owner = owner
        self.phone = phone
        self.name = f"office-{secrets.token_hex(4)}"
        self.domain = ""
        self.profile = ""
        self.users: dict[str, str] = {}

    async def move_in(self, **limits: Any) -> None:
        """Make the domain, a number to show, and a profile with these limits."""
        number = await self.owner.order_number()
        lease = (await self.owner.ask("GET", f"/rest/lease/tn/{number}/tn"))["uuid"]
        body = {"name": self.name, "tn_lease": lease, **limits}
        made = await self.owner.ask("POST", "/rest/profile/outbound_voice", body)
        self.profile = made["uuid"]
        wanted = {"domain": self.name, "outbound_voice_profile": self.profile}
        self.domain = (await self.owner.ask("POST", "/rest/sip/domain", wanted))["domain"]
        await self.hire("alice")

    async def hire(self, login: str, **values: Any) -> None:
        body = {"login": login, "password": PASSWORD, **values}
        made = await self.owner.ask("POST", f"/rest/sip/domain/{self.domain}/user", body)
        self.users[login] = made["uuid"]

    async def limit(self, **limits: Any) -> None:
        path = f"/rest/profile/outbound_voice/{self.profile}"
        await self.owner.ask("PATCH", path, limits)

    def call(self, number: str, login: str = "alice") -> OutgoingLeg:
        to = f"sip:{number}@{self.domain}"
        return self.phone.call(
            to,
            to=to,
            caller=f"sip:{login}@{self.domain}",
            sdp=SDP,
            destination=Address(*self.server.sip_address),
            credentials=Credentials(login, PASSWORD),
        )

    async def records(self, login: str = "alice", count: int = 2) -> list[dict[str, Any]]:
        """Wait until so many records of the user's last call are closed, incoming ones first."""
        async with asyncio.timeout(20):
            while True:
                found = [
                    each
                    for each in await self.owner.calls()
                    if (each["sip_user"] or {}).get("uuid") == self.users[login]
                ]
                mine = {each["uuid"] for each in found}
                found += (
                    [each for each in await self.owner.calls() if each["peer"] in mine]
                    if count > 1
                    else []
                )
                if len(found) >= count and all(each["finished_on"] for each in found):
                    return sorted(found, key=lambda each: str(each["direction"]))
                await asyncio.sleep(0.1)

    async def refused(
        self, leg: OutgoingLeg, status: int, cause: str, login: str = "alice"
    ) -> dict[str, Any]:
        """Check that a rule refused: in the answer, its Reason, the record and the event."""
        end = await until(leg, *ENDS)
        assert isinstance(end, Refused)
        assert end.status == status, end
        [record] = await self.records(login, 1)
        assert record["cause"] == cause
        refusal: dict[str, Any] = record["refusal"] or {}
        events = await self.owner.events(record["uuid"])
        [gone] = [each for each in events if each["payload"].get("state") == "destroyed"]
        assert gone["call"].get("refusal") == record["refusal"]
        if refusal:
            assert refusal["cause"] == cause
            for name in ("rule", "limit", "present"):
                assert f"{name}=" in (end.reason or ""), end
            assert f"rule={refusal['rule']}" in (end.reason or "")
        assert (end.reason or "").startswith("Q.850;cause="), end
        return refusal


async def until(leg: OutgoingLeg, *kinds: type[LegEvent], seconds: float = 20) -> LegEvent:
    async with asyncio.timeout(seconds):
        while not isinstance(event := await leg.events.get(), kinds):
            pass
    return event


@pytest.fixture(scope="module")
def aloof(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose only carrier is the simulated one, and which knows nobody else here."""
    folder = tmp_path_factory.mktemp("aloof") / "data"
    with running_server(folder, carriers="192.0.2.0/24") as server:
        yield server


@asynccontextmanager
async def office_at(server: Server, **limits: Any) -> AsyncIterator[Office]:
    async with AsyncExitStack() as stack:
        owner = await stack.enter_async_context(customer(server.http, server.token))
        phone = await SipEndpoint.open(LOOPBACK, 0, on_call=lambda leg: leg.reject(480))
        stack.push_async_callback(phone.close)
        made = Office(server, owner, phone)
        await made.move_in(**limits)
        yield made


@pytest.fixture
async def office(aloof: Server) -> AsyncIterator[Office]:
    async with office_at(aloof) as made:
        yield made


async def test_a_call_out_is_answered_billed_and_recorded_on_both_legs(office: Office) -> None:
    leg = office.call(ANSWERS)
    await until(leg, Answered)
    await asyncio.sleep(1.2)
    leg.hangup()
    incoming, outgoing = await office.records()
    assert {incoming["cause"], outgoing["cause"]} == {"caller_hung_up"}
    assert outgoing["peer"] == incoming["uuid"]
    assert float(outgoing["price"]) > 0
    states = [
        each["payload"]["state"]
        for each in await office.owner.events(outgoing["uuid"])
        if each["type"] == "call_state"
    ]
    assert (states[-1], states.count("destroyed")) == ("destroyed", 1)


@pytest.mark.parametrize(
    ("number", "status", "cause"),
    [(BUSY, 486, "busy"), (DECLINES, 603, "declined"), (NOBODY, 404, "sip_404")],
)
async def test_what_the_far_end_says_is_told_to_the_caller(
    office: Office, number: str, status: int, cause: str
) -> None:
    end = await until(office.call(number), *ENDS)
    assert isinstance(end, Refused)
    assert end.status == status
    told = [(each["cause"], each["refusal"]) for each in await office.records()]
    assert told == [(cause, None)] * 2


async def test_a_caller_who_gives_up_leaves_no_call_at_the_far_end(office: Office) -> None:
    leg = office.call(RINGS)
    await until(leg, Progressed)
    leg.hangup()
    assert {each["cause"] for each in await office.records()} == {"caller_cancelled"}


async def test_a_far_end_that_hangs_up_ends_both_legs(office: Office) -> None:
    leg = office.call(HANGS_UP)
    await until(leg, Answered)
    assert isinstance(await until(leg, *ENDS), HungUp)
    assert {each["cause"] for each in await office.records()} == {"callee_hung_up"}


async def test_a_carrier_without_a_line_is_passed_over_for_the_second(office: Office) -> None:
    async with sipp_server("unavailable") as full, sipp_server("callee") as second:
        words = ["--target", full.address, "--target", second.address, "--prefix", "1646"]
        added = run(office.server.folder.parent, "carrier", "add", "two", *words, "--options", "0")
        assert added.returncode == 0, added.stderr
        await asyncio.sleep(1.5)  # a running server takes it up within a second
        leg = office.call("+16465552142")
        await until(leg, Answered)
        leg.hangup()
        await office.records()
        assert run(office.server.folder.parent, "carrier", "remove", "two").returncode == 0
    assert full.result is not None
    assert full.result.successful == 1
    assert second.result is not None
    assert second.result.successful == 1


async def test_without_a_second_carrier_a_full_one_is_told(office: Office) -> None:
    end = await until(office.call(NO_LINE), *ENDS)
    assert isinstance(end, Refused)
    assert end.status == 503
    assert {each["cause"] for each in await office.records()} == {"sip_503"}


async def test_one_channel_is_one_call(office: Office) -> None:
    await office.limit(channel_limit=1)
    await office.hire("bob")
    first = office.call(ANSWERS)
    await until(first, Answered)
    refusal = await office.refused(office.call(ANSWERS, "bob"), 503, "channels_full", "bob")
    assert (refusal["rule"], refusal["limit"], refusal["present"]) == ("channel_limit", "1", "1")
    assert refusal["object_uuid"] == office.profile
    first.hangup()
    await office.records()
    again = office.call(ANSWERS, "bob")
    await until(again, Answered)
    again.hangup()


async def test_a_country_that_is_closed(office: Office) -> None:
    refusal = await office.refused(office.call(GERMANY), 403, "country_closed")
    assert refusal["rule"] == "countries"


async def test_a_premium_number_in_an_open_country(office: Office) -> None:
    refusal = await office.refused(office.call(PREMIUM), 403, "high_risk_closed")
    assert refusal["rule"] == "open_prefixes"


async def test_a_rate_above_the_limit(office: Office) -> None:
    await office.limit(max_rate=0.00001)
    refusal = await office.refused(office.call(ANSWERS), 403, "rate_too_high")
    assert (refusal["rule"], refusal["object_uuid"]) == ("max_rate", office.profile)


async def test_a_day_that_has_no_money_left(office: Office) -> None:
    await office.limit(daily_spend_limit=0.00001)
    refusal = await office.refused(office.call(ANSWERS), 402, "daily_spend_reached")
    assert refusal["rule"] == "daily_spend_limit"


async def test_a_user_who_stays_in_the_domain(office: Office) -> None:
    await office.hire("dan", same_domain_calls_only=True)
    await office.refused(office.call(ANSWERS, "dan"), 403, "same_domain_only", "dan")


async def test_credit_that_ends_cuts_the_call(tmp_path: Path) -> None:
    with running_server(tmp_path / "data", carriers="192.0.2.0/24") as server:
        # One minute costs sixty dollars of the hundred, so there is no second one.
        deck = tmp_path / "deck.csv"
        deck.write_text(
            "prefix,destination,per_minute,initial,increment,connect_fee,effective_on\n"
            "1212,Dear,60,60,60,,\n"
        )
        added = run(tmp_path, "rates", "import", str(deck), "--deck", "1")
        assert added.returncode == 0, added.stderr
        async with office_at(server) as office:
            await asyncio.sleep(3)  # a running server sees it within seconds
            leg = office.call(ANSWERS)
            await until(leg, Answered)
            began = asyncio.get_running_loop().time()
            assert isinstance(await until(leg, *ENDS, seconds=75), HungUp)
            assert 55 < asyncio.get_running_loop().time() - began < 65
            incoming, outgoing = await office.records()
            assert {incoming["cause"], outgoing["cause"]} == {"credit_used_up"}
            assert float(outgoing["price"]) == 60
            assert await office.owner.balance() >= 0
            events = await office.owner.events(outgoing["uuid"])
            ends = [each for each in events if each["payload"].get("state") == "destroyed"]
            assert len(ends) == 1
