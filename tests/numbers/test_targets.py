"""What leases point at: only what is there, and the account's own."""

from uuid import UUID

import pytest

from opentact.kit.faults import NotFound
from opentact.kit.ids import new_id
from opentact.numbers.leases import Lease
from opentact.numbers.targets import Target, check_target, shorts
from support.world import NOON, World


async def made(world: World, name: str) -> UUID:
    answer = await world.alice.client.post("/rest/sip/app", json={"name": name})
    return UUID(answer.json()["payload"]["uuid"])


@pytest.mark.parametrize("kind", Target)
def test_every_kind_has_its_column_in_a_lease(kind: Target) -> None:
    assert kind.column in Lease.__table__.columns


async def test_ones_own_can_be_pointed_at_and_anothers_is_not_there(world: World) -> None:
    app = await made(world, "menu")
    async with world.database.write() as session:
        await check_target(session, world.alice.account, Target.APP, app)
        with pytest.raises(NotFound, match="SIP control app not found"):
            await check_target(session, world.bob.account, Target.APP, app)
        with pytest.raises(NotFound, match="SIP connection not found"):
            await check_target(session, world.alice.account, Target.CONNECTION, app)


async def test_short_forms_are_of_those_that_are_there(world: World) -> None:
    one, other = await made(world, "one"), await made(world, "other")
    async with world.database.read() as session:
        found = await shorts(session, Target.APP, [one, None, other, one, new_id()])
        assert {short.uuid: short.name for short in found.values()} == {one: "one", other: "other"}
        assert found[one].created_on == NOON
        assert await shorts(session, Target.APP, [None]) == {}
