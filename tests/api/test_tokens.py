from datetime import timedelta

from support.world import World


async def test_a_token_is_shown_once_and_works_until_it_ends(world: World) -> None:
    made = await world.alice.client.post("/rest/token", json={"name": "ci", "ttl": 60})
    assert made.status_code == 201
    token = made.json()["payload"]
    assert token["expired_on"] == "2024-01-16T12:01:00.000Z"
    [_, listed] = (await world.alice.client.get("/rest/token/list")).json()["payload"]
    assert listed["token"] == f"…{token['token'][-4:]}"

    mine = {"X-Auth-Token": token["token"]}
    assert (await world.anonymous.get("/rest/user", headers=mine)).status_code == 200
    world.clock.at += timedelta(seconds=61)
    world.services.auth.forget()
    assert (await world.anonymous.get("/rest/user", headers=mine)).status_code == 401


async def test_a_removed_token_is_out_at_once(world: World) -> None:
    token = (await world.alice.client.post("/rest/token", json={"name": "x"})).json()["payload"]
    mine = {"X-Auth-Token": token["token"]}
    assert (await world.anonymous.get("/rest/user", headers=mine)).status_code == 200
    assert (await world.bob.client.delete(f"/rest/token/{token['token']}")).status_code == 404
    assert (await world.alice.client.delete(f"/rest/token/{token['token']}")).status_code == 200
    assert (await world.anonymous.get("/rest/user", headers=mine)).status_code == 401


async def test_a_short_life_is_refused(world: World) -> None:
    answer = await world.alice.client.post("/rest/token", json={"name": "", "ttl": 5})
    assert set(answer.json()["fields"]) == {"params.name", "params.ttl"}
