"""Who holds a number, and where it leads; tests/api/test_leases.py has what callers see."""

from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from opentact.kit.faults import NotFound
from opentact.kit.ids import new_id
from opentact.numbers.faults import LeaseNotFound
from opentact.numbers.features import Feature
from opentact.numbers.inventory import Tn
from opentact.numbers.leases import (
    Lease,
    active_lease,
    assign,
    get_lease,
    point,
    put_on_sale,
    release,
    subscribed,
    subscriptions_of,
)
from opentact.numbers.targets import Target
from support.numbers import FIRST, buy, stocked
from support.world import NOON, World

SENT = {
    Target.APP: ("/rest/sip/app", {"name": "menu"}),
    Target.CONNECTION: ("/rest/sip/connection", {"name": "pbx", "ip": "192.0.2.7", "port": 5060}),
}


async def made(world: World, kind: Target) -> UUID:
    path, body = SENT[kind]
    answer = await world.alice.client.post(path, json=body)
    return UUID(answer.json()["payload"]["uuid"])


async def held(world: World, count: int = 1) -> list[UUID]:
    """Give alice so many numbers."""
    tns = await stocked(world, count)
    await buy(world.alice, *tns)
    async with world.database.read() as session:
        return list(await session.scalars(select(Lease.uuid).order_by(Lease.tn)))


def leads(lease: Lease) -> tuple[UUID | None, UUID | None]:
    """Tell the app and the connection it points at."""
    return lease.sip_control_app_uuid, lease.sip_connection_uuid


async def test_a_number_is_held_once_and_the_database_keeps_it_so(world: World) -> None:
    await held(world)
    again = Lease(
        tn=FIRST,
        account_uuid=world.bob.account,
        expired_on=NOON,
        created_on=NOON,
        modified_on=NOON,
    )
    with pytest.raises(IntegrityError):
        async with world.database.write() as session:
            session.add(again)


async def test_a_call_finds_the_holder_and_a_customer_only_what_is_theirs(world: World) -> None:
    [uuid] = await held(world)
    async with world.database.read() as session:
        lease = await active_lease(session, FIRST)
        assert lease is not None
        assert (lease.uuid, lease.account_uuid) == (uuid, world.alice.account)
        assert await active_lease(session, FIRST + 1) is None
        for name in (FIRST, uuid):
            assert (await get_lease(session, world.alice.account, name)).tn == FIRST
            with pytest.raises(LeaseNotFound):
                await get_lease(session, world.bob.account, name)


async def test_a_connection_takes_the_place_of_an_app_and_the_other_way_round(
    world: World,
) -> None:
    await held(world)
    app, connection = await made(world, Target.APP), await made(world, Target.CONNECTION)
    async with world.database.write() as session:
        lease = await get_lease(session, world.alice.account, FIRST, change=True)
        await point(session, lease, Target.APP, app)
        await point(session, lease, Target.CONNECTION, connection)
        assert leads(lease) == (None, connection)
        await point(session, lease, Target.APP, None)
        assert lease.sip_connection_uuid == connection
        await point(session, lease, Target.APP, app)
        assert leads(lease) == (app, None)
        with pytest.raises(NotFound):
            await point(session, lease, Target.APP, new_id())
        assert lease.sip_control_app_uuid == app


async def test_of_leases_that_are_assigned_one_unknown_leaves_all_as_they_were(
    world: World,
) -> None:
    one, two = await held(world, 2)
    app = await made(world, Target.APP)
    stranger = new_id()
    async with world.database.write() as session:
        with pytest.raises(LeaseNotFound, match=str(stranger)):
            await assign(session, world.alice.account, [one, stranger], [two], app=app, now=NOON)
        there = await session.scalars(select(Lease.sip_control_app_uuid))
        assert set(there) == {None}


async def test_taking_a_lease_away_leaves_alone_what_points_elsewhere(world: World) -> None:
    one, two = await held(world, 2)
    app, connection = await made(world, Target.APP), await made(world, Target.CONNECTION)
    account = world.alice.account
    async with world.database.write() as session:
        await assign(session, account, [one], [], app=app, now=NOON)
        await assign(session, account, [two], [], connection=connection, now=NOON)
        moved = await assign(session, account, [], [one, two], app=app, now=NOON)
        assert [lease.sip_control_app_uuid for lease in moved] == [None, None]
        assert [lease.sip_connection_uuid for lease in moved] == [None, connection]


async def test_a_released_lease_is_history_and_its_number_for_sale(world: World) -> None:
    [uuid] = await held(world)
    async with world.database.write() as session:
        lease = await get_lease(session, world.alice.account, uuid)
        assert await subscribed(session, lease, Feature.SMS)
        await release(session, lease, reason="no longer wanted", now=NOON)
    async with world.database.read() as session:
        kept = await session.get_one(Lease, uuid)
        assert (kept.released_on, kept.release_reason) == (NOON, "no longer wanted")
        assert not await subscribed(session, kept, Feature.SMS)
        assert await subscriptions_of(session, [uuid]) == {uuid: []}
        assert await active_lease(session, FIRST) is None
        assert (await session.get_one(Tn, FIRST)).off_sale_on is None


async def test_what_the_operator_has_withdrawn_is_not_for_sale_again(world: World) -> None:
    await stocked(world, 2)
    async with world.database.write() as session:
        for tn in (FIRST, FIRST + 1):
            (await session.get_one(Tn, tn)).off_sale_on = NOON
        (await session.get_one(Tn, FIRST)).deleted_on = NOON
        await session.flush()
        await put_on_sale(session, [FIRST, FIRST + 1], now=NOON)
    async with world.database.read() as session:
        gone = [(await session.get_one(Tn, tn)).off_sale_on for tn in (FIRST, FIRST + 1)]
    assert gone == [NOON, None]
