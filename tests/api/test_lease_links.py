"""What points at a profile: a number keeps it from being removed, and is shown with it."""

from typing import Any

import pytest

from support.belongings import for_sale, posted
from support.numbers import FIRST, buy
from support.world import World


@pytest.mark.parametrize(
    ("path", "field"),
    [("/rest/profile/messaging", "messaging_profile"), ("/rest/profile/tn", "tn_profile")],
)
async def test_a_profile_with_numbers_cannot_be_removed(
    world: World, path: str, field: str
) -> None:
    await for_sale(world)
    profile = (await posted(world.alice.client, path, {"name": "mine"}))["uuid"]
    await buy(world.alice, FIRST)
    lease = f"/rest/lease/tn/{FIRST}"
    pointed = await world.alice.client.patch(lease, json={field: profile})
    assert pointed.status_code == 200, pointed.text
    assert pointed.json()["payload"][field]["uuid"] == profile
    refused = await world.alice.client.delete(f"{path}/{profile}")
    assert refused.status_code == 409
    assert str(FIRST) in refused.json()["message"]
    await world.alice.client.patch(lease, json={field: None})
    assert (await world.alice.client.delete(f"{path}/{profile}")).status_code == 200


async def test_a_voice_profile_shows_the_number_it_calls_with(world: World) -> None:
    await for_sale(world)
    order = await buy(world.alice, FIRST)
    [lease] = order["tnleases"]
    body = {"name": "out", "tn_lease": lease["uuid"]}
    made = await posted(world.alice.client, "/rest/profile/outbound_voice", body)
    assert made["tn_lease"]["tn"]["tn"] == FIRST
    released = await world.alice.client.delete(f"/rest/lease/tn/{FIRST}")
    assert released.status_code == 200
    path = f"/rest/profile/outbound_voice/{made['uuid']}"
    shown: dict[str, Any] = (await world.alice.client.get(path)).json()["payload"]
    assert shown["tn_lease"] is None


async def test_a_voice_profile_takes_no_strangers_number(world: World) -> None:
    await for_sale(world)
    order = await buy(world.bob, FIRST)
    body = {"name": "out", "tn_lease": order["tnleases"][0]["uuid"]}
    answer = await world.alice.client.post("/rest/profile/outbound_voice", json=body)
    assert answer.status_code == 404
