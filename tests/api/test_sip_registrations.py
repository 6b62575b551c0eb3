"""Where SIP users are registered, as their account sees it."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from support.registering import registration
from support.sip_people import domain, user
from support.world import World

PATH = "/rest/sip/registration"


async def stored(world: World, login: str, **other: Any) -> None:
    who = UUID((await user(world.alice, login))["uuid"])
    async with world.database.write() as session:
        session.add(registration(who, world.clock.now(), **other))


async def found(world: World, body: dict[str, Any] | None = None) -> Any:
    if body is None:
        answer = await world.alice.client.get(PATH)
    else:
        answer = await world.alice.client.post(f"{PATH}/search", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()["payload"]


async def test_a_registration_shows_who_is_where(world: World) -> None:
    name = await domain(world.alice)
    await stored(
        world,
        "ann",
        contact="sip:ann@10.0.0.1",
        path=["<sip:edge.example;lr>"],
        instance="<urn:uuid:1>",
        reg_id=1,
        weight=250,
        transport="tls",
    )
    page = await found(world)
    [shown] = page["data"]
    assert page["total"] == 1
    assert shown["sip_domain"]["domain"] == name
    assert shown["sip_user"]["login"] == "ann"
    assert shown["sip_user"]["state"] == "online"
    del shown["sip_domain"], shown["sip_user"]
    assert shown == {
        "contact": "sip:ann@10.0.0.1",
        "remote_ip": "192.0.2.7",
        "remote_port": 40000,
        "transport": "tls",
        "path": ["<sip:edge.example;lr>"],
        "instance": "<urn:uuid:1>",
        "reg_id": 1,
        "q": 0.25,
        "user_agent": "phone",
        "created_on": "2024-01-16T12:00:00.000Z",
        "expired_on": "2024-01-16T13:00:00.000Z",
    }


@pytest.mark.parametrize(
    ("body", "logins"),
    [
        ({"login": "a*"}, ["ann"]),
        ({"transport": "tcp"}, ["bea"]),
        ({"remote_ip": "192.0.2.%"}, ["ann", "bea"]),
        ({"user_agent": "desk*"}, ["bea"]),
        ({"sip_domain": "acme.*", "order": {"login": "ASC"}}, ["ann", "bea"]),
        ({"sip_domain": "other.*"}, []),
        ({"take": 1, "order": {"login": "DESC"}}, ["bea"]),
    ],
)
async def test_registrations_are_searched(
    world: World, body: dict[str, Any], logins: list[str]
) -> None:
    await domain(world.alice)
    await stored(world, "ann")
    await stored(world, "bea", transport="tcp", agent="desk phone")
    data = (await found(world, body))["data"]
    assert sorted(each["sip_user"]["login"] for each in data) == logins


async def test_what_has_expired_is_not_shown(world: World) -> None:
    await domain(world.alice)
    await stored(world, "ann", expires_on=world.clock.now() + timedelta(seconds=60))
    world.clock.at += timedelta(seconds=60)
    assert (await found(world))["total"] == 0


async def test_a_user_with_a_registration_can_be_removed(world: World) -> None:
    await domain(world.alice)
    ann = await user(world.alice, "ann")
    async with world.database.write() as session:
        session.add(registration(UUID(ann["uuid"]), world.clock.now()))
    answer = await world.alice.client.delete(f"/rest/sip/domain/acme/user/{ann['uuid']}")
    assert answer.status_code == 200
    assert (await found(world))["total"] == 0
