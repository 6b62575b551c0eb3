"""Each rule refuses a real call: the caller's answer, the event and the record say the same.

One server, whose carrier is the simulated one. What its limits of money and countries refuse is
in `test_calls_out.py`.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from opentact.adapters.sip.endpoint import SipEndpoint
from opentact.adapters.sip.legs import OutgoingLeg
from opentact.voice.sip.effects import ENDS, Answered, Refused
from opentact.voice.sip.identities import ANONYMOUS
from opentact.voice.sip.machine import Address
from support.live_server import Customer, Server, customer, running_server
from support.peers import LOOPBACK

from .test_calls_out import ANSWERS, GERMANY, PREMIUM, SDP, Office, office_at, until
from .web import until as happens

CALLER = "+12015550177"


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(tmp_path_factory.mktemp("strict") / "data") as server:
        yield server


@pytest.fixture
async def office(strict: Server) -> AsyncIterator[Office]:
    async with office_at(strict) as made:
        yield made


@pytest.fixture
async def alice(strict: Server) -> AsyncIterator[Customer]:
    async with customer(strict.http, strict.token) as demo:
        yield demo


async def told(
    owner: Customer, leg: OutgoingLeg, status: int, cause: str, **narrow: object
) -> dict[str, Any]:
    """Check that a refused call says the same in its answer, its record and its last event."""
    end = await until(leg, *ENDS)
    assert isinstance(end, Refused)
    assert end.status == status, end

    async def found() -> list[dict[str, Any]]:
        return [each for each in await owner.calls(**narrow) if each["cause"] == cause]

    [record, *_] = await happens(found, 15)
    refusal: dict[str, Any] = record["refusal"]
    [gone] = [
        each
        for each in await owner.events(record["uuid"])
        if each["payload"].get("state") == "destroyed"
    ]
    assert gone["call"]["refusal"] == refusal
    assert refusal["cause"] == cause
    reason = end.reason or ""
    assert reason.startswith("Q.850;cause=")
    assert f"rule={refusal['rule']};object={refusal['object']}" in reason
    assert f'limit="{refusal["limit"]}";present="{refusal["present"]}"' in reason
    if refusal["object_uuid"]:
        assert f"object-uuid={refusal['object_uuid']}" in reason
    return refusal


def facts(refusal: dict[str, Any]) -> tuple[str, str, str, str]:
    return refusal["rule"], refusal["object"], refusal["limit"], refusal["present"]


async def test_an_emergency_number(office: Office) -> None:
    refusal = await told(office.owner, office.call("911"), 403, "emergency_not_served")
    assert facts(refusal) == ("emergency", "platform", "no emergency numbers", "911")


async def test_a_profile_that_is_switched_off(office: Office) -> None:
    await office.limit(is_active=False)
    leg = office.call(ANSWERS)
    refusal = await told(office.owner, leg, 403, "outbound_profile_inactive")
    assert facts(refusal) == ("is_active", "outbound_voice_profile", "true", "false")
    assert refusal["object_uuid"] == office.profile


async def test_a_caller_without_a_number_to_show(office: Office) -> None:
    await office.limit(tn_lease=None)
    refusal = await told(office.owner, office.call(ANSWERS), 403, "no_caller_id")
    limit = "a number of the account"
    assert facts(refusal) == ("caller_id", "outbound_voice_profile", limit, "none")


async def test_a_user_of_one_domain_only(office: Office) -> None:
    await office.hire("dan", same_domain_calls_only=True)
    leg = office.call(ANSWERS, "dan")
    refusal = await told(office.owner, leg, 403, "same_domain_only")
    assert refusal["object_uuid"] == office.users["dan"]
    assert facts(refusal) == (
        "same_domain_calls_only",
        "sip_user",
        f"users of {office.domain}",
        ANSWERS,
    )


async def test_a_user_who_calls_faster_than_a_person(office: Office) -> None:
    await office.limit(user_calls_per_minute=2)
    for _ in range(2):
        leg = office.call(ANSWERS)
        await until(leg, Answered)
        leg.hangup()
    refusal = await told(office.owner, office.call(ANSWERS), 403, "user_too_fast")
    assert facts(refusal) == ("user_calls_per_minute", "sip_user", "2", "2")
    assert refusal["object_uuid"] == office.users["alice"]
    await office.hire("bob")
    other = office.call(ANSWERS, "bob")
    await until(other, Answered)
    other.hangup()


async def test_calls_wait_for_their_turn_and_too_many_are_refused(office: Office) -> None:
    await office.limit(calls_per_second=2)
    loop, began = asyncio.get_running_loop(), asyncio.get_running_loop().time()
    legs = [office.call(ANSWERS) for _ in range(15)]
    answered: list[float] = []

    async def follow(leg: OutgoingLeg) -> OutgoingLeg | None:
        # What is too much is refused at once, what waits has its turn; told() hears the rest.
        await asyncio.wait_for(_something(leg), 20)
        if isinstance(event := leg.events.get_nowait(), Answered):
            answered.append(loop.time() - began)
            leg.hangup()
            return None
        leg.events.put_nowait(event)
        return leg

    refused = [leg for leg in await asyncio.gather(*map(follow, legs)) if leg is not None]
    assert refused, "nothing was too much"
    answered.sort()
    assert len(answered) + len(refused) == 15
    # Two a second: each waits half a second more than the one before, for five seconds at most.
    assert 10 <= len(answered) <= 12
    assert all(at > n * 0.5 - 0.1 for n, at in enumerate(answered))
    refusal = await told(office.owner, refused[0], 503, "calls_too_fast")
    assert (refusal["rule"], refusal["object"]) == ("calls_per_second", "outbound_voice_profile")
    assert (refusal["limit"], refusal["object_uuid"]) == ("2", office.profile)
    assert refusal["present"].endswith("s of calls wait")


async def _something(leg: OutgoingLeg) -> None:
    """Wait for an answer or an end, and leave it there."""
    while not isinstance(event := await leg.events.get(), (Answered, *ENDS)):
        pass
    leg.events.put_nowait(event)


class Line:
    """A number of alice's, and somebody who calls it."""

    def __init__(self, owner: Customer, server: Server, phone: SipEndpoint) -> None:
        self.owner = owner
        self.server = server
        self.phone = phone
        self.number = 0

    async def connect(self, **lists: list[str]) -> str:
        """Order a number, screened by these lists; the uuid of the profile that holds them."""
        self.number = await self.owner.number_with_flow("<Response><Hangup/></Response>")
        body = {"name": f"quiet-{secrets.token_hex(4)}", **lists}
        made = await self.owner.ask("POST", "/rest/profile/tn", body)
        path = f"/rest/lease/tn/{self.number}"
        await self.owner.ask("PATCH", path, {"tn_profile": made["uuid"]})
        return str(made["uuid"])

    def call(self, caller: str, **how: Any) -> OutgoingLeg:
        target = f"sip:{self.number}@{self.server.sip}"
        return self.phone.call(target, to=target, caller=caller, sdp=SDP, **how)


