import asyncio
import json
from functools import partial
from typing import Any
from uuid import uuid4

import pytest

from opentact.numbers.features import Feature
from opentact.numbers.orders import Buyer, Wish, offers_for, place_offers
from opentact.numbers.providers import SimulatedProvider
from opentact.numbers.settlement import settle_open_orders
from support.numbers import FIRST, balance, buy, order, stocked
from support.world import World

PRICE = 0.50 + 1.00 + 0.20  # nrc, mrc and the monthly price of sms on the list "US"


async def test_an_order_is_settled_when_it_is_answered(world: World) -> None:
    await stocked(world)
    answer = await world.alice.client.post("/rest/order", json=order(FIRST))
    assert answer.status_code == 201
    placed = answer.json()["payload"]
    assert {name: placed[name] for name in ("state", "total", "success", "failed")} == {
        "state": "success",
        "total": 1,
        "success": 1,
        "failed": 0,
    }
    assert await balance(world.alice) == 100 - PRICE


async def test_the_detail_is_the_union_of_three_dialects(world: World) -> None:
    await stocked(world)
    shown = await buy(world.alice, FIRST, FIRST + 99)
    got, lost = shown["tn_items"]
    assert (got["state"], got["reason"]) == ("success", "Complete")
    assert (lost["state"], lost["reason"]) == (
        "failed",
        "Error buying a number: it is not for sale",
    )
    assert shown["state"] == "success"
    assert shown["account"]["name"] == "alice"
    assert shown["created_by"]["email"] == "alice@example.com"
    assert not {"password", "token"} & set(shown["created_by"])
    assert [lease["tn"]["tn"] for lease in shown["tnleases"]] == [FIRST]
    assert shown["tn_leases"] == shown["tnleases"]
    assert [error["item"]["tn"] for error in shown["errors"]] == [FIRST + 99]
    assert shown["price"]["nrc"] + shown["price"]["mrc"] == PRICE


async def test_an_order_that_costs_too_much_is_refused_whole(world: World) -> None:
    tns = await stocked(world, 60)
    answer = await world.alice.client.post("/rest/order", json=order(*tns))
    assert answer.status_code == 402
    assert answer.json()["code"] == "not_enough_balance"
    assert await balance(world.alice) == 100
    assert (await world.alice.client.get("/rest/order")).json()["payload"] == []
    assert (await buy(world.bob, FIRST))["state"] == "success"


async def test_of_orders_that_race_for_more_than_there_is_the_balance_decides(
    world: World,
) -> None:
    tns = await stocked(world, 80)
    answers = await asyncio.gather(
        *(world.alice.client.post("/rest/order", json=order(*tns[n : n + 20])) for n in (0, 20, 40))
    )
    assert sorted(answer.status_code for answer in answers) == [201, 201, 402]
    assert await balance(world.alice) == 100 - 40 * PRICE


async def test_of_two_orders_for_one_number_one_wins(world: World) -> None:
    await stocked(world, 1)
    answers = await asyncio.gather(
        *(
            tenant.client.post("/rest/order", json=order(FIRST))
            for tenant in (world.alice, world.bob)
        )
    )
    states = {answer.json()["payload"]["state"] for answer in answers}
    assert states == {"success", "failed"}
    [lost] = [a.json()["payload"] for a in answers if a.json()["payload"]["state"] == "failed"]
    tenant = world.alice if answers[0].json()["payload"] == lost else world.bob
    detail = (await tenant.client.get(f"/rest/order/{lost['uuid']}")).json()["payload"]
    assert detail["tn_items"][0]["reason"] == "Error buying a number: taken by another order"
    assert await balance(tenant) == 100


async def test_what_the_provider_refuses_costs_nothing_and_is_for_sale_again(
    world: World,
) -> None:
    first, second = await stocked(world, 2)
    provider = world.services.number_providers["dev"]
    assert isinstance(provider, SimulatedProvider)
    provider.refuse(second, "out of order")
    shown = await buy(world.alice, first, second)
    assert [item["reason"] for item in shown["tn_items"]] == [
        "Complete",
        "Error buying a number: out of order",
    ]
    assert await balance(world.alice) == 100 - PRICE
    found = (await world.alice.client.post("/rest/tn/search", json={})).json()["payload"]
    assert [row["tn"] for row in found["data"]] == [second]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (order(FIRST, FIRST), "it is in this order twice"),
        ({"items": [{"tn": FIRST, "features": ["sms"], "autorenew": True}]}, "it has no sms"),
    ],
)
async def test_a_refusal_says_why(world: World, body: Any, reason: str) -> None:
    await stocked(world, 1, features=1)
    if len(body["items"]) > 1:
        body = order(FIRST, FIRST, features=("voice",))
    placed = (await world.alice.client.post("/rest/order", json=body)).json()["payload"]
    shown = await world.alice.client.get(f"/rest/order/{placed['uuid']}")
    last = shown.json()["payload"]["tn_items"][-1]
    assert (last["state"], last["reason"]) == ("failed", f"Error buying a number: {reason}")


async def test_a_number_of_ones_own_is_not_bought_again(world: World) -> None:
    await stocked(world, 1)
    await buy(world.alice, FIRST)
    [item] = (await buy(world.alice, FIRST))["tn_items"]
    assert item["reason"] == "Error buying a number: it is yours already"


