"""Phones at another node: called where they registered from, unless over its connections."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest

from opentact.voice.other_nodes import Reachable
from opentact.voice.sip.machine import Address
from support.registering import Phone, Rig, registrar, registration
from support.sip_people import domain, user
from support.world import World, build_world


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with build_world(database_url) as built:
        await domain(built.alice)
        yield built


@pytest.fixture
async def ann(world: World) -> UUID:
    return UUID((await user(world.alice, "ann"))["uuid"])


async def elsewhere(world: World, ann: UUID, **how: object) -> None:
    async with world.database.write() as session:
        session.add(registration(ann, world.clock.now(), **how))


async def reachable(world: World, rig: Rig) -> Reachable:
    made = Reachable(rig.registrar, world.database, rig.node, rig.now)
    await made.look()
    return made


async def test_a_phone_at_another_node_is_called_from_here_by_its_path(
    world: World, ann: UUID
) -> None:
    await elsewhere(world, ann, path=["<sip:edge.example;lr>"])
    async with registrar(world) as rig:
        assert rig.registrar.contacts_of(ann) == []
        [found] = await (await reachable(world, rig)).reach(ann)
        assert found.source == Address("192.0.2.7", 40000)
        assert found.path == ("<sip:edge.example;lr>",)


async def test_phones_of_all_nodes_ring_and_one_that_has_moved_rings_once(
    world: World, ann: UUID
) -> None:
    await elsewhere(world, ann, host="192.0.2.99", key="other", contact="sip:ann@192.0.2.99")
    async with registrar(world) as rig:
        phone = Phone(rig)
        await phone.register()
        # The same phone has registered at the other node before, by another key.
        await elsewhere(world, ann, key="old", contact=phone.contact.strip("<>"))
        found = await (await reachable(world, rig)).reach(ann)
    assert [each.source.host for each in found] == ["192.0.2.7", "192.0.2.99"]


async def test_connections_of_another_node_and_what_has_expired_are_left_out(
    world: World, ann: UUID
) -> None:
    now = world.clock.now()
    await elsewhere(world, ann, key="tcp", transport="tcp", flow=7)
    await elsewhere(world, ann, key="old", expires_on=now - timedelta(seconds=1))
    async with registrar(world) as rig:
        assert await (await reachable(world, rig)).reach(ann) == []


async def test_a_node_that_is_alone_asks_nobody(world: World, ann: UUID) -> None:
    async with registrar(world) as rig:
        await Phone(rig).register()
        here = await reachable(world, rig)
        assert not here.has_others
        assert await here.reach(ann) == rig.registrar.contacts_of(ann)
        # What another node has taken since is seen within seconds.
        await elsewhere(world, ann, key="other", contact="sip:ann@192.0.2.99")
        await here.look()
        assert len(await here.reach(ann)) == 2
