"""Logging in, users of an account, and what one tenant may do to another: nothing."""

import base64

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


async def test_all_wrong_fields_are_named_at_once(world: World) -> None:
    answer = await world.anonymous.post(
        "/rest/user", json={"email": "nope", "password": "x", "gender": "Agender"}
    )
    assert answer.status_code == 400
    assert set(answer.json()["fields"]) == {"params.email", "params.password", "params.gender"}


async def test_signing_up_makes_an_account_and_a_second_time_conflicts(world: World) -> None:
    body = {"email": "New@Example.com", "password": PASSWORD, "role": "Admin"}
    made = await world.anonymous.post("/rest/user", json=body)
    assert made.status_code == 201
    assert made.json()["payload"]["role"] == "User"
    again = await world.anonymous.post("/rest/user", json=body)
    assert (again.status_code, again.json()["code"]) == (409, "user_exists")


async def test_a_deactivated_user_is_out_at_once(world: World) -> None:
    body = {"email": "second@example.com", "password": PASSWORD}
    second = (await world.alice.client.post("/rest/account/user", json=body)).json()["payload"]
    logged_in = await world.anonymous.get("/rest/auth", headers=basic(body["email"], PASSWORD))
    token = {"X-Auth-Token": logged_in.json()["payload"]["token"]}
    assert (await world.anonymous.get("/rest/user", headers=token)).status_code == 200

    await world.alice.client.delete(f"/rest/account/user/{second['uuid']}")

    assert (await world.anonymous.get("/rest/user", headers=token)).status_code == 401
    await world.alice.client.put(f"/rest/account/user/{second['uuid']}")
    assert (await world.anonymous.get("/rest/user", headers=token)).status_code == 200


async def test_the_last_user_cannot_lock_the_account(world: World) -> None:
    answer = await world.alice.client.delete(f"/rest/account/user/{world.alice.user}")
    assert answer.status_code == 409


async def test_only_an_admin_makes_admins(world: World) -> None:
    body = {"email": "boss@example.com", "password": PASSWORD, "role": "Admin"}
    assert (await world.alice.client.post("/rest/account/user", json=body)).status_code == 401
    assert (await world.admin.client.post("/rest/account/user", json=body)).status_code == 201
