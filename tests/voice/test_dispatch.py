import gc
import weakref
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from opentact.kit.faults import Fault
from opentact.voice import causes
from opentact.voice.bridged_legs import BridgedLeg
from opentact.voice.calls import Call, Direction
from opentact.voice.sip.machine import Address
from opentact.voice.testing_legs import PaperLeg
from opentact.voice.trunk_ways import TrunkCaller, TrunkKind
from support.exchange import HOME, Exchange, exchange, lead
from support.neighbourhood import Neighbourhood, connection, profile
from support.numbers import FIRST, buy, stocked
from support.phone import flow
from support.world import World, build_world

FAR = "+442071838750"
SWITCH = "192.0.2.30"


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with build_world(database_url) as built:
        yield built


@pytest.fixture
async def house(world: World, tmp_path: Path) -> AsyncIterator[Exchange]:
    async with exchange(world, tmp_path, Neighbourhood()) as made:
        yield made


async def stored(house: Exchange) -> list[Call]:
    async with house.world.database.read() as session:
        return list(await session.scalars(select(Call).order_by(Call.created_on, Call.uuid)))


async def refused(house: Exchange, leg: PaperLeg) -> tuple[int | None, str | None]:
    [call] = await stored(house)
    assert leg.status == call.sip_status
    return leg.status, call.cause


async def test_a_user_calls_a_colleague_and_both_legs_are_recorded(house: Exchange) -> None:
    alice = house.world.alice
    users = await house.near.domain(alice, "alice", "bob")
    leg = await house.of_user("alice", "Bob")
    [callee] = house.near.dialler.legs
    assert callee.target == "sip:bob@192.0.2.50:5070"
    callee.rings()
    callee.answers()
    await house.until(lambda: leg.status == 200)
    assert [card.call.sip_user_uuid for card in house.board.of_account(alice.account)] == [
        users["alice"],
        users["bob"],
    ]
    callee.hangs_up()
    await house.all_over()
    incoming, outgoing = await stored(house)
    assert (incoming.direction, incoming.from_, incoming.to) == (Direction.IN, "alice", "Bob")
    assert (outgoing.direction, outgoing.from_, outgoing.to) == (Direction.OUT, "alice", "bob")
    assert {incoming.cause, outgoing.cause} == {"callee_hung_up"}
    assert outgoing.parent_uuid == incoming.uuid
    assert house.board.of_account(alice.account) == []
    last = [frame["call"] for frame in house.told() if frame["payload"]["state"] == "destroyed"]
    assert {one.get("peer") for one in last} == {str(incoming.uuid), str(outgoing.uuid)}
    parents = {one["uuid"]: (one["parent"] or {}).get("uuid") for one in last}
    assert parents == {str(incoming.uuid): None, str(outgoing.uuid): str(incoming.uuid)}


async def test_a_bridged_call_that_ended_leaves_nothing_to_the_collector(house: Exchange) -> None:
    await house.near.domain(house.world.alice, "alice", "bob")
    leg = await house.of_user("alice", "bob")
    house.near.dialler.legs[0].answers()
    await house.until(lambda: leg.status == 200)
    live = [*house.board.live.values()]
    bridge = weakref.ref(next(leg.bridge for leg in live if isinstance(leg, BridgedLeg)))
    live.clear()
    gc.disable()
    try:
        leg.hangs_up()
        await house.all_over()
        house.near.dialler.legs.clear()
        assert bridge() is None
    finally:
        gc.enable()


async def test_nobody_calls_as_a_user_without_proving_it(house: Exchange) -> None:
    await house.near.domain(house.world.alice, "bob")
    for called in ("bob", "nobody", FAR):
        leg = await house.of_user("alice", called, headers={})
        assert leg.status == 407
        assert [name for name, _ in leg.refused_with] == ["proxy-authenticate"]
    assert house.near.dialler.legs == []
    assert await stored(house) == []


async def test_a_stranger_is_told_the_same_whatever_is_dialled(house: Exchange) -> None:
    await lead(house.world, house.world.alice)
    await house.near.domain(house.world.alice, "bob")
    for called, host in (("bob", HOME), (f"+{FIRST}", "192.0.2.2"), (FAR, HOME)):
        leg = await house.call(called, source=Address("192.0.2.66", 5060), host=host)
        assert (leg.sent, leg.reason, leg.refused_with) == ([(403,)], None, [])
    assert await stored(house) == []


async def test_a_login_that_cannot_be_looked_up_is_to_come_again(house: Exchange) -> None:
    house.near.logins.down = True
    assert (await house.call()).status == 503


@pytest.mark.parametrize(
    ("called", "how", "cause"),
    [
        ("nobody", {}, "unknown_user"),
        (FAR, {}, "no_outbound_profile"),
        ("bob", {"host": "other.example.com"}, "foreign_domain"),
    ],
)
async def test_what_a_user_cannot_call_is_said(
    house: Exchange, called: str, how: dict[str, Any], cause: str
) -> None:
    await house.near.domain(house.world.alice, "alice", "bob")
    leg = await house.of_user("alice", called, **how)
    assert (await refused(house, leg))[1] == cause


async def test_a_user_who_is_registered_nowhere_cannot_be_called(house: Exchange) -> None:
    users = await house.near.domain(house.world.alice, "alice", "bob")
    del house.near.phones.at[users["bob"]]
    assert await refused(house, await house.of_user("alice", "bob")) == (480, "callee_offline")


async def test_an_address_of_ours_is_as_good_as_the_domains_name(house: Exchange) -> None:
    await house.near.domain(house.world.alice, "alice", "bob")
    await house.of_user("alice", "bob", host="127.0.0.1")
    assert len(house.near.dialler.legs) == 1