@asynccontextmanager
async def phone(host: str = LOOPBACK) -> AsyncIterator[SipEndpoint]:
    endpoint = await SipEndpoint.open(host, 0, on_call=lambda leg: leg.reject(480))
    try:
        yield endpoint
    finally:
        await endpoint.close()


@pytest.fixture
async def line(strict: Server, alice: Customer) -> AsyncIterator[Line]:
    async with phone() as made:
        yield Line(alice, strict, made)


@pytest.mark.parametrize(
    ("lists", "how", "limit", "present"),
    [
        ({"blacklist": [CALLER]}, {}, "callers not on it", CALLER),
        ({"blacklist": ["+1201*"]}, {}, "callers not on it", CALLER),
        ({"blacklist": ["anonymous"]}, {"privacy": ("id",)}, "callers not on it", "anonymous"),
        ({"whitelist": ["+12025550100"]}, {}, "callers on it", CALLER),
    ],
)
async def test_a_caller_who_is_screened(
    line: Line, lists: dict[str, list[str]], how: dict[str, Any], limit: str, present: str
) -> None:
    uuid = await line.connect(**lists)
    leg = line.call(f"sip:{CALLER}@{LOOPBACK}", **how)
    refusal = await told(line.owner, leg, 603, "screened", tn=line.number)
    assert facts(refusal) == (next(iter(lists)), "tn_profile", limit, present)
    assert refusal["object_uuid"] == uuid


async def test_a_caller_who_is_on_the_list_gets_through_and_an_unknown_one_does_not(
    line: Line,
) -> None:
    await line.connect(whitelist=[CALLER])
    leg = line.call(f"sip:{CALLER}@{LOOPBACK}")
    await until(leg, Answered)
    leg.hangup()
    refusal = await told(line.owner, line.call(ANONYMOUS), 603, "screened", tn=line.number)
    assert refusal["present"] == "anonymous"


@dataclass(frozen=True)
class Trunk:
    """A connection that calls from 127.0.0.7 with a prefix, by a profile that shows a number."""

    prefix: int
    profile: str
    shown: int


async def trunk(owner: Customer, **limits: Any) -> Trunk:
    name = f"pbx-{secrets.token_hex(4)}"
    number = await owner.order_number()
    lease = (await owner.ask("GET", f"/rest/lease/tn/{number}/tn"))["uuid"]
    body = {"name": name, "tn_lease": lease, **limits}
    profile = (await owner.ask("POST", "/rest/profile/outbound_voice", body))["uuid"]
    body = {
        "name": name,
        "ip": "198.51.100.7",
        "port": 5060,
        "inbound_ips": ["127.0.0.7/32"],
        "outbound_voice_profile": profile,
    }
    made = await owner.ask("POST", "/rest/sip/connection", body)
    return Trunk(made["tech_prefix"], profile, number)


async def test_a_technology_prefix_tells_which_trunk_calls_and_whose_rules_hold(
    strict: Server, alice: Customer
) -> None:
    cheap, open_ = await trunk(alice, max_rate=0.00001), await trunk(alice)
    async with phone("127.0.0.7") as pbx:

        def call(by: Trunk, called: str) -> OutgoingLeg:
            to = f"sip:{by.prefix}{called[1:]}@{strict.sip}"
            place = Address(*strict.sip_address)
            return pbx.call(to, to=to, caller=f"sip:x@{LOOPBACK}", sdp=SDP, destination=place)

        async def is_known() -> bool:
            end = await until(call(cheap, GERMANY), *ENDS)
            return isinstance(end, Refused) and end.status == 403

        # Within a second or so the server takes the trunks up; until then a carrier calls.
        await happens(is_known, 15)
        refusal = await told(alice, call(cheap, ANSWERS), 403, "rate_too_high")
        assert (refusal["rule"], refusal["object_uuid"]) == ("max_rate", cheap.profile)
        refusal = await told(alice, call(open_, PREMIUM), 403, "high_risk_closed")
        assert (refusal["rule"], refusal["object_uuid"]) == ("open_prefixes", open_.profile)
        leg = call(open_, ANSWERS)
        await until(leg, Answered)
        leg.hangup()

        async def over() -> list[dict[str, Any]]:
            shown = {"from": f"+{open_.shown}"}
            return [each for each in await alice.calls(**shown) if each["finished_on"]]

        assert (await happens(over, 15))[0]["to"].endswith(ANSWERS[1:])
