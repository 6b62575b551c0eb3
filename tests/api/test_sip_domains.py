"""SIP domains by name: made, pointed somewhere, listed where they point, and removed."""

from typing import Any

import pytest

from opentact.voice.domains import domain_by_name
from opentact.voice.sip_users import SipUser
from support.world import World

PATH = "/rest/sip/domain"
OFFICE = {"name": "office", "ip": "192.0.2.7", "port": 5060}


async def made(world: World, name: str = "acme", **body: Any) -> dict[str, Any]:
    answer = await world.alice.client.post(PATH, json={"domain": name, **body})
    assert answer.status_code == 201, answer.text
    payload: dict[str, Any] = answer.json()["payload"]
    return payload


async def thing(world: World, path: str, **body: Any) -> dict[str, Any]:
    answer = await world.alice.client.post(path, json={"name": "x", **body})
    assert answer.status_code == 201, answer.text
    payload: dict[str, Any] = answer.json()["payload"]
    return payload


async def test_a_name_is_enough_and_the_rest_is_as_documented(world: World) -> None:
    domain = await made(world)
    assert domain["account"]["uuid"] == str(world.alice.account)
    assert domain["created_by"]["email"] == domain["modified_by"]["email"] == world.alice.email
    told: dict[str, Any] = {
        "domain": "acme.sip.localhost",
        "sip_connection": None,
        "sip_control_app": None,
        "outbound_voice_profile": None,
        "sip_users": [],
        "sip_users_total": 0,
        "sip_user_invites": [],
        "sip_switches": [],
    }
    assert {name: domain[name] for name in told} == told
    assert (await world.alice.client.get(PATH)).json()["payload"] == [domain]


@pytest.mark.parametrize("name", ["acme", "ACME", "acme.sip.localhost", "Acme.SIP.localhost"])
async def test_it_is_found_by_its_short_and_by_its_full_name(world: World, name: str) -> None:
    domain = await made(world, name)
    assert domain["domain"] == "acme.sip.localhost"
    for asked in ("acme", "acme.sip.localhost", "ACME.sip.localhost"):
        assert (await world.alice.client.get(f"{PATH}/{asked}")).json()["payload"] == domain


@pytest.mark.parametrize(
    "name",
    [
        "ab",
        "-acme",
        "acme-",
        "a--b",
        "a b",
        "äcme",
        "x" * 64,
        "acme.example.com",
        "a.b.sip.localhost",
    ],
)
async def test_a_name_that_is_no_label_is_refused(world: World, name: str) -> None:
    answer = await world.alice.client.post(PATH, json={"domain": name})
    assert answer.status_code == 400
    assert list(answer.json()["fields"]) == ["params.domain"]


async def test_every_wrong_field_is_named_at_once(world: World) -> None:
    sent = {"domain": "-", "sip_connection": "x", "sip_control_app": 7}
    answer = await world.alice.client.post(PATH, json=sent)
    assert set(answer.json()["fields"]) == {f"params.{name}" for name in sent}


async def test_a_taken_name_is_taken_for_everybody(world: World) -> None:
    await made(world)
    for who in (world.alice, world.bob):
        answer = await who.client.post(PATH, json={"domain": "Acme"})
        assert (answer.status_code, answer.json()["code"]) == (409, "domain_taken")
        assert answer.json()["fields"]["params.domain"]["value"] == "acme.sip.localhost"


async def test_it_points_at_one_of_each_and_they_list_it(world: World) -> None:
    connection = await thing(world, "/rest/sip/connection", **OFFICE)
    app = await thing(world, "/rest/sip/app")
    profile = await thing(world, "/rest/profile/outbound_voice")
    domain = await made(
        world,
        sip_connection=connection["uuid"],
        sip_control_app=app["uuid"],
        outbound_voice_profile=profile["uuid"],
    )
    assert domain["sip_connection"] == {
        name: connection[name] for name in ("uuid", "name", "created_on", "modified_on")
    }
    assert domain["sip_control_app"]["uuid"] == app["uuid"]
    assert domain["outbound_voice_profile"]["uuid"] == profile["uuid"]
    short = {name: domain[name] for name in ("domain", "created_on", "modified_on")}
    for path in (
        f"/rest/sip/connection/{connection['uuid']}",
        f"/rest/sip/app/{app['uuid']}",
        f"/rest/profile/outbound_voice/{profile['uuid']}",
    ):
        assert (await world.alice.client.get(path)).json()["payload"]["sip_domains"] == [short]
        refused = await world.alice.client.delete(path)
        assert refused.status_code == 409
        assert "acme.sip.localhost" in refused.json()["message"]


async def test_a_change_touches_only_what_it_names(world: World) -> None:
    app = await thing(world, "/rest/sip/app")
    profile = await thing(world, "/rest/profile/outbound_voice")
    domain = await made(world, sip_control_app=app["uuid"])
    changes = {"outbound_voice_profile": profile["uuid"]}
    answer = await world.alice.client.patch(f"{PATH}/acme", json=changes)
    payload = answer.json()["payload"]
    assert payload["outbound_voice_profile"]["uuid"] == profile["uuid"]
    assert payload["sip_control_app"] == domain["sip_control_app"]
    cleared = await world.alice.client.patch(f"{PATH}/acme", json={"sip_control_app": None})
    assert cleared.json()["payload"]["sip_control_app"] is None


async def test_removed_with_its_switches_and_invites_but_not_with_users(world: World) -> None:
    await made(world)
    client, inside = world.alice.client, f"{PATH}/acme"
    await thing(world, f"{inside}/switch", remote_ip="192.0.2.9")
    await thing(world, f"{inside}/invite", name="all", expired_on="2024-02-01T00:00:00Z")
    user = await thing(world, f"{inside}/user", login="ann", password="correct horse")
    refused = await client.delete(inside)
    assert (refused.status_code, refused.json()["code"]) == (409, "in_use")
    shown = (await client.get(inside)).json()["payload"]
    assert [one["login"] for one in shown["sip_users"]] == ["ann"]
    assert shown["sip_users_total"] == 1
    assert [one["remote_ip"] for one in shown["sip_switches"]] == ["192.0.2.9"]
    assert [one["name"] for one in shown["sip_user_invites"]] == ["all"]
    assert "token" not in shown["sip_user_invites"][0]
    await client.delete(f"{inside}/user/{user['uuid']}")
    assert (await client.delete(inside)).status_code == 200
    assert (await client.get(inside)).status_code == 404
    await made(world)


async def test_of_many_users_the_first_hundred_stand_in_the_domain(world: World) -> None:
    await made(world, "other")
    await made(world)
    async with world.database.write() as session:
        domain = await domain_by_name(session, "acme.sip.localhost")
        assert domain is not None
        session.add_all(
            SipUser(
                sip_domain_uuid=domain.uuid,
                account_uuid=world.alice.account,
                login=f"u{n:03}",
                login_key=f"u{n:03}",
                ha1="",
                ha1b="",
                ha1_sha256="",
                ha1b_sha256="",
                created_on=world.clock.now(),
                modified_on=world.clock.now(),
            )
            for n in range(101)
        )
    other, shown = (await world.alice.client.get(PATH)).json()["payload"]
    assert (len(shown["sip_users"]), shown["sip_users_total"]) == (100, 101)
    assert (other["sip_users"], other["sip_users_total"]) == ([], 0)
