"""Invites: whoever has the token becomes a SIP user, until the invite expires."""

from datetime import timedelta
from typing import Any

import pytest

from support.sip_people import DOMAINS, SECRET, Application, domain
from support.world import World

PATH = f"{DOMAINS}/acme/invite"
SENT = {"name": "sales team", "expired_on": "2024-01-17T12:00:00.000Z"}
ANN = {"login": "ann", "password": SECRET, "first_name": "Ann"}


async def made(world: World) -> dict[str, Any]:
    answer = await world.alice.client.post(PATH, json=SENT)
    assert answer.status_code == 201, answer.text
    payload: dict[str, Any] = answer.json()["payload"]
    return payload


async def test_an_invite_shows_what_was_sent_and_its_token(world: World) -> None:
    name = await domain(world.alice)
    invite = await made(world)
    assert {key: invite[key] for key in SENT} == SENT
    assert len(invite["token"]) == 48
    assert invite["sip_domain"]["domain"] == name
    assert (await world.alice.client.get(PATH)).json()["payload"] == [invite]


async def test_whoever_has_the_token_becomes_a_user_without_a_login(world: World) -> None:
    name = await domain(world.alice)
    link = f"/rest/app/invite/{(await made(world))['token']}"
    told = await world.anonymous.get(link)
    assert told.json()["payload"]["domain"] == name
    assert set(told.json()["payload"]) == {"domain", "created_on", "modified_on"}
    joined = await world.anonymous.post(link, json=ANN)
    assert joined.status_code == 201
    assert joined.json()["payload"]["first_name"] == "Ann"
    assert (await Application(world, "ann").get())["login"] == "ann"
    [seen] = (await world.alice.client.get(f"{DOMAINS}/acme/user")).json()["payload"]
    assert (seen["login"], seen["created_by"]) == ("ann", None)


async def test_who_joins_learns_nothing_of_the_account(world: World) -> None:
    await domain(world.alice)
    link = f"/rest/app/invite/{(await made(world))['token']}"
    joined = await world.anonymous.post(link, json=ANN)
    for answer in (await world.anonymous.get(link), joined):
        assert "balance" not in answer.text
        assert world.alice.email not in answer.text


async def test_who_joins_chooses_no_number_and_no_easy_password(world: World) -> None:
    await domain(world.alice)
    link = f"/rest/app/invite/{(await made(world))['token']}"
    easy = await world.anonymous.post(link, json={**ANN, "password": "12345678"})
    assert list(easy.json()["fields"]) == ["params.password"]
    sent = {**ANN, "is_active": False, "tn_lease": "00000000-0000-7000-8000-000000000000"}
    assert (await world.anonymous.post(link, json=sent)).json()["payload"]["is_active"] is True
    again = await world.anonymous.post(link, json=ANN)
    assert (again.status_code, again.json()["code"]) == (409, "login_exists")


async def test_unknown_expired_and_removed_look_the_same(world: World) -> None:
    await domain(world.alice)
    expired, removed = await made(world), await made(world)
    await world.alice.client.delete(f"{PATH}/{removed['uuid']}")
    world.clock.at += timedelta(days=1)
    for token in ("nothing", "%00", expired["token"], removed["token"]):
        link = f"/rest/app/invite/{token}"
        for answer in (
            await world.anonymous.get(link),
            await world.anonymous.post(link, json=ANN),
        ):
            assert answer.status_code == 404
            assert answer.json()["message"] == "SIP user invite not found"
    later = {"expired_on": "2024-01-18T12:00:00Z"}
    changed = await world.alice.client.patch(f"{PATH}/{expired['uuid']}", json=later)
    assert changed.json()["payload"]["expired_on"] == "2024-01-18T12:00:00.000Z"
    assert (await world.anonymous.get(f"/rest/app/invite/{expired['token']}")).status_code == 200


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "ab"),
        ("name", None),
        ("expired_on", "soon"),
        ("expired_on", "2024-01-16T11:59:59Z"),
        ("expired_on", "0001-01-01T00:00:00+10:00"),
        ("expired_on", None),
    ],
)
async def test_a_wrong_value_is_refused_by_name(world: World, field: str, value: object) -> None:
    await domain(world.alice)
    answer = await world.alice.client.post(PATH, json={**SENT, field: value})
    assert answer.status_code == 400
    assert list(answer.json()["fields"]) == [f"params.{field}"]


async def test_an_expired_invite_can_still_be_renamed(world: World) -> None:
    await domain(world.alice)
    invite = await made(world)
    world.clock.at += timedelta(days=2)
    answer = await world.alice.client.patch(f"{PATH}/{invite['uuid']}", json={"name": "old"})
    assert answer.json()["payload"]["name"] == "old"
