"""Entities that no session is to store read like all others, and can be stored all the same."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from opentact.kit.entities import fresh
from opentact.kit.ids import new_id
from opentact.voice.calls import Call, CallState, Direction
from support.world import World, build_world

NOON = datetime(2024, 2, 20, 12, tzinfo=UTC)


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with build_world(database_url) as built:
        yield built


def call_members(world: World) -> dict[str, Any]:
    return {
        "uuid": new_id(),
        "account_uuid": world.alice.account,
        "direction": Direction.IN,
        "from_": "alice",
        "to": "bob",
        "node": "n",
        "created_on": NOON,
        "modified_on": NOON,
        "media": {},
        "meta": {},
    }


async def test_a_fresh_entity_has_the_members_given_and_the_usual_ones(world: World) -> None:
    members = call_members(world)
    made, usual = fresh(Call, **members), Call(**members)
    for attribute in sa.inspect(Call).column_attrs:
        assert getattr(made, attribute.key) == getattr(usual, attribute.key), attribute.key
    assert made.state is CallState.INIT


async def test_a_fresh_entity_can_be_stored(world: World) -> None:
    made = fresh(Call, **call_members(world))
    made.to = "carol"
    uuid = made.uuid
    async with world.database.write() as session:
        session.add(made)
    async with world.database.read() as session:
        stored = await session.get_one(Call, uuid)
    assert (stored.from_, stored.to, stored.type) == ("alice", "carol", "CallSCA")
