"""Bindings as they are stored: a restart reads them back, and nodes leave each other's alone."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest

from opentact.voice.sip.machine import Address
from support.registering import DOMAIN, Phone, registrar, states
from support.sip_people import domain, user
from support.world import World, build_world

OVER_TCP = Address("192.0.2.7", 50000, "tcp", 17)


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with build_world(database_url) as built:
        await domain(built.alice)
        yield built


@pytest.fixture
async def ann(world: World) -> UUID:
    return UUID((await user(world.alice, "ann"))["uuid"])


def later(world: World, seconds: float) -> None:
    world.clock.at += timedelta(seconds=seconds)


async def test_a_restart_finds_phones_again_but_no_connections(world: World, ann: UUID) -> None:
    bea = UUID((await user(world.alice, "bea"))["uuid"])
    async with registrar(world) as before:
        phone = Phone(before, headers=["User-Agent: phone", "Supported: path"])
        line = f'Contact: {phone.contact};q=0.5;+sip.instance="<urn:x>";reg-id=2'
        await phone.register(line, "Path: <sip:edge.example;lr>")
        await Phone(before, source=OVER_TCP).register()
        await Phone(before, login="bea", source=OVER_TCP).register()
        held = next(each for each in before.registrar.contacts_of(ann) if not each.source.flow)
    later(world, 10)
    async with registrar(world) as after:
        assert after.registrar.contacts_of(ann) == [held]
        assert not after.registrar.is_online(bea)
        await after.book.settled()
    assert states(world)[-1] == f"bea@{DOMAIN} is offline"
    async with registrar(world) as again:
        assert again.registrar.contacts_of(ann) == [held]
        assert len(again.registrar) == 1


async def test_what_expired_meanwhile_is_gone_after_a_restart(world: World, ann: UUID) -> None:
    async with registrar(world) as before:
        await Phone(before).register(expires=60)
    later(world, 61)
    async with registrar(world) as after:
        assert not after.registrar.is_online(ann)
        await after.book.settled()
    assert states(world)[-1] == f"ann@{DOMAIN} is offline"


async def test_another_node_leaves_it_alone(world: World, ann: UUID) -> None:
    async with registrar(world) as here:
        await Phone(here).register()
        async with registrar(world, node="node-2") as there:
            assert not there.registrar.is_online(ann)
        assert here.registrar.is_online(ann)


async def test_a_phone_that_moved_to_another_node_stays_there(world: World, ann: UUID) -> None:
    async with registrar(world) as here, registrar(world, node="node-2") as there:
        await Phone(here).register()
        await Phone(there).register()
        await Phone(here, number=10).register("Contact: *", "Expires: 0")
        await here.book.settled()
    async with registrar(world, node="node-2") as again:
        assert again.registrar.is_online(ann)
