"""Rates are read once a second, for each account its own, and zero where there is no list."""

from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import update

from opentact.billing.rating import Rate
from opentact.numbers.profiles import TnProfile, TnSpecialPrice, seed_profiles
from opentact.voice.call_rates import CallRates
from opentact.voice.remembered import FRESH_S
from support.world import World, build_world

USUAL, SPECIAL, NEW = Rate(Decimal("0.0085")), Rate(Decimal("0.002")), Rate(Decimal("0.01"))


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with build_world(database_url) as built:
        async with built.database.write() as session:
            await seed_profiles(session, now=built.clock.now())
        yield built


async def rate(world: World, rates: CallRates, account: UUID, name: str = "US") -> Rate:
    async with world.database.read() as session:
        found = await rates.of(session, [(account, name)], world.clock.now())
    return found[account, name]


async def test_each_account_has_its_rates_and_no_list_means_zero(world: World) -> None:
    now = world.clock.now()
    async with world.database.write() as session:
        session.add(
            TnSpecialPrice(
                account_uuid=world.bob.account,
                name="US",
                voice_incoming_per_min_cost=SPECIAL.per_minute,
                created_on=now,
                modified_on=now,
            )
        )
    rates = CallRates()
    assert await rate(world, rates, world.alice.account) == USUAL
    assert await rate(world, rates, world.bob.account) == SPECIAL
    assert await rate(world, rates, world.alice.account, "no such list") == Rate(Decimal(0))


async def test_a_new_price_holds_within_a_second(world: World) -> None:
    rates = CallRates()
    assert await rate(world, rates, world.alice.account) == USUAL
    async with world.database.write() as session:
        await session.execute(
            update(TnProfile)
            .where(TnProfile.name == "US")
            .values(voice_incoming_per_min_cost=NEW.per_minute)
        )
    assert await rate(world, rates, world.alice.account) == USUAL
    world.clock.at += timedelta(seconds=FRESH_S)
    assert await rate(world, rates, world.alice.account) == NEW
