"""SIP users as an account makes, changes and removes them."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from opentact.voice.domains import domain_by_name
from opentact.voice.sip_users import digests, user_by_login
from support.numbers import FIRST, buy, stocked
from support.sip_people import DOMAINS, SECRET, domain, user
from support.world import World

PATH = f"{DOMAINS}/acme/user"
ABSENT = "00000000-0000-7000-8000-000000000000"
# The object of 2022, field by field (spec/05).
PRINTED = [
    "uuid",
    "email",
    "state",
    "is_active",
    "created_on",
    "modified_on",
    "phone_number",
    "dob",
    "avatar",
    "first_name",
    "last_name",
    "gender",
    "login",
    "sip_domain",
    "same_domain_calls_only",
    "groups",
]


async def stored(world: World, login: str = "ann") -> Any:
    async with world.database.read() as session:
        here = await domain_by_name(session, "acme.sip.localhost")
        assert here is not None
        return await user_by_login(session, here.uuid, login)


async def test_a_login_and_a_password_are_enough(world: World) -> None:
    name = await domain(world.alice)
    ann = await user(world.alice, "ann")
    assert set(PRINTED) <= set(ann)
    told = {
        "login": "ann",
        "state": "offline",
        "is_active": True,
        "same_domain_calls_only": False,
        "groups": [],
        "tn_lease": None,
    }
    assert {key: ann[key] for key in told} == told
    assert ann["sip_domain"]["domain"] == name
    assert ann["account"]["uuid"] == str(world.alice.account)
    assert ann["created_by"]["email"] == world.alice.email
    assert (await world.alice.client.get(PATH)).json()["payload"] == [ann]
    assert (await world.alice.client.get(f"{PATH}/{ann['uuid']}")).json()["payload"] == ann


async def test_everything_that_is_sent_is_kept(world: World) -> None:
    await domain(world.alice)
    sent: dict[str, Any] = {
        "first_name": "Ann",
        "last_name": "Lee",
        "email": "ann@example.com",
        "phone_number": "+12025550100",
        "avatar": "https://example.com/ann.png",
        "dob": "1990-02-28",
        "gender": "Female",
        "same_domain_calls_only": True,
        "is_active": False,
    }
    ann = await user(world.alice, "ann", **sent)
    assert {key: ann[key] for key in sent} == sent


async def test_the_password_is_kept_as_what_stands_for_it_and_never_shown(world: World) -> None:
    name = await domain(world.alice)
    ann = await user(world.alice, "Ann")
    kept = await stored(world)
    assert kept.ha1s == digests("Ann", name, SECRET)
    answer = str(ann)
    for secret in (SECRET, kept.ha1, kept.ha1b, kept.ha1_sha256, kept.ha1b_sha256):
        assert secret not in answer
        assert secret not in repr(kept)


def test_the_digests_are_those_of_the_standard() -> None:
    # printf %s 'ann:acme.example:correct horse' | md5sum, and so on.
    made = digests("ann", "acme.example", "correct horse")
    assert made.md5 == "ddd48ae421e2c3cf75adcd563887b69a"
    assert made.md5_full == "22cf2a8432fec0c8549a2cfb00b42260"
    assert made.sha256 == ("490f1485c3205e8f5fa42b6051ad76ce6150281aef93daad22f8dbebbb5cc75e")
    assert made.sha256_full == ("a5a65680f771d1ed91d19820242457c53ef0123d4e72b0a768d346cd4c5452d5")


@pytest.mark.parametrize(
    "password",
    [
        "short12",
        "x" * 129,
        "12345678",
        "123456789012345",
        "aaaabbbb",
        "password1",
        "Passw0rd!",
        "ann.the.caller",
        "rellac.eht.nna",
    ],
)
async def test_an_easy_password_is_refused_with_why(world: World, password: str) -> None:
    await domain(world.alice)
    body = {"login": "ann.the.caller", "password": password}
    refused = await world.alice.client.post(PATH, json=body)
    assert refused.status_code == 400
    assert list(refused.json()["fields"]) == ["params.password"]
    there = await user(world.alice, "ann.the.caller")
    changed = await world.alice.client.patch(f"{PATH}/{there['uuid']}", json=body)
    assert changed.status_code == 400
    assert list(changed.json()["fields"]) == ["params.password"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("login", ""),
        ("login", "a b"),
        ("login", "a:b"),
        ("login", 'a"b'),
        ("login", "a\tb"),
        ("login", "x" * 129),
        ("login", None),
        ("password", None),
        ("gender", "Agender"),
        ("dob", "1990-02-30"),
        ("email", "nobody"),
        ("is_active", 1),
        ("tn_lease", "x"),
    ],
)
async def test_a_wrong_value_is_refused_by_name(world: World, field: str, value: object) -> None:
    await domain(world.alice)
    body = {"login": "ann", "password": SECRET, field: value}
    answer = await world.alice.client.post(PATH, json=body)
    assert answer.status_code == 400
    assert list(answer.json()["fields"]) == [f"params.{field}"]


async def test_every_wrong_field_is_named_at_once(world: World) -> None:
    await domain(world.alice)
    body = {"login": "a b", "password": "1", "gender": "x", "dob": "x", "email": "x"}
    answer = await world.alice.client.post(PATH, json=body)
    assert set(answer.json()["fields"]) == {f"params.{name}" for name in body}


@pytest.mark.parametrize("login", ["ann", "ANN"])
async def test_a_login_is_one_users_whatever_its_case(world: World, login: str) -> None:
    await domain(world.alice)
    await domain(world.alice, "other")
    await user(world.alice, "Ann")
    bob = await user(world.alice, "bob")
    body = {"login": login, "password": SECRET}
    for answer in (
        await world.alice.client.post(PATH, json=body),
        await world.alice.client.patch(f"{PATH}/{bob['uuid']}", json=body),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "login_exists")
        assert list(answer.json()["fields"]) == ["params.login"]
    await user(world.alice, login, "other")


async def test_of_two_who_want_a_login_at_once_one_gets_it(world: World) -> None:
    await domain(world.alice)
    body = {"login": "ann", "password": SECRET}
    answers = await asyncio.gather(*(world.alice.client.post(PATH, json=body) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]


async def test_another_login_needs_the_password_and_both_are_hashed_anew(world: World) -> None:
    name = await domain(world.alice)
    ann = await user(world.alice, "ann")
    path = f"{PATH}/{ann['uuid']}"
    refused = await world.alice.client.patch(path, json={"login": "eve"})
    assert list(refused.json()["fields"]) == ["params.password"]
    both = {"login": "eve", "password": "battery staple"}
    assert (await world.alice.client.patch(path, json=both)).json()["payload"]["login"] == "eve"
    assert (await stored(world, "eve")).ha1s == digests("eve", name, "battery staple")
    assert await stored(world) is None


async def test_a_change_touches_only_what_it_names(world: World) -> None:
    await domain(world.alice)
    ann = await user(world.alice, "ann", first_name="Ann", last_name="Lee")
    world.clock.at += timedelta(seconds=5)
    answer = await world.alice.client.patch(
        f"{PATH}/{ann['uuid']}", json={"is_active": False, "last_name": None}
    )
    changed = answer.json()["payload"]
    assert changed.pop("modified_on") > ann.pop("modified_on")
    assert changed == {**ann, "is_active": False, "last_name": None}
    assert (await stored(world)).ha1s == digests("ann", "acme.sip.localhost", SECRET)


async def test_a_user_calls_as_a_number_of_the_account(world: World) -> None:
    await stocked(world, 2)
    await domain(world.alice)
    ann = await user(world.alice, "ann")
    await buy(world.alice, FIRST)
    await buy(world.bob, FIRST + 1)
    mine = (await world.alice.client.get(f"/rest/lease/tn/{FIRST}")).json()["payload"]
    theirs = (await world.bob.client.get(f"/rest/lease/tn/{FIRST + 1}")).json()["payload"]
    path = f"{PATH}/{ann['uuid']}"
    changed = await world.alice.client.patch(path, json={"tn_lease": mine["uuid"]})
    assert changed.json()["payload"]["tn_lease"] == mine
    refused = await world.alice.client.patch(path, json={"tn_lease": theirs["uuid"]})
    assert refused.status_code == 404
    assert (await world.alice.client.get(path)).json()["payload"]["tn_lease"] == mine


async def test_a_registered_user_is_online(world: World) -> None:
    await domain(world.alice)
    ann, bob = [await user(world.alice, login) for login in ("ann", "bob")]
    world.services.sip_online = lambda uuid: uuid == UUID(ann["uuid"])
    shown = (await world.alice.client.get(PATH)).json()["payload"]
    assert [one["state"] for one in shown] == ["online", "offline"]
    inside = (await world.alice.client.get(f"{DOMAINS}/acme")).json()["payload"]["sip_users"]
    assert {one["uuid"]: one["state"] for one in inside} == {
        ann["uuid"]: "online",
        bob["uuid"]: "offline",
    }


async def test_many_users_are_listed_by_pages_or_all_at_once(world: World) -> None:
    await domain(world.alice)
    for n in range(4):
        await user(world.alice, f"u{n}")
    logins = [
        [one["login"] for one in (await world.alice.client.get(PATH + query)).json()["payload"]]
        for query in ("", "?take=2", "?take=2&skip=1", "?skip=3")
    ]
    assert logins == [["u0", "u1", "u2", "u3"], ["u0", "u1"], ["u1", "u2"], ["u3"]]


async def test_a_removed_user_is_gone_and_the_login_is_free(world: World) -> None:
    await domain(world.alice)
    ann = await user(world.alice, "ann")
    answer = await world.alice.client.delete(f"{PATH}/{ann['uuid']}")
    assert (answer.status_code, answer.json()["payload"]) == (200, ann)
    assert (await world.alice.client.get(f"{PATH}/{ann['uuid']}")).status_code == 404
    assert (await user(world.alice, "ann"))["uuid"] != ann["uuid"]


async def test_a_user_is_found_in_its_own_domain_only(world: World) -> None:
    await domain(world.alice)
    await domain(world.alice, "other")
    ann = await user(world.alice, "ann")
    for path in (f"{DOMAINS}/other/user/{ann['uuid']}", f"{PATH}/{ABSENT}"):
        for method in ("GET", "DELETE"):
            answer = await world.alice.client.request(method, path)
            assert (answer.status_code, answer.json()["message"]) == (404, "SIP user not found")
        assert (await world.alice.client.patch(path, json={})).status_code == 404
    nowhere = await world.alice.client.get(f"{DOMAINS}/nowhere/user")
    assert (nowhere.status_code, nowhere.json()["message"]) == (404, "SIP domain not found")


async def test_every_change_of_a_domain_or_what_is_in_it_is_told_once_it_is_stored(
    world: World,
) -> None:
    told: list[UUID | None] = []
    world.services.sip_changes.listen(told.append)
    await domain(world.alice)
    ann = await user(world.alice, "ann")
    await world.alice.client.patch(f"{PATH}/{ann['uuid']}", json={"is_active": False})
    await world.alice.client.post(PATH, json={"login": "ann", "password": SECRET})
    await world.alice.client.delete(f"{PATH}/{ann['uuid']}")
    switch = {"name": "pbx", "remote_ip": "192.0.2.1"}
    await world.alice.client.post(f"{DOMAINS}/acme/switch", json=switch)
    await world.alice.client.delete(f"{DOMAINS}/acme")
    assert len(told) == 6  # the refused one is not among them
    assert len(set(told)) == 1
