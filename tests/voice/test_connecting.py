from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select

from opentact.voice.calls import Call, CallState
from opentact.voice.media import NoMediaPorts
from opentact.voice.rules.asks import OutboundAsk
from opentact.voice.rules.causes import COUNTRY_CLOSED
from opentact.voice.rules.refusals import RuleObject, RuleRefused
from opentact.voice.sip.machine import Address
from opentact.voice.testing_legs import OFFER
from support.exchange import HOME, Exchange, exchange
from support.neighbourhood import Neighbourhood, binding, profile
from support.numbers import FIRST, buy, stocked
from support.world import World, build_world

FAR = "+442071838750"


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with build_world(database_url) as built:
        yield built


@pytest.fixture
async def house(world: World, tmp_path: Path) -> AsyncIterator[Exchange]:
    """A domain with alice and bob, and a profile that shows `FIRST`."""
    async with exchange(world, tmp_path, Neighbourhood()) as made:
        await stocked(world, 3)
        await buy(world.alice, FIRST)
        lease = (await world.alice.client.get(f"/rest/lease/tn/{FIRST}/tn")).json()["payload"]
        out = await profile(world.alice, tn_lease=lease["uuid"])
        made.users = await made.near.domain(world.alice, "alice", "bob", outbound_voice_profile=out)
        made.profile = out
        made.near.outlets.out = ["192.0.2.90"]
        yield made


async def stored(house: Exchange) -> list[Call]:
    async with house.world.database.read() as session:
        return list(await session.scalars(select(Call).order_by(Call.created_on, Call.uuid)))


async def bypass(house: Exchange) -> None:
    answer = await house.world.alice.client.patch(
        f"/rest/profile/outbound_voice/{house.profile}",
        json={"class4_ingress_trunk_settings": {"media_type": "Bypass Media"}},
    )
    assert answer.is_success, answer.text
    house.board.directory.forget()


async def test_all_phones_of_a_user_ring_where_they_registered_from(house: Exchange) -> None:
    nat = Address("198.51.100.7", 33_333)
    house.near.phones.at[house.users["bob"]] = [
        binding("sip:bob@10.0.0.2:5060", nat),
        binding("sip:bob@192.0.2.51", Address("192.0.2.52", 5060), "<sip:edge.example;lr>"),
    ]
    await house.of_user("alice", "bob")
    one, two = house.near.dialler.legs
    assert (one.target, one.how["destination"]) == ("sip:bob@10.0.0.2:5060", nat)
    assert two.how["headers"] == (("route", "<sip:edge.example;lr>"),)
    assert one.how["caller"] == f"<sip:alice@{HOME}>"
    assert one.how["to"] == f"<sip:bob@{HOME}>"
    assert one.how["hops"] == 69


async def test_media_pass_us_by_where_the_profile_says_so(house: Exchange) -> None:
    await bypass(house)
    await house.of_user("alice", "bob")
    assert house.near.dialler.legs[0].sdp == OFFER
    assert house.media.legs == []


async def test_media_go_through_us_otherwise_and_where_there_is_no_offer(house: Exchange) -> None:
    await house.of_user("alice", "bob")
    assert house.near.dialler.legs[0].sdp != OFFER
    assert len(house.media.legs) == 2
    await bypass(house)
    await house.of_user("alice", "bob", offer=None)
    assert len(house.media.legs) == 4


@pytest.mark.parametrize(
    ("offer", "cause"),
    [
        (b"garbage", "bad_sdp"),
        (OFFER.replace(b"RTP/AVP 0 101", b"RTP/AVP 9"), "no_common_codec"),
    ],
)
async def test_an_offer_that_nothing_can_come_of_is_refused(
    house: Exchange, offer: bytes, cause: str
) -> None:
    await house.of_user("alice", "bob", offer=offer)
    [call] = await stored(house)
    assert (call.cause, call.peer_uuid) == (cause, None)
    assert all(leg.closed for leg in house.media.legs)
    assert house.near.dialler.legs == []


