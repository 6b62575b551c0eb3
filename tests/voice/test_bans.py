from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from opentact.kit.faults import NotFound
from opentact.kit.ids import new_id
from opentact.voice.bans import (
    KEPT,
    NewBan,
    active_bans,
    all_bans,
    ban_of,
    get_ban,
    held_bans,
    lift,
    put_bans,
    version_of_bans,
)
from support.world import World, build_world


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with build_world(database_url) as built:
        yield built


async def put(world: World, place: str, seconds: float = 60, times: int = 1) -> None:
    async with world.database.write() as session:
        ban = NewBan(place, "why", "last", {"flood": 3}, times, seconds, "node one")
        await put_bans(session, [ban], world.clock.now())


async def active(world: World) -> list[str]:
    async with world.database.read() as session:
        return [each.place for each in await active_bans(session, world.clock.now())]


async def test_a_place_has_one_row_and_the_longer_end_wins(world: World) -> None:
    await put(world, "192.0.2.1", seconds=600)
    await put(world, "192.0.2.1", seconds=60, times=2)
    async with world.database.read() as session:
        [ban] = await all_bans(session)
    assert (ban.times, ban.until) == (2, world.clock.now() + timedelta(seconds=600))


async def test_what_ended_is_kept_a_month_and_then_forgotten(world: World) -> None:
    await put(world, "192.0.2.1")
    world.clock.at += timedelta(seconds=60)
    assert await active(world) == []
    await put(world, "192.0.2.2")
    async with world.database.read() as session:
        held, times = await held_bans(session, world.clock.now())
    assert (set(held), times) == ({"192.0.2.2"}, {"192.0.2.1": 1, "192.0.2.2": 1})
    world.clock.at += KEPT + timedelta(seconds=1)
    await put(world, "192.0.2.3")
    async with world.database.read() as session:
        assert {each.place for each in await all_bans(session)} == {"192.0.2.2", "192.0.2.3"}


async def test_every_change_is_another_version(world: World) -> None:
    seen = set()
    for change in ("nothing", "ban", "lift"):
        world.clock.at += timedelta(seconds=1)
        if change == "ban":
            await put(world, "192.0.2.1")
        if change == "lift":
            async with world.database.write() as session:
                found = await ban_of(session, "192.0.2.1", world.clock.now())
                lift(found, "ann", world.clock.now())
        async with world.database.read() as session:
            seen.add(await version_of_bans(session))
    assert len(seen) == 3


async def test_lifting_twice_keeps_who_was_first(world: World) -> None:
    await put(world, "192.0.2.1")
    async with world.database.write() as session:
        found = await ban_of(session, "192.0.2.1", world.clock.now())
        lift(found, "ann", world.clock.now())
        lift(found, "bob", world.clock.now())
    async with world.database.read() as session:
        assert (await get_ban(session, found.uuid)).lifted_by == "ann"
        with pytest.raises(NotFound, match=r"192\.0\.2\.1 is not banned"):
            await ban_of(session, "192.0.2.1", world.clock.now())
        with pytest.raises(NotFound):
            await get_ban(session, new_id())
