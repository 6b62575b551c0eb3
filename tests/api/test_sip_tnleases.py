"""Pointing numbers at connections and apps (spec/05; spec/11 C2, D-24)."""

from typing import Any

import pytest

from support.belongings import for_sale, posted
from support.numbers import FIRST, buy
from support.world import Tenant, World

ABSENT = "00000000-0000-7000-8000-000000000000"
CONNECTION = {"name": "office", "ip": "192.0.2.7", "port": 5060}


async def numbers(world: World, who: Tenant, *tns: int) -> list[str]:
    """Buy numbers, and give the uuids of their leases."""
    if not (await world.alice.client.post("/rest/tn/search", json={})).json()["payload"]["data"]:
        await for_sale(world)
    order = await buy(who, *tns)
    return [lease["uuid"] for lease in order["tnleases"]]


async def connection(who: Tenant) -> str:
    made = await posted(who.client, "/rest/sip/connection", CONNECTION)
    return f"/rest/sip/connection/{made['uuid']}"


async def app(who: Tenant) -> str:
    return f"/rest/sip/app/{(await posted(who.client, '/rest/sip/app', {'name': 'menu'}))['uuid']}"


async def assign(who: Tenant, place: str, **body: list[str]) -> Any:
    answer = await who.client.post(f"{place}/tnlease", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()["payload"]


async def at(who: Tenant, place: str) -> list[int]:
    """Name the numbers that lead somewhere."""
    answer = await who.client.get(f"{place}/tnlease")
    return [lease["tn"]["tn"] for lease in answer.json()["payload"]]


async def test_a_connection_answers_uuids_and_an_app_answers_leases(world: World) -> None:
    one, two = await numbers(world, world.alice, FIRST, FIRST + 1)
    trunk, menu = await connection(world.alice), await app(world.alice)
    assert await assign(world.alice, trunk, add=[one]) == [one]
    [lease] = await assign(world.alice, menu, add=[two])
    assert (lease["uuid"], lease["tn"]["tn"]) == (two, FIRST + 1)
    assert lease["sip_control_app"]["uuid"] == menu.rpartition("/")[2]
    assert await at(world.alice, trunk) == [FIRST]
    assert await at(world.alice, menu) == [FIRST + 1]


async def test_a_number_leads_to_one_place_only(world: World) -> None:
    [one] = await numbers(world, world.alice, FIRST)
    trunk, menu = await connection(world.alice), await app(world.alice)
    for first, second in ((trunk, menu), (menu, trunk)):
        await assign(world.alice, first, add=[one])
        await assign(world.alice, second, add=[one])
        assert (await at(world.alice, first), await at(world.alice, second)) == ([], [FIRST])


async def test_what_is_removed_leads_nowhere_and_what_leads_elsewhere_stays(world: World) -> None:
    one, two = await numbers(world, world.alice, FIRST, FIRST + 1)
    menu, other = await app(world.alice), await app(world.alice)
    await assign(world.alice, menu, add=[one])
    await assign(world.alice, other, add=[two])
    await assign(world.alice, menu, remove=[one, two])
    assert (await at(world.alice, menu), await at(world.alice, other)) == ([], [FIRST + 1])


async def test_a_number_that_is_added_and_removed_at_once_is_there(world: World) -> None:
    [one] = await numbers(world, world.alice, FIRST)
    menu = await app(world.alice)
    await assign(world.alice, menu, add=[one, one], remove=[one])
    assert await at(world.alice, menu) == [FIRST]


@pytest.mark.parametrize("place", [connection, app])
async def test_with_a_strangers_number_among_them_nothing_is_done(world: World, place: Any) -> None:
    [mine] = await numbers(world, world.alice, FIRST)
    [theirs] = await numbers(world, world.bob, FIRST + 1)
    here = await place(world.alice)
    await assign(world.alice, here, add=[mine])
    for body in ({"add": [theirs]}, {"add": [theirs], "remove": [mine]}, {"remove": [theirs]}):
        answer = await world.alice.client.post(f"{here}/tnlease", json=body)
        assert answer.status_code == 404
        assert theirs in answer.json()["message"]
    assert await at(world.alice, here) == [FIRST]
    lease = (await world.bob.client.get(f"/rest/lease/tn/{theirs}")).json()["payload"]
    assert (lease["sip_connection"], lease["sip_control_app"]) == (None, None)


@pytest.mark.parametrize("place", [connection, app])
async def test_what_has_numbers_cannot_be_removed(world: World, place: Any) -> None:
    [one] = await numbers(world, world.alice, FIRST)
    here = await place(world.alice)
    await assign(world.alice, here, add=[one])
    refused = await world.alice.client.delete(here)
    assert refused.status_code == 409
    assert f"+{FIRST}" in refused.json()["message"]
    await assign(world.alice, here, remove=[one])
    assert (await world.alice.client.delete(here)).status_code == 200


@pytest.mark.parametrize("kind", ["connection", "app"])
async def test_a_place_that_is_not_there_is_404(world: World, kind: str) -> None:
    there = f"/rest/sip/{kind}/{ABSENT}/tnlease"
    assert (await world.alice.client.get(there)).status_code == 404
    assert (await world.alice.client.post(there, json={"add": []})).status_code == 404


async def test_more_than_a_thousand_at_once_are_refused(world: World) -> None:
    menu = await app(world.alice)
    answer = await world.alice.client.post(f"{menu}/tnlease", json={"add": [ABSENT] * 1001})
    assert set(answer.json()["fields"]) == {"params.add"}
