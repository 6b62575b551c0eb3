"""Users of an account: signing up, changing, deactivating."""

from support.world import PASSWORD, World


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
    logged_in = await world.anonymous.get("/rest/auth", auth=(body["email"], PASSWORD))
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