async def test_the_bodies_of_2020_and_2021_work(world: World) -> None:
    first, second = await stocked(world, 2)
    client = world.alice.client
    app = (await client.post("/rest/sip/app", json={"name": "menu"})).json()["payload"]["uuid"]
    connection = (
        await client.post(
            "/rest/sip/connection", json={"name": "pbx", "ip": "192.0.2.7", "port": 5060}
        )
    ).json()["payload"]["uuid"]
    flags = dict.fromkeys(("voice", "fax", "sms", "mms", "emergency", "autorenew"), True)
    old = {**flags, "tns": [first], "profile": "US"}
    answer = await client.post(
        "/rest/order/tn", json={**old, "sip_connection": connection, "sip_control_app": app}
    )
    assert answer.status_code == 201, answer.text
    shown = answer.json()["payload"]
    assert shown["state"] == "success"
    assert shown["request"]["tns"] == [first]
    assert shown["profile"]["name"] == "US"
    assert (shown["sip_control_app"]["name"], shown["fax"]) == ("menu", True)
    [lease] = shown["tnleases"]
    assert (lease["sip_control_app"]["name"], lease["sip_connection"]) == ("menu", None)
    assert (lease["fax"], [one["type"] for one in lease["subscriptions"]]) == (
        True,
        ["voice", "sms"],
    )
    body = {"items": [{"tn": second, "voice": "true", "sms": "false"}]}
    shown = (await client.post("/rest/order/tn", json=body)).json()["payload"]
    assert shown["items"][0]["sms"] is False
    assert shown["tnleases"][0]["sms"] is False


async def test_an_unknown_profile_or_target_is_not_found(world: World) -> None:
    await stocked(world, 1)
    for more in ({"profile": "MARS"}, {"sip_control_app": str(uuid4())}):
        answer = await world.alice.client.post("/rest/order/tn", json={"tns": [FIRST], **more})
        assert answer.status_code == 404
    assert (await buy(world.alice, FIRST))["state"] == "success"


@pytest.mark.parametrize(
    ("path", "body", "fields"),
    [
        ("", {}, {"params.items"}),
        ("", {"items": []}, {"params.items"}),
        (
            "",
            {"items": [{"tn": 5, "features": ["fly"], "autorenew": "yes"}]},
            {"params.items.0.tn", "params.items.0.features.0", "params.items.0.autorenew"},
        ),
        ("/tn", {"tns": []}, {"params.tns", "params.items"}),
        ("/tn", {"tns": [0], "profile": ""}, {"params.tns.0", "params.profile"}),
        ("/price", {"tns": [True]}, {"params.tns.0"}),
    ],
)
async def test_every_wrong_field_is_named(
    world: World, path: str, body: Any, fields: set[str]
) -> None:
    answer = await world.alice.client.post(f"/rest/order{path}", json=body)
    assert answer.status_code == 400
    assert set(answer.json()["fields"]) == fields


async def test_orders_are_searched_by_their_state(world: World) -> None:
    first, _ = await stocked(world, 2)
    won = await buy(world.alice, first)
    lost = await buy(world.alice, first)
    for state, expected in (("success", [won]), ("failed", [lost]), ("processing", [])):
        answer = await world.alice.client.post(
            "/rest/order/search?take=10&skip=0",
            json={"state": state, "order": {"created_on": "DESC"}},
        )
        payload = answer.json()["payload"]
        assert [one["uuid"] for one in payload["data"]] == [one["uuid"] for one in expected]
        assert payload["total"] == len(expected)
    assert (await world.bob.client.post("/rest/order/search")).json()["payload"]["total"] == 0
    assert (await world.bob.client.get(f"/rest/order/{won['uuid']}")).status_code == 404


async def test_an_order_tells_its_account(world: World) -> None:
    await stocked(world, 1)
    shown = await buy(world.alice, FIRST)
    order_event, balance_event = (json.loads(event.frame) for event in world.published)
    assert order_event["type"] == "tn_order"
    assert order_event["payload"]["uuid"] == order_event["ref_id"] == shown["uuid"]
    assert order_event["payload"]["success"] == 1
    assert (balance_event["type"], balance_event["payload"]) == ("balance", 100 - PRICE)


async def test_an_order_that_a_crash_left_open_is_settled_at_the_next_start(world: World) -> None:
    await stocked(world, 2)
    now, wish = world.clock.now(), Wish(FIRST, (Feature.VOICE,))
    buyer = Buyer(world.alice.account, world.alice.user, {})
    async with world.database.write() as session:
        offers = await offers_for(session, buyer.account, [wish], now=now, keep=True)
        await place_offers(session, buyer, offers, now=now)
    path = f"/rest/order/{buyer.uuid}"
    assert (await world.alice.client.get(path)).json()["payload"]["state"] == "processing"

    settle = partial(
        settle_open_orders,
        world.database,
        providers=world.services.number_providers,
        events=world.services.events,
        period=world.services.lease_period,
        clock=world.clock,
    )
    settled = await asyncio.gather(settle(), settle())
    assert sorted(map(len, settled)) == [0, 1]
    assert (await world.alice.client.get(path)).json()["payload"]["state"] == "success"
    assert await balance(world.alice) == 100 - 1.50
    assert await settle() == []
