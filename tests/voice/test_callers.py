from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from opentact.voice.callers import Callers, Refusal, UserCaller
from opentact.voice.directory import Directory
from opentact.voice.sip.machine import Address
from opentact.voice.testing_legs import PaperLeg
from opentact.voice.trunk_ways import TrunkCaller, TrunkKind
from support.exchange import HOME
from support.neighbourhood import CARRIERS, Neighbourhood
from support.world import World, build_world

PBX = Address("192.0.2.30", 5060)
STRANGE = Address("192.0.2.66", 5060)


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with build_world(database_url) as built:
        yield built


@pytest.fixture
async def near(world: World) -> Neighbourhood:
    made = Neighbourhood()
    await made.domain(world.alice, "alice")
    named = TrunkCaller(TrunkKind.CONNECTION, "pbx", world.alice.user, world.alice.account)
    made.sources.known[PBX.host] = named
    return made


def asked(near: Neighbourhood, world: World, *, logins: bool = True) -> Callers:
    door = near.logins if logins else None
    return Callers(near.sources, door, Directory(world.database))


async def test_a_named_trunk_is_itself_whatever_its_from_says(
    near: Neighbourhood, world: World
) -> None:
    leg = PaperLeg(caller="alice", caller_host=HOME, source=PBX)
    assert await asked(near, world).who(leg) is near.sources.known[PBX.host]


async def test_a_phone_of_another_customer_at_a_trunks_address_is_a_phone(
    near: Neighbourhood, world: World
) -> None:
    shared = TrunkCaller(TrunkKind.CONNECTION, "pbx", UUID(int=9), world.bob.account)
    near.sources.known[PBX.host] = shared
    refusal = await asked(near, world).who(PaperLeg(caller="alice", caller_host=HOME, source=PBX))
    assert isinstance(refusal, Refusal)
    assert refusal.status == 407
    for elsewhere in ("192.0.2.30", "pbx.example.com"):
        leg = PaperLeg(caller="alice", caller_host=elsewhere, source=PBX)
        assert await asked(near, world).who(leg) is shared


async def test_a_phone_of_another_domain_at_a_switchs_address_is_a_phone(
    near: Neighbourhood, world: World
) -> None:
    switch = TrunkCaller(
        TrunkKind.SWITCH, "switch", UUID(int=8), world.alice.account, domain="lab.sip.localhost"
    )
    near.sources.known[PBX.host] = switch
    refusal = await asked(near, world).who(PaperLeg(caller="al", caller_host=HOME, source=PBX))
    assert isinstance(refusal, Refusal)
    assert refusal.status == 407


async def test_of_several_switches_behind_one_address_the_domain_called_tells(
    near: Neighbourhood, world: World
) -> None:
    switch = TrunkCaller(TrunkKind.SWITCH, "switch", UUID(int=8), world.alice.account, domain=HOME)
    near.sources.known[f"{HOME}@{PBX.host}"] = switch
    leg = PaperLeg(caller="alice", source=PBX, host=HOME.upper())
    assert await asked(near, world).who(leg) is switch


async def test_a_phone_among_the_carriers_is_a_user_who_proves_it(
    near: Neighbourhood, world: World
) -> None:
    callers = asked(near, world)
    leg = PaperLeg(caller="alice", caller_host=HOME)
    refusal = await callers.who(leg)
    assert isinstance(refusal, Refusal)
    assert refusal.status == 407
    leg.headers["x-login"] = ["alice"]
    user = await callers.who(leg)
    assert isinstance(user, UserCaller)
    assert (user.user.login, user.domain.name) == ("alice", HOME)


async def test_a_user_who_was_removed_meanwhile_is_a_stranger(
    near: Neighbourhood, world: World
) -> None:
    leg = PaperLeg(caller="eve", caller_host=HOME, headers={"x-login": ["eve"]})
    assert await asked(near, world).who(leg) == Refusal(403)


async def test_carriers_call_from_their_networks_and_nobody_from_elsewhere(
    near: Neighbourhood, world: World
) -> None:
    callers = asked(near, world)
    assert await callers.who(PaperLeg()) is CARRIERS
    assert await callers.who(PaperLeg(source=STRANGE)) == Refusal(403)
    assert near.logins.suspicions == [(STRANGE.host, "stranger", "INVITE to 12025550100")]
    assert await asked(near, world, logins=False).who(PaperLeg(caller_host=HOME)) is CARRIERS


async def test_a_database_that_is_away_makes_nobody_a_carrier(
    near: Neighbourhood, world: World
) -> None:
    near.logins.down = True
    assert await asked(near, world).who(PaperLeg()) == Refusal(503)
