"""/rest/admin/carrier: the operator's carriers, kept by admins and seen by nobody else."""

from typing import Any

import pytest

from support.world import World

PATH = "/rest/admin/carrier"
TARGET = {"host": "192.0.2.7", "port": 5060}
ACME: dict[str, Any] = {
    "name": "acme",
    "targets": [TARGET, {"host": "SIP.example.com", "port": 5061, "transport": "tls"}],
    "networks": ["198.51.100.7/24", "2001:db8::/32"],
    "routes": [{"prefix": "1", "priority": 5}, {"prefix": "", "product": 2}],
    "username": "me",
    "password": "very secret",
    "register": True,
}


async def added(world: World, **body: Any) -> dict[str, Any]:
    answer = await world.admin.client.post(PATH, json={**ACME, **body})
    assert answer.status_code == 201, answer.text
    payload: dict[str, Any] = answer.json()["payload"]
    return payload


async def test_a_carrier_shows_all_but_its_password(world: World) -> None:
    carrier = await added(world)
    assert "very secret" not in str(carrier)
    assert (carrier["has_password"], carrier["username"]) == (True, "me")
    assert carrier["networks"] == ["198.51.100.0/24", "2001:db8::/32"]
    assert [each["state"] for each in carrier["targets"]] == ["unknown", "unknown"]
    assert carrier["targets"][0]["transport"] == "udp"
    assert carrier["routes"] == [
        {"prefix": "1", "priority": 5, "product": None},
        {"prefix": "", "priority": 10, "product": 2},
    ]
    assert (carrier["register"], carrier["expires"], carrier["options_interval_s"]) == (
        True,
        3600,
        30,
    )
    path = f"{PATH}/{carrier['uuid']}"
    assert (await world.admin.client.get(path)).json()["payload"] == carrier
    assert (await world.admin.client.get(PATH)).json()["payload"] == [carrier]


async def test_a_change_touches_only_what_it_names(world: World) -> None:
    carrier = await added(world)
    path = f"{PATH}/{carrier['uuid']}"
    answer = await world.admin.client.patch(path, json={"is_active": False})
    assert answer.json()["payload"] == {**carrier, "is_active": False}


async def test_a_removed_carrier_is_gone(world: World) -> None:
    path = f"{PATH}/{(await added(world))['uuid']}"
    assert (await world.admin.client.delete(path)).status_code == 200
    assert (await world.admin.client.get(path)).status_code == 404
    assert (await world.admin.client.delete(path)).status_code == 404


async def test_a_name_is_given_once(world: World) -> None:
    await added(world)
    answer = await world.admin.client.post(PATH, json=ACME)
    assert (answer.status_code, answer.json()["code"]) == (409, "carrier_exists")
    assert list(answer.json()["fields"]) == ["params.name"]


async def test_every_wrong_field_is_named_at_once(world: World) -> None:
    wrong = {
        "name": "",
        "targets": [{"host": "a b", "port": 0}],
        "networks": ["0.0.0.0/0"],
        "routes": [{"prefix": "+1"}],
        "expires": 5,
    }
    answer = await world.admin.client.post(PATH, json=wrong)
    assert answer.status_code == 400
    assert set(answer.json()["fields"]) == {
        "params.name",
        "params.targets.0.host",
        "params.targets.0.port",
        "params.networks.0",
        "params.routes.0.prefix",
        "params.expires",
    }


@pytest.mark.parametrize(
    ("body", "missing"),
    [
        ({"targets": []}, {"targets"}),
        ({"username": None}, {"username"}),
        ({"password": None}, {"password"}),
        ({"targets": [], "routes": [], "register": False}, set()),
    ],
)
async def test_what_does_not_fit_together_is_refused_and_not_kept(
    world: World, body: dict[str, Any], missing: set[str]
) -> None:
    answer = await world.admin.client.post(PATH, json={**ACME, **body})
    assert answer.status_code == (400 if missing else 201)
    assert set(answer.json().get("fields", {})) == {f"params.{name}" for name in missing}
    assert len((await world.admin.client.get(PATH)).json()["payload"]) == (not missing)


async def test_customers_and_strangers_get_nothing(world: World) -> None:
    carrier = await added(world)
    path = f"{PATH}/{carrier['uuid']}"
    for client in (world.alice.client, world.anonymous):
        answers = [
            await client.get(PATH),
            await client.post(PATH, json=ACME),
            await client.get(path),
            await client.patch(path, json={"name": "mine"}),
            await client.delete(path),
        ]
        assert [answer.status_code for answer in answers] == [401] * 5
    assert (await world.admin.client.get(path)).json()["payload"] == carrier


async def test_those_who_keep_trunks_in_memory_hear_of_every_change(world: World) -> None:
    heard: list[object] = []
    world.services.sip_changes.listen(heard.append)
    path = f"{PATH}/{(await added(world))['uuid']}"
    await world.admin.client.patch(path, json={"is_active": False})
    await world.admin.client.delete(path)
    assert len(heard) == 3
