"""The account as its users see it: who they are, and what they want to be told."""

from support.world import World

NEW = {"email": "carol@example.com", "password": "correct horse battery"}


async def test_an_account_shows_its_balance_and_its_users(world: World) -> None:
    payload = (await world.alice.client.get("/rest/account")).json()["payload"]
    assert (payload["uuid"], payload["balance"]) == (str(world.alice.account), 100)
    assert [user["email"] for user in payload["users"]] == [world.alice.email]


async def test_an_account_is_seen_by_its_users_and_by_admins(world: World) -> None:
    path = f"/rest/account/{world.alice.account}"
    mine, admins = await world.alice.client.get(path), await world.admin.client.get(path)
    assert mine.json() == admins.json()
    assert (await world.bob.client.get(path)).status_code == 404


async def test_notices_are_switched_and_their_limit_set_and_taken_away(world: World) -> None:
    path = "/rest/account/notification"
    on = await world.alice.client.patch(
        path, json={"balance_changed": True, "balance_threshold": 12.345678}
    )
    assert on.json()["payload"]["notification"] == {
        "balance_changed": True,
        "balance_threshold": 12.34568,
    }
    kept = await world.alice.client.patch(path, json={"balance_changed": "false"})
    assert kept.json()["payload"]["notification"]["balance_threshold"] == 12.34568
    off = await world.alice.client.patch(path, json={"balance_threshold": None})
    assert off.json()["payload"]["notification"] == {
        "balance_changed": False,
        "balance_threshold": None,
    }


async def test_notices_that_cannot_be_are_refused(world: World) -> None:
    for body in ({"balance_threshold": -1}, {"balance_threshold": True}, {"balance_changed": 1}):
        answer = await world.alice.client.patch("/rest/account/notification", json=body)
        assert set(answer.json()["fields"]) == {f"params.{next(iter(body))}"}


async def test_a_user_is_added_put_to_rest_and_woken(world: World) -> None:
    added = await world.alice.client.post("/rest/account/user", json=NEW)
    assert added.status_code == 201
    carol = f"/rest/account/user/{added.json()['payload']['uuid']}"
    login = (NEW["email"], NEW["password"])
    assert (await world.anonymous.get("/rest/user", auth=login)).status_code == 200
    left = (await world.alice.client.delete(carol)).json()["payload"]
    assert [user["email"] for user in left] == [world.alice.email, NEW["email"]]
    assert (await world.anonymous.get("/rest/user", auth=login)).status_code == 401
    assert (await world.alice.client.put(carol)).status_code == 200
    assert (await world.anonymous.get("/rest/user", auth=login)).status_code == 200


async def test_an_address_that_somebody_has_is_not_given_again(world: World) -> None:
    taken = await world.alice.client.post(
        "/rest/account/user", json=NEW | {"email": "BOB@example.com"}
    )
    assert (taken.status_code, taken.json()["code"]) == (409, "user_exists")
    path = f"/rest/user/{world.alice.user}"
    moved = await world.alice.client.patch(path, json={"email": world.bob.email})
    assert moved.status_code == 409
    same = await world.alice.client.patch(path, json={"email": world.alice.email.upper()})
    assert same.json()["payload"]["email"] == world.alice.email


async def test_a_new_account_has_a_default_messaging_profile(world: World) -> None:
    await world.anonymous.post("/rest/user", json=NEW)
    mine = await world.anonymous.get(
        "/rest/profile/messaging", auth=(NEW["email"], NEW["password"])
    )
    assert [profile["name"] for profile in mine.json()["payload"]] == ["default messaging profile"]
