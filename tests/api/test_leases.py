from datetime import timedelta
from uuid import uuid4

from support.numbers import FIRST, balance, buy, stocked
from support.world import World


async def test_a_lease_is_found_by_its_uuid_and_by_its_number(world: World) -> None:
    await stocked(world)
    await buy(world.alice, FIRST)
    [listed] = (await world.alice.client.get("/rest/lease/tn")).json()["payload"]
    for name in (listed["uuid"], FIRST, f"{FIRST}/tn"):
        answer = await world.alice.client.get(f"/rest/lease/tn/{name}")
        assert answer.json()["payload"] == listed
        assert (await world.bob.client.get(f"/rest/lease/tn/{name}")).status_code == 404
    assert listed["expired_on"] == "2024-02-16T12:00:00.000Z"
    assert [one["type"] for one in listed["subscriptions"]] == ["voice", "sms"]


async def test_a_released_number_can_be_bought_again(world: World) -> None:
    await stocked(world)
    await buy(world.alice, FIRST)
    answer = await world.alice.client.delete(f"/rest/lease/tn/{FIRST}")
    assert answer.status_code == 200
    assert answer.json()["payload"]["subscriptions"] == []
    assert (await world.alice.client.get(f"/rest/lease/tn/{FIRST}")).status_code == 404
    assert (await buy(world.bob, FIRST))["state"] == "success"


async def test_many_are_released_at_once_or_none(world: World) -> None:
    first, second, third = await stocked(world, 3)
    await buy(world.alice, first, second)
    await buy(world.bob, third)
    refused = await world.alice.client.request(
        "DELETE", "/rest/lease/tn", json={"item": [first, third]}
    )
    assert refused.status_code == 404
    released = await world.alice.client.request(
        "DELETE", "/rest/lease/tn", json={"item": [first, second]}
    )
    assert [lease["tn"]["tn"] for lease in released.json()["payload"]] == [first, second]
    assert (await world.alice.client.get("/rest/lease/tn")).json()["payload"] == []


async def test_switching_sms_off_and_on_again_is_not_charged_twice(world: World) -> None:
    await stocked(world)
    await buy(world.alice, FIRST, features=("voice",))
    path, before = f"/rest/lease/tn/{FIRST}", await balance(world.alice)
    for wanted in (True, "false", "true"):
        answer = await world.alice.client.patch(path, json={"sms": wanted})
        assert answer.status_code == 200, answer.text
    assert answer.json()["payload"]["sms"] is True
    assert await balance(world.alice) == before - 0.20
    assert world.published[-1].type == "balance"


async def test_a_connection_takes_the_place_of_an_app(world: World) -> None:
    await stocked(world)
    await buy(world.alice, FIRST)
    client, path = world.alice.client, f"/rest/lease/tn/{FIRST}"
    app = await client.post("/rest/sip/app", json={"name": "menu"})
    assert app.status_code == 201, app.text
    made = await client.post(
        "/rest/sip/connection", json={"name": "pbx", "ip": "192.0.2.7", "port": 5060}
    )
    assert made.status_code == 201, made.text
    app_uuid, uuid = app.json()["payload"]["uuid"], made.json()["payload"]["uuid"]
    lease = (await client.patch(path, json={"sip_control_app": app_uuid})).json()["payload"]
    assert lease["sip_control_app"]["name"] == "menu"
    lease = (await client.patch(path, json={"sip_connection": uuid})).json()["payload"]
    assert (lease["sip_connection"]["name"], lease["sip_control_app"]) == ("pbx", None)
    lease = (await client.patch(path, json={"sip_connection": None})).json()["payload"]
    assert lease["sip_connection"] is None

    found = await client.post("/rest/lease/tn/search", json={"sip_connections_skip": [uuid]})
    assert found.json()["payload"]["total"] == 1
    await client.patch(path, json={"sip_connection": uuid})
    found = await client.post("/rest/lease/tn/search", json={"sip_connections_skip": [uuid]})
    assert found.json()["payload"]["total"] == 0
    refused = await client.patch(path, json={"sip_control_app": str(uuid4())})
    assert refused.status_code == 404


async def test_numbers_are_searched_by_mask_in_either_order(world: World) -> None:
    tns = await stocked(world, 12)
    await buy(world.alice, *tns)
    body = {"tn": "*10%", "autorenew": True, "order": {"tn": "ASC"}}
    answer = await world.alice.client.post("/rest/lease/tn/search?take=3", json=body)
    page = answer.json()["payload"]
    assert page["total"] == 10
    assert [lease["tn"]["tn"] for lease in page["data"]] == tns[:3]


async def test_only_a_provider_asks_for_routes(world: World) -> None:
    await stocked(world)
    await buy(world.alice, FIRST)
    path = f"/rest/lease/tn/{FIRST}/route"
    assert (await world.alice.client.get(path)).json()["message"].startswith("Forbidden")
    shown = (await world.admin.client.get(path)).json()["payload"]
    assert (shown["account"], shown["provider"]) == (str(world.alice.account), "dev")


async def test_what_is_no_lease_is_said(world: World) -> None:
    assert (await world.alice.client.get("/rest/lease/tn/12")).status_code == 400
    assert (await world.alice.client.get(f"/rest/lease/tn/{uuid4()}")).status_code == 404
    wrong = await world.alice.client.patch(f"/rest/lease/tn/{FIRST}", json={"sms": "yes"})
    assert set(wrong.json()["fields"]) == {"params.sms"}


async def test_a_change_moves_modified_on(world: World) -> None:
    await stocked(world)
    await buy(world.alice, FIRST)
    world.clock.at += timedelta(hours=1)
    answer = await world.alice.client.patch(f"/rest/lease/tn/{FIRST}", json={"autorenew": False})
    lease = answer.json()["payload"]
    assert lease["modified_on"] == "2024-01-16T13:00:00.000Z"
    assert lease["autorenew"] is False
    assert lease["modified_by"]["email"] == "alice@example.com"