async def test_any_name_at_a_domain_with_an_app_runs_its_flow(house: Exchange) -> None:
    world = house.world
    app = await lead(world, world.alice)
    await house.near.domain(world.alice, sip_control_app=app)
    leg = await house.call("whatever", host=HOME)
    assert leg.status == 200
    [card] = house.board.of_account(world.alice.account)
    assert (card.call.type, card.call.lease_uuid, card.call.to) == ("CallSCA", None, "whatever")


async def test_a_number_pointed_at_a_connection_is_delivered_there(house: Exchange) -> None:
    world = house.world
    await stocked(world, 3)
    await buy(world.alice, FIRST)
    pbx = await connection(world.alice)
    lease = (await world.alice.client.get(f"/rest/lease/tn/{FIRST}/tn")).json()["payload"]
    path = f"/rest/sip/connection/{pbx}/tnlease"
    assert (await world.alice.client.post(path, json={"add": [lease["uuid"]]})).is_success
    house.near.outlets.connections[pbx] = ["192.0.2.80", "192.0.2.81"]
    await house.rings(PaperLeg(called=f"+{FIRST}"))
    house.near.dialler.legs[0].refuses(503)
    one, two = house.near.dialler.legs
    assert [one.target, two.target] == [
        f"sip:+{FIRST}@192.0.2.80:5060",
        f"sip:+{FIRST}@192.0.2.81:5060",
    ]
    two.answers()
    two.hangs_up()
    await house.all_over()
    assert house.near.outlets.told_of == [("192.0.2.80", 503), ("192.0.2.81", 200)]
    assert house.near.rules.given == house.near.rules.left == 1


async def test_a_switch_calls_users_of_its_domain_and_numbers(house: Exchange) -> None:
    world = house.world
    await stocked(world, 3)
    await buy(world.alice, FIRST)
    lease = (await world.alice.client.get(f"/rest/lease/tn/{FIRST}/tn")).json()["payload"]
    out = await profile(world.alice, tn_lease=lease["uuid"])
    await house.near.domain(world.alice, "bob", outbound_voice_profile=out)
    house.near.sources.known[SWITCH] = TrunkCaller(
        TrunkKind.SWITCH, "switch", world.alice.user, world.alice.account, domain=HOME
    )
    house.near.outlets.out = ["192.0.2.90"]
    for called in ("bob", FAR):
        await house.rings(PaperLeg(called=called, source=Address(SWITCH, 5060)))
    bob, far = house.near.dialler.legs
    assert bob.target.startswith("sip:bob@")
    assert far.target == f"sip:{FAR}@192.0.2.90:5060"
    assert far.how["caller"] == f"<sip:+{FIRST}@127.0.0.1>"


async def test_a_connection_calls_numbers_by_its_own_profile_and_no_other_domain(
    house: Exchange,
) -> None:
    world = house.world
    await house.near.domain(world.bob, "bob")
    house.near.sources.known[SWITCH] = TrunkCaller(
        TrunkKind.CONNECTION, "pbx", world.alice.user, world.alice.account
    )
    leg = await house.rings(PaperLeg(called="bob", host=HOME, source=Address(SWITCH, 5060)))
    assert await refused(house, leg) == (404, "not_leased")


async def test_a_leased_number_is_called_without_leaving_the_house(house: Exchange) -> None:
    world = house.world
    await lead(world, world.alice)
    lease = (await world.alice.client.get(f"/rest/lease/tn/{FIRST}/tn")).json()["payload"]
    out = await profile(world.alice, tn_lease=lease["uuid"])
    await house.near.domain(world.alice, "alice", outbound_voice_profile=out)
    leg = await house.of_user("alice", f"+{FIRST}")
    await house.until(lambda: leg.status is not None)
    assert leg.status == 200
    assert house.near.dialler.legs == []
    cards = house.board.of_account(world.alice.account)
    assert sorted(card.call.type for card in cards) == ["CallSCA", "CallSIP", "CallSIP"]
    leg.hangs_up()
    await house.all_over()
    calls = await stored(house)
    assert {call.cause for call in calls} == {"caller_hung_up"}
    assert house.near.rules.given == house.near.rules.left == 2


async def test_a_bridged_leg_is_found_hung_up_and_runs_no_flow(house: Exchange) -> None:
    alice = house.world.alice
    await house.near.domain(alice, "alice", "bob")
    leg = await house.of_user("alice", "bob")
    [callee] = house.near.dialler.legs
    callee.answers()
    await house.until(lambda: leg.status == 200)
    for card in house.board.of_account(alice.account):
        found = house.board.find(alice.account, card.call.uuid)
        assert found is not None
        assert found.over is None
        with pytest.raises(Fault, match="runs no call flow"):
            found.replace(flow("<Hangup/>"))
        assert house.board.find(house.world.bob.account, card.call.uuid) is None
    answer = await alice.client.delete(f"/rest/call/{card.call.uuid}")
    assert answer.is_success, answer.text
    assert callee.sent == [("BYE",)]
    await house.all_over()
    assert {call.cause for call in await stored(house)} == {"api_hung_up"}


async def test_a_server_that_stops_ends_bridged_calls_on_both_sides(house: Exchange) -> None:
    await house.near.domain(house.world.alice, "alice", "bob")
    leg = await house.of_user("alice", "bob")
    await house.board.close()
    assert (leg.status, leg.reason) == (503, causes.SERVER_STOPPED.reason_header)
    assert house.near.dialler.legs[0].sent == [("CANCEL",)]
    late = await house.call()
    assert late.status == 503