async def test_without_media_ports_a_call_is_refused_and_says_so(house: Exchange) -> None:
    house.media.fault = NoMediaPorts("none is left")
    leg = await house.of_user("alice", FAR)
    [call] = await stored(house)
    assert (leg.status, call.cause, call.reason) == (503, "no_media", "none is left")
    assert house.near.rules.given == house.near.rules.left == 1


async def test_a_call_out_shows_the_profiles_number_and_costs_what_the_rules_say(
    house: Exchange,
) -> None:
    house.near.outlets.trusted = True
    leg = await house.of_user("alice", FAR)
    [far] = house.near.dialler.legs
    assert far.how["caller"] == f"<sip:+{FIRST}@{HOME}>"
    assert far.how["identity"] == f"sip:+{FIRST}@{HOME}"
    assert far.how["headers"][0] == ("x-way", "192.0.2.90")
    far.answers()
    await house.until(lambda: leg.status == 200)
    leg.hangs_up()
    await house.all_over()
    incoming, outgoing = await stored(house)
    assert (incoming.price, outgoing.price) == (Decimal(0), Decimal("0.01"))
    assert outgoing.outbound_profile_uuid == UUID(house.profile)
    assert (outgoing.from_, outgoing.to) == (f"+{FIRST}", FAR)
    [ask] = house.near.rules.asked
    assert isinstance(ask, OutboundAsk)
    assert (ask.to_e164, ask.user, ask.domain) == (FAR, house.users["alice"], HOME)
    account = (await house.world.alice.client.get("/rest/account")).json()["payload"]
    paid = (await house.world.alice.client.post("/rest/transaction/search", json={})).json()[
        "payload"
    ]["data"]
    assert account["balance"] == pytest.approx(sum(line["amount"] for line in paid))
    assert house.near.rules.left == 1


async def test_what_a_rule_refuses_is_told_with_the_rule_everywhere(house: Exchange) -> None:
    house.near.rules.refusal = RuleRefused(
        COUNTRY_CLOSED, "country", RuleObject("account", None, "alice"), "US, CA", "GB"
    )
    leg = await house.of_user("alice", FAR)
    [call] = await stored(house)
    assert (leg.status, call.cause, call.state) == (403, "country_closed", CallState.DESTROYED)
    assert "rule=country" in (leg.reason or "")
    assert (call.refusal or {})["limit"] == "US, CA"
    [told] = [f["call"] for f in house.told() if f["payload"]["state"] == "destroyed"]
    assert told["refusal"]["present"] == "GB"
    assert house.near.dialler.legs == []


async def test_a_number_that_no_trunk_carries_is_refused_and_frees_its_ticket(
    house: Exchange,
) -> None:
    house.near.outlets.out = []
    leg = await house.of_user("alice", FAR)
    [call] = await stored(house)
    assert (leg.status, call.cause) == (503, "no_route")
    assert house.near.rules.given == house.near.rules.left == 1


async def test_a_call_that_has_used_up_its_hops_goes_no_further(house: Exchange) -> None:
    for called in ("bob", FAR):
        leg = await house.of_user("alice", called, hops_left=0)
        assert leg.status == 483
    assert house.near.dialler.legs == []
    assert house.near.rules.given == house.near.rules.left == 1


async def test_a_call_that_comes_back_is_known_again(house: Exchange) -> None:
    await house.of_user("alice", FAR)
    [(_, mark)] = [h for h in house.near.dialler.legs[0].how["headers"] if h[0] == "x-passed"]
    headers = {"x-login": ["alice"], "x-passed": ["0123456789abcdef", mark]}
    leg = await house.of_user("alice", FAR, headers=headers)
    assert leg.status == 482
    other = await house.of_user("alice", "+442071838751", headers=headers)
    assert other.status is None
    marks = [
        value for name, value in house.near.dialler.legs[-1].how["headers"] if name == "x-passed"
    ]
    assert marks[:2] == ["0123456789abcdef", mark]
    assert len(set(marks)) == 3


async def test_a_node_that_stands_alone_calls_nobody(world: World, tmp_path: Path) -> None:
    async with exchange(world, tmp_path) as alone:
        leg = await alone.call(FAR)
        assert leg.status == 404
        assert (await alone.call("bob", host=HOME, caller_host=HOME)).status == 404
