"""What the operator sees of the living parts, and nobody else."""

from typing import Any

import pytest

from opentact.api.inspect import What
from support.world import World


async def rows() -> list[dict[str, Any]]:
    return [{"call": "one", "seconds": 1.5}]


async def test_an_admin_sees_what_the_part_tells(world: World) -> None:
    world.services.inspect = {What.CALLS: rows}
    answer = await world.admin.client.get("/rest/admin/inspect/calls")
    assert answer.json() == {"success": True, "payload": [{"call": "one", "seconds": 1.5}]}


@pytest.mark.parametrize("what", What)
async def test_a_part_that_is_not_there_has_nothing_to_tell(world: World, what: What) -> None:
    answer = await world.admin.client.get(f"/rest/admin/inspect/{what}")
    assert (answer.status_code, answer.json()["payload"]) == (200, [])


async def test_nobody_else_may_look(world: World) -> None:
    assert (await world.alice.client.get("/rest/admin/inspect/calls")).status_code == 401
    assert (await world.anonymous.get("/rest/admin/inspect/calls")).status_code == 401


async def test_there_is_nothing_else_to_look_at(world: World) -> None:
    answer = await world.admin.client.get("/rest/admin/inspect/secrets")
    assert answer.status_code == 400
    assert "params.what" in answer.json()["fields"]
