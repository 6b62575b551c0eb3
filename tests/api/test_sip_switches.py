"""SIP switches: who may send calls into a domain by where they stand."""

from typing import Any

import pytest

from support.sip_people import DOMAINS, domain
from support.world import World

PATH = f"{DOMAINS}/acme/switch"
PBX = {"name": "pbx", "remote_ip": "192.0.2.7", "remote_domain": "pbx.example.com"}


async def made(world: World, **body: Any) -> dict[str, Any]:
    answer = await world.alice.client.post(PATH, json={**PBX, **body})
    assert answer.status_code == 201, answer.text
    payload: dict[str, Any] = answer.json()["payload"]
    return payload


async def test_a_switch_shows_what_was_sent(world: World) -> None:
    name = await domain(world.alice)
    switch = await made(world, description="in the cellar", remote_ip="2001:DB8:0::1")
    told = {**PBX, "remote_ip": "2001:db8::1", "description": "in the cellar", "is_active": True}
    assert {key: switch[key] for key in told} == told
    assert switch["sip_domain"]["domain"] == name
    assert switch["created_by"]["email"] == world.alice.email
    assert (await world.alice.client.get(PATH)).json()["payload"] == [switch]
    assert (await world.alice.client.get(f"{PATH}/{switch['uuid']}")).json()["payload"] == switch


async def test_a_name_may_stand_for_an_address_but_one_of_them_must_be_there(world: World) -> None:
    await domain(world.alice)
    named = await made(world, remote_ip=None, remote_domain="PBX.Example.com")
    assert (named["remote_ip"], named["remote_domain"]) == (None, "pbx.example.com")
    bare = await world.alice.client.post(PATH, json={"name": "pbx"})
    robbed = await world.alice.client.patch(f"{PATH}/{named['uuid']}", json={"remote_domain": None})
    for answer in (bare, robbed):
        assert answer.status_code == 400
        assert set(answer.json()["fields"]) == {"params.remote_ip", "params.remote_domain"}
    assert (await world.alice.client.get(f"{PATH}/{named['uuid']}")).json()["payload"] == named


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("remote_ip", "300.1.1.1"),
        ("remote_ip", "192.0.2.0/24"),
        ("remote_domain", "-bad.example"),
        ("name", ""),
        ("name", None),
        ("is_active", "yes"),
    ],
)
async def test_a_wrong_value_is_refused_by_name(world: World, field: str, value: object) -> None:
    await domain(world.alice)
    answer = await world.alice.client.post(PATH, json={**PBX, field: value})
    assert answer.status_code == 400
    assert list(answer.json()["fields"]) == [f"params.{field}"]


async def test_a_change_touches_only_what_it_names_and_a_removed_one_is_gone(world: World) -> None:
    await domain(world.alice)
    switch = await made(world)
    path = f"{PATH}/{switch['uuid']}"
    off = await world.alice.client.patch(path, json={"is_active": False})
    assert off.json()["payload"] == {**switch, "is_active": False}
    assert (await world.alice.client.delete(path)).status_code == 200
    for method in ("GET", "DELETE"):
        answer = await world.alice.client.request(method, path)
        assert (answer.status_code, answer.json()["message"]) == (404, "SIP switch not found")
