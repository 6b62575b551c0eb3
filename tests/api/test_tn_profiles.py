from support.numbers import FIRST, buy, stocked
from support.world import World


async def test_price_lists_are_seen_by_all_and_changed_by_none(world: World) -> None:
    await stocked(world)
    client = world.alice.client
    listed = (await client.get("/rest/profile/tn")).json()["payload"]
    assert [profile["name"] for profile in listed] == ["CA", "TF", "US"]
    us = listed[-1]
    assert (us["nrc"], us["mrc"], us["sms_mrc"], us["fax_mrc"]) == (0.5, 1, 0.2, 0)
    path = f"/rest/profile/tn/{us['uuid']}"
    assert (await client.get(path)).json()["payload"] == us
    assert (await client.patch(path, json={"name": "mine"})).status_code == 404


async def test_screening_lists_are_kept(world: World) -> None:
    await stocked(world)
    await buy(world.alice, FIRST)
    client = world.alice.client
    made = await client.post(
        "/rest/profile/tn", json={"name": "quiet", "blacklist": ["+12125550100"]}
    )
    assert made.status_code == 201, made.text
    profile = made.json()["payload"]
    assert (profile["blacklist"], profile["whitelist"], profile["mrc"]) == (["12125550100"], [], 1)
    path = f"/rest/profile/tn/{profile['uuid']}"
    lists = await client.post(
        f"{path}/whitelist", json={"add": ["1212*", "1212*", "13%5"], "remove": ["1"]}
    )
    assert lists.json()["payload"]["whitelist"] == ["1212*", "13%5"]
    lists = await client.post(f"{path}/blacklist", json={"remove": ["12125550100"]})
    assert lists.json()["payload"]["blacklist"] == []
    again = await client.post("/rest/profile/tn", json={"name": "quiet"})
    assert (again.status_code, again.json()["code"]) == (409, "tn_profile_exists")
    assert (await world.bob.client.get(path)).status_code == 404
    wrong = await client.post(f"{path}/blacklist", json={"add": ["bob"]})
    assert set(wrong.json()["fields"]) == {"params.add.0"}

    lease = await client.patch(f"/rest/lease/tn/{FIRST}", json={"tn_profile": profile["uuid"]})
    assert lease.json()["payload"]["tn_profile"]["name"] == "quiet"
    assert (await client.delete(path)).json()["code"] == "profile_in_use"
    await client.patch(f"/rest/lease/tn/{FIRST}", json={"tn_profile": None})
    assert (await client.delete(path)).status_code == 200
