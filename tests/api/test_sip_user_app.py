"""What a SIP user's application asks as that user, and what it may not."""

import base64
from typing import Any

import pytest

from support.sip_people import DOMAINS, SECRET, Application, domain, ha1b, user
from support.world import World


async def ann_of(world: World, **body: Any) -> Application:
    await domain(world.alice)
    await user(world.alice, "ann", **body)
    return Application(world, "ann")


def basic(name: str, password: str) -> dict[str, str]:
    sent = base64.b64encode(f"{name}:{password}".encode()).decode()
    return {"Authorization": f"Basic {sent}"}


@pytest.mark.parametrize("name", ["ann@acme.sip.localhost", "ANN@ACME.sip.localhost"])
async def test_basic_is_the_full_login_with_the_password(world: World, name: str) -> None:
    await ann_of(world)
    answer = await world.anonymous.get("/rest/app", headers=basic(name, SECRET))
    assert answer.json()["payload"]["login"] == "ann"


async def test_a_login_that_is_an_address_itself_logs_in_too(world: World) -> None:
    await domain(world.alice)
    await user(world.alice, "ann@example.com")
    name = "ann@example.com@acme.sip.localhost"
    answer = await world.anonymous.get("/rest/app", headers=basic(name, SECRET))
    assert answer.json()["payload"]["login"] == "ann@example.com"
    assert (await Application(world, "ann@example.com").get())["login"] == "ann@example.com"


async def test_ha1b_is_taken_from_header_query_and_form(world: World) -> None:
    ann = await ann_of(world)
    assert (await ann.get())["login"] == "ann"
    upper = {"X-Auth-HA1B-Token": ha1b("ann").upper()}
    assert (await world.anonymous.get("/rest/app", headers=upper)).status_code == 200
    asked = await world.anonymous.get("/rest/app", params={"ha1b": ha1b("ann")})
    assert asked.json()["payload"]["login"] == "ann"
    form = await world.anonymous.request("GET", "/rest/app", data={"ha1b": ha1b("ann")})
    assert form.json()["payload"]["login"] == "ann"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Auth-HA1B-Token": "0" * 32},
        {"X-Auth-HA1B-Token": "nonsense"},
        basic("ann@acme.sip.localhost", "wrong"),
        basic("eve@acme.sip.localhost", SECRET),
        basic("ann", SECRET),
        basic("ann@acme.sip.localhost\0", SECRET),
        basic("\0@acme.sip.localhost", "\0"),
        {"Authorization": "Basic !"},
        {"Authorization": "Bearer x"},
    ],
)
async def test_strangers_are_refused_alike(world: World, headers: dict[str, str]) -> None:
    await ann_of(world)
    answer = await world.anonymous.get("/rest/app", headers=headers)
    assert (answer.status_code, answer.json()["message"]) == (401, "Unauthorized")


async def test_an_ha1b_that_no_database_keeps_is_nobodys(world: World) -> None:
    await ann_of(world)
    answer = await world.anonymous.get("/rest/app?ha1b=%00")
    assert (answer.status_code, answer.json()["message"]) == (401, "Unauthorized")


async def test_a_portal_user_is_no_sip_user_and_the_other_way_round(world: World) -> None:
    await ann_of(world)
    assert (await world.alice.client.get("/rest/app")).status_code == 401
    headers = {"X-Auth-HA1B-Token": ha1b("ann")}
    assert (await world.anonymous.get("/rest/user", headers=headers)).status_code == 401


@pytest.mark.parametrize("by", ["ha1b", "basic"])
async def test_a_guesser_is_stopped_after_ten(world: World, by: str) -> None:
    await ann_of(world)
    wrong = basic("ann@acme.sip.localhost", "x") if by == "basic" else {"X-Auth-HA1B-Token": "x"}
    right = basic("ann@acme.sip.localhost", SECRET)
    tries = [await world.anonymous.get("/rest/app", headers=wrong) for _ in range(11)]
    assert [answer.status_code for answer in tries] == [401] * 10 + [429]
    late = await world.anonymous.get("/rest/app", headers=right)
    assert (late.status_code, late.json()["code"]) == (429, "too_many_attempts")
    assert int(late.headers["retry-after"]) > 0


async def test_an_inactive_user_is_not_let_in(world: World) -> None:
    await domain(world.alice)
    await user(world.alice, "ann", is_active=False)
    assert (await Application(world, "ann").ask("GET")).status_code == 401


async def test_users_change_themselves_and_their_password(world: World) -> None:
    ann = await ann_of(world, first_name="Ann")
    changed = await ann.ask("PATCH", body={"last_name": "Lee", "password": "battery staple"})
    assert changed.status_code == 200
    assert (await ann.ask("GET")).status_code == 401
    me = await Application(world, "ann", password="battery staple").get()
    assert (me["first_name"], me["last_name"]) == ("Ann", "Lee")
    [seen] = (await world.alice.client.get(f"{DOMAINS}/acme/user")).json()["payload"]
    assert seen["modified_by"] is None


async def test_nobody_lifts_a_limit_of_their_own(world: World) -> None:
    ann = await ann_of(world, same_domain_calls_only=True)
    refused = await ann.ask("PATCH", body={"same_domain_calls_only": False, "first_name": "A"})
    assert refused.status_code == 401
    assert refused.json()["message"].startswith("Forbidden")
    me = await ann.get()
    assert (me["same_domain_calls_only"], me["first_name"]) == (True, None)
    same = await ann.ask("PATCH", body={"same_domain_calls_only": True, "is_active": False})
    assert same.json()["payload"]["is_active"] is True


async def test_users_see_their_own_domain_and_nothing_of_the_account(world: World) -> None:
    ann = await ann_of(world)
    await user(world.alice, "bob")
    await domain(world.alice, "other")
    await user(world.alice, "eve", "other")
    seen = await ann.ask("GET", "/users")
    assert [one["login"] for one in seen.json()["payload"]] == ["ann", "bob"]
    assert [one["login"] for one in await ann.get("/users?take=1&skip=1")] == ["bob"]
    assert "balance" not in seen.text
    assert world.alice.email not in seen.text
