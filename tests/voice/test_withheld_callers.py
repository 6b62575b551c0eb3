"""Callers who do not want to be known: what each of the others learns of them (RFC 3323, 3325)."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from opentact.voice.sip.identities import ANONYMOUS
from opentact.voice.sip.machine import Address
from opentact.voice.testing_legs import PaperCallee, PaperLeg
from opentact.voice.trunk_ways import TrunkCaller, TrunkKind
from support.exchange import HOME, Exchange, exchange, lead
from support.neighbourhood import Neighbourhood, connection, profile
from support.numbers import FIRST, buy, stocked
from support.world import World, build_world

FAR = "+442071838750"
CALLER = "+12025550199"
ID = {"privacy": ["id"]}
AS_ALICE = {"x-login": ["alice"]}


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with build_world(database_url) as built:
        yield built


@pytest.fixture
async def house(world: World, tmp_path: Path) -> AsyncIterator[Exchange]:
    async with exchange(world, tmp_path, Neighbourhood()) as made:
        yield made


async def office(house: Exchange) -> None:
    """A domain with alice and bob, who show `FIRST` to the world."""
    alice = house.world.alice
    await stocked(house.world, 3)
    await buy(alice, FIRST)
    lease = (await alice.client.get(f"/rest/lease/tn/{FIRST}/tn")).json()["payload"]
    out = await profile(alice, tn_lease=lease["uuid"])
    await house.near.domain(alice, "alice", "bob", outbound_voice_profile=out)
    house.near.outlets.out = ["192.0.2.90"]


def from_of(house: Exchange) -> list[str]:
    """Tell who calls by the records of the calls that live, oldest first."""
    return [card.call.from_ for card in house.board.of_account(house.world.alice.account)]


def shown(callee: PaperCallee) -> tuple[str, str | None, list[str]]:
    """Tell what an INVITE says: From, the identity asserted, and Privacy."""
    headers = callee.how["headers"]
    private = [value for name, value in headers if name == "privacy"]
    return callee.how["caller"], callee.how["identity"], private


@pytest.mark.parametrize("word", ["id", "user", "header;id", "ID;critical"])
async def test_a_trusted_carrier_learns_who_calls_and_is_told_to_keep_it(
    house: Exchange, word: str
) -> None:
    await office(house)
    house.near.outlets.trusted = True
    await house.of_user("alice", FAR, headers={**AS_ALICE, "privacy": [word]})
    assert shown(house.near.dialler.legs[0]) == (ANONYMOUS, f"sip:+{FIRST}@{HOME}", ["id"])
    assert from_of(house) == ["alice", f"+{FIRST}"], "whose call it is may know"


async def test_any_other_trunk_learns_nothing(house: Exchange) -> None:
    await office(house)
    await house.of_user("alice", FAR, headers={**AS_ALICE, **ID})
    assert shown(house.near.dialler.legs[0]) == (ANONYMOUS, None, ["id"])


async def test_a_colleagues_phone_shows_nobody(house: Exchange) -> None:
    await office(house)
    await house.of_user("alice", "bob", headers={**AS_ALICE, **ID})
    assert shown(house.near.dialler.legs[0])[::2] == (ANONYMOUS, ["id"])


@pytest.mark.parametrize("headers", [{}, {"privacy": ["none"]}, {"privacy": ["session"]}])
async def test_who_does_not_mind_is_shown(house: Exchange, headers: dict[str, list[str]]) -> None:
    await office(house)
    await house.of_user("alice", FAR, headers={**AS_ALICE, **headers})
    assert shown(house.near.dialler.legs[0]) == (f"<sip:+{FIRST}@{HOME}>", None, [])


async def test_the_holder_of_a_number_does_not_learn_who_withholds_his(house: Exchange) -> None:
    await lead(house.world, house.world.alice)
    await house.call(headers=ID)
    [card] = house.board.of_account(house.world.alice.account)
    assert card.call.from_ == "anonymous"
    assert {frame["call"]["from"] for frame in house.told()} == {"anonymous"}


async def test_nor_does_the_pbx_that_the_number_leads_to(house: Exchange) -> None:
    world = house.world
    await stocked(world, 3)
    await buy(world.alice, FIRST)
    pbx = await connection(world.alice)
    lease = (await world.alice.client.get(f"/rest/lease/tn/{FIRST}/tn")).json()["payload"]
    path = f"/rest/sip/connection/{pbx}/tnlease"
    assert (await world.alice.client.post(path, json={"add": [lease["uuid"]]})).is_success
    house.near.outlets.connections[pbx] = ["192.0.2.80"]
    await house.rings(PaperLeg(called=f"+{FIRST}", headers=ID))
    assert shown(house.near.dialler.legs[0]) == (ANONYMOUS, None, ["id"])
    assert from_of(house) == ["anonymous"] * 2


async def test_nor_whoever_is_called_within_the_house(house: Exchange) -> None:
    world = house.world
    await lead(world, world.alice)
    lease = (await world.alice.client.get(f"/rest/lease/tn/{FIRST}/tn")).json()["payload"]
    out = await profile(world.alice, tn_lease=lease["uuid"])
    await house.near.domain(world.alice, "alice", outbound_voice_profile=out)
    leg = await house.of_user("alice", f"+{FIRST}", headers={**AS_ALICE, **ID})
    await house.until(lambda: leg.status is not None)
    assert leg.status == 200
    assert from_of(house)[-1] == "anonymous"


async def test_nor_a_user_of_a_domain_that_a_carrier_calls(house: Exchange) -> None:
    await house.near.domain(house.world.alice, "bob")
    house.near.sources.known["192.0.2.70"] = TrunkCaller(TrunkKind.CARRIER, "carriers")
    source = Address("192.0.2.70", 5060)
    leg = PaperLeg(called="bob", host=HOME, caller=CALLER, source=source, headers=ID)
    await house.rings(leg)
    assert shown(house.near.dialler.legs[0])[::2] == (ANONYMOUS, ["id"])
    assert from_of(house) == ["anonymous"] * 2
