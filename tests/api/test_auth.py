"""Logging in: every form of credentials that was ever documented, and what is none."""

import base64
from datetime import timedelta

import pytest

from support.world import PASSWORD, World


def basic(email: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{email}:{password}".encode()).decode()}


async def test_a_password_gives_a_jwt_that_works_in_every_position(world: World) -> None:
    answer = await world.anonymous.get("/rest/auth", headers=basic("alice@example.com", PASSWORD))
    assert answer.status_code == 200
    jwt = answer.json()["payload"]["token"]
    assert answer.json()["payload"]["account"]["balance"] == 100

    for token in (jwt, world.alice.token):
        for headers in (
            {"X-Auth-Token": token},
            {"X-Auth-Token": f'"{token}"'},
            {"Authorization": f"Bearer {token}"},
            {"Authorization": token},
        ):
            seen = await world.anonymous.get("/rest/user", headers=headers)
            assert seen.json()["payload"]["email"] == "alice@example.com", headers
        for name in ("jwt", "bearer"):
            seen = await world.anonymous.get("/rest/user", params={name: token})
            assert seen.status_code == 200, name
        form = await world.anonymous.post("/rest/token", data={"jwt": token})
        assert form.status_code == 400  # logged in; the body is not a token's


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Auth-Token": "nobody"},
        {"X-Auth-Token": "a.b.c"},
        {"Authorization": "Basic !!!"},
        {"Authorization": "Bearer"},
        {"X-Auth-Google-Token": "x"},
    ],
)
async def test_without_good_credentials_the_answer_is_401(
    world: World, headers: dict[str, str]
) -> None:
    answer = await world.anonymous.get("/rest/user", headers=headers)
    body = answer.json()
    assert (answer.status_code, body["code"], body["message"]) == (
        401,
        "unauthorized",
        "Unauthorized",
    )
    assert body["request_id"] == answer.headers["x-request-id"]


async def test_guessing_a_password_is_stopped_with_a_time_to_wait(world: World) -> None:
    for _ in range(10):
        wrong = await world.anonymous.get("/rest/auth", headers=basic("bob@example.com", "no"))
        assert wrong.status_code == 401
    stopped = await world.anonymous.get("/rest/auth", headers=basic("bob@example.com", PASSWORD))
    assert stopped.status_code == 429
    assert int(stopped.headers["retry-after"]) > 0


async def test_of_several_credentials_the_first_good_one_counts(world: World) -> None:
    headers = {"X-Auth-Token": "wrong", "Authorization": f"Bearer {world.bob.token}"}
    seen = await world.anonymous.get(
        "/rest/user", headers=headers, params={"jwt": world.alice.token}
    )
    assert seen.json()["payload"]["email"] == world.bob.email


async def test_a_social_login_is_told_that_there_is_none(world: World) -> None:
    for how in ({"headers": {"X-Auth-Google-Token": "x"}}, {"params": {"facebook_token": "x"}}):
        answer = await world.anonymous.get("/rest/user", **how)  # type: ignore[arg-type]
        assert "not switched on" in answer.json()["meta"]


async def test_a_jwt_ends_after_a_day(world: World) -> None:
    login = await world.anonymous.get("/rest/auth", headers=basic(world.alice.email, PASSWORD))
    mine = {"X-Auth-Token": login.json()["payload"]["token"]}
    world.clock.at += timedelta(hours=23, minutes=59)
    world.services.auth.forget()
    assert (await world.anonymous.get("/rest/user", headers=mine)).status_code == 200
    world.clock.at += timedelta(minutes=2)
    world.services.auth.forget()
    assert (await world.anonymous.get("/rest/user", headers=mine)).status_code == 401


async def test_an_unsigned_or_altered_jwt_is_nobodys(world: World) -> None:
    login = await world.anonymous.get("/rest/auth", headers=basic(world.alice.email, PASSWORD))
    head, claims, signature = login.json()["payload"]["token"].split(".")
    none = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
    for token in (f"{none}.{claims}.", f"{head}.{claims}.", f"{head}.{claims}x.{signature}"):
        answer = await world.anonymous.get("/rest/user", headers={"X-Auth-Token": token})
        assert answer.status_code == 401


async def test_an_admins_route_is_forbidden_to_others(world: World) -> None:
    assert (await world.admin.client.get("/rest/admin/inspect/calls")).status_code == 200
    answer = await world.alice.client.get("/rest/admin/inspect/calls")
    assert (answer.status_code, answer.json()["code"]) == (401, "forbidden")
