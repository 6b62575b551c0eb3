from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from opentact.events.log import read_after
from opentact.events.retention import forget_old_events
from support.happenings import change_balance
from support.world import Tenant, World, build_world


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with build_world(database_url) as world:
        yield world


async def kept(world: World, tenant: Tenant) -> list[int]:
    """Tell the positions of the tenant's events that are still there."""
    async with world.database.read() as session:
        page = await read_after(session, tenant.account, None, take=100)
    return [event.position for event in page.events]


async def test_old_events_are_forgotten_in_bites_and_only_old_ones(world: World) -> None:
    await change_balance(world, world.alice, *range(5))
    await change_balance(world, world.bob, *range(4))
    world.clock.at += timedelta(days=2)
    await change_balance(world, world.bob, 4)
    bites: list[int] = []
    while not bites or bites[-1]:
        async with world.database.write() as session:
            before = world.clock.at - timedelta(days=1)
            bites.append(await forget_old_events(session, before, most=3))
    assert bites == [3, 3, 3, 0]
    assert (await kept(world, world.alice), await kept(world, world.bob)) == ([], [5])


async def test_positions_go_on_after_everything_was_forgotten(world: World) -> None:
    await change_balance(world, world.alice, 1)
    async with world.database.write() as session:
        await forget_old_events(session, world.clock.at + timedelta(days=1))
    await change_balance(world, world.alice, 2)
    assert await kept(world, world.alice) == [2]
