"""How often telephones are rung for verification, and who may show what, on both databases."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from opentact.accounts.ownership import Owner
from opentact.kit.faults import NotFound
from opentact.kit.ids import new_id
from opentact.voice.verified_numbers import (
    CALLS_OF_ACCOUNT,
    CALLS_OF_NUMBER,
    CALLS_TO_NUMBER,
    StillVerifying,
    TooManyVerifications,
    VerifiedAlready,
    VerifiedNumber,
    VerifiedState,
    ask_to_verify,
    get_verified_number,
    may_show,
    now_state,
    remove,
    settle,
    verified_numbers_of,
)
from support.numbers import FIRST, buy, stocked
from support.world import Tenant, World, build_world

FAR = 4930123456
SOON = timedelta(seconds=200)


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with build_world(database_url) as built:
        yield built


def owner(who: Tenant) -> Owner:
    return Owner(who.account, who.user)


async def asked(world: World, who: Tenant, tn: int = FAR) -> VerifiedNumber:
    now = world.clock.now()
    async with world.database.write() as session:
        return await ask_to_verify(session, owner(who), tn, None, new_id(), now + SOON, now)


async def settled(world: World, number: VerifiedNumber, *, agreed: bool) -> None:
    assert number.call_uuid is not None
    async with world.database.write() as session:
        await settle(
            session,
            number.uuid,
            number.call_uuid,
            agreed=agreed,
            reason="The call flow hung up: no right code",
            now=world.clock.now(),
        )


async def failed(world: World, who: Tenant, tn: int = FAR) -> None:
    await settled(world, await asked(world, who, tn), agreed=False)


async def shows(world: World, who: Tenant, tn: int = FAR) -> bool:
    async with world.database.read() as session:
        return await may_show(session, who.account, tn)


async def test_a_number_is_shown_once_it_is_verified_and_by_nobody_else(world: World) -> None:
    number = await asked(world, world.alice)
    assert not await shows(world, world.alice)
    await settled(world, number, agreed=True)
    assert await shows(world, world.alice)
    assert not await shows(world, world.bob)
    assert not await shows(world, world.alice, FAR + 1)
    with pytest.raises(VerifiedAlready):
        await asked(world, world.alice)


async def test_a_number_that_is_held_needs_no_proof(world: World) -> None:
    await stocked(world, 3)
    await buy(world.alice, FIRST)
    assert await shows(world, world.alice, FIRST)
    with pytest.raises(VerifiedAlready):
        await asked(world, world.alice, FIRST)
    await asked(world, world.bob, FIRST)


async def test_two_calls_for_one_number_are_not_made_at_once(world: World) -> None:
    several = await asyncio.gather(
        *(asked(world, world.alice) for _ in range(4)), return_exceptions=True
    )
    assert sorted(type(each).__name__ for each in several) == [
        *["StillVerifying"] * 3,
        "VerifiedNumber",
    ]


async def test_a_call_that_was_lost_has_failed_when_its_code_expires(world: World) -> None:
    number = await asked(world, world.alice)
    with pytest.raises(StillVerifying):
        await asked(world, world.alice)
    world.clock.at += SOON
    assert now_state(number, world.clock.now()) is VerifiedState.FAILED
    assert (await asked(world, world.alice)).uuid == number.uuid


async def test_only_the_latest_call_proves_the_number(world: World) -> None:
    old = await asked(world, world.alice)
    first_call = old.call_uuid
    world.clock.at += SOON
    latest = await asked(world, world.alice)
    latest.call_uuid, second_call = first_call, latest.call_uuid
    await settled(world, latest, agreed=True)
    assert not await shows(world, world.alice)
    latest.call_uuid = second_call
    await settled(world, latest, agreed=True)
    assert await shows(world, world.alice)


async def test_one_account_calls_a_number_so_often_a_day(world: World) -> None:
    for _ in range(CALLS_OF_NUMBER):
        await failed(world, world.alice)
    with pytest.raises(TooManyVerifications) as refused:
        await asked(world, world.alice)
    assert refused.value.status == 429
    world.clock.at += timedelta(days=1)
    await asked(world, world.alice)


async def test_removing_a_number_does_not_forget_how_often_it_was_called(world: World) -> None:
    for _ in range(CALLS_OF_NUMBER):
        await failed(world, world.alice)
        async with world.database.write() as session:
            found = await get_verified_number(session, world.alice.account, FAR, change=True)
            remove(found, owner(world.alice), world.clock.now())
    with pytest.raises(TooManyVerifications):
        await asked(world, world.alice)


async def test_many_accounts_do_not_make_one_telephone_ring_on(world: World) -> None:
    assert CALLS_TO_NUMBER == 2 * CALLS_OF_NUMBER
    for who in (world.alice, world.bob):
        for _ in range(CALLS_OF_NUMBER):
            await failed(world, who)
    with pytest.raises(TooManyVerifications):
        await asked(world, world.admin)
    await asked(world, world.admin, FAR + 1)


async def test_one_account_does_not_ring_half_a_town(world: World) -> None:
    for n in range(CALLS_OF_ACCOUNT):
        await failed(world, world.alice, FAR + n)
    with pytest.raises(TooManyVerifications):
        await asked(world, world.alice, FAR + CALLS_OF_ACCOUNT)
    await asked(world, world.bob)


async def test_what_was_removed_is_neither_shown_nor_found(world: World) -> None:
    await settled(world, await asked(world, world.alice), agreed=True)
    async with world.database.write() as session:
        found = await get_verified_number(session, world.alice.account, FAR, change=True)
        remove(found, owner(world.alice), world.clock.now())
    assert not await shows(world, world.alice)
    async with world.database.read() as session:
        assert await verified_numbers_of(session, world.alice.account) == []
        with pytest.raises(NotFound):
            await get_verified_number(session, world.alice.account, found.uuid)
    assert (await asked(world, world.alice)).uuid == found.uuid
