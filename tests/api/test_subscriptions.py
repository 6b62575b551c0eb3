from datetime import timedelta
from typing import Any

import pytest

from support.happenings import change_balance
from support.websocket import Client, connected
from support.world import World

PATH = "/rest/event/subscription"


async def subscribe(world: World, **fields: Any) -> dict[str, Any]:
    answer = await world.alice.client.post(PATH, json={"type": "balance", **fields})
    assert answer.status_code == 200, answer.text
    payload: dict[str, Any] = answer.json()["payload"]
    return payload


async def hears_balances(world: World, client: Client) -> bool:
    """Tell whether a balance event is sent."""
    await change_balance(world, world.alice, 1)
    # A pong follows every event that was stored before its ping.
    client.say({"type": "ping"})
    first = await client.hear()
    if first["type"] == "pong":
        return False
    assert (first["type"], (await client.hear())["type"]) == ("balance", "pong")
    return True


async def test_an_account_without_subscriptions_hears_everything(world: World) -> None:
    async with connected(world.app) as client:
        await client.authenticate(world.alice.token)
        assert await hears_balances(world, client)


async def test_from_the_first_subscription_on_only_its_types_are_heard(world: World) -> None:
    async with connected(world.app) as client:
        await client.authenticate(world.alice.token)
        await subscribe(world, type="sms")
        assert not await hears_balances(world, client)
        await subscribe(world, type="balance")
        assert await hears_balances(world, client)


async def test_an_open_websocket_follows_every_change(world: World) -> None:
    made = await subscribe(world)
    path = f"{PATH}/{made['uuid']}"
    async with connected(world.app) as client:
        await client.authenticate(world.alice.token)
        assert await hears_balances(world, client)
        await world.alice.client.patch(path, json={"is_active": False})
        assert not await hears_balances(world, client)
        await world.alice.client.delete(path)
        assert await hears_balances(world, client)


async def test_an_expired_subscription_delivers_nothing_and_stays_active(world: World) -> None:
    ends = "2024-01-16T13:00:00.000Z"
    made = await subscribe(world, expired_on=ends)
    world.clock.at += timedelta(hours=2)
    async with connected(world.app) as client:
        await client.authenticate(world.alice.token)
        assert not await hears_balances(world, client)
    shown = (await world.alice.client.get(f"{PATH}/{made['uuid']}")).json()["payload"]
    assert (shown["is_active"], shown["expired_on"]) == (True, ends)


async def test_a_webhook_subscription_silences_no_websocket(world: World) -> None:
    made = await subscribe(world, type="sms", channel="webhook", url="https://example.com/hook")
    assert (made["channel"], made["url"]) == ("webhook", "https://example.com/hook")
    async with connected(world.app) as client:
        await client.authenticate(world.alice.token)
        assert await hears_balances(world, client)


async def test_a_subscription_is_shown_with_who_made_it(world: World) -> None:
    made = await subscribe(
        world, type="call_state", is_active="true", expired_on=None, tn=12015550100, unknown=1
    )
    assert made["user"]["email"] == "alice@example.com"
    assert made["user"]["account"]["balance"] == 100
    assert (made["channel"], made["is_active"], made["tn"]) == ("wss", True, "12015550100")
    [listed] = (await world.alice.client.get(PATH)).json()["payload"]
    assert listed == {name: value for name, value in made.items() if name != "user"}
    answer = await world.alice.client.get(f"{PATH}/{made['uuid']}")
    assert answer.json()["payload"] == made


async def test_a_removed_subscription_is_gone(world: World) -> None:
    made = await subscribe(world)
    path = f"{PATH}/{made['uuid']}"
    assert (await world.alice.client.delete(path)).json()["payload"]["uuid"] == made["uuid"]
    assert (await world.alice.client.delete(path)).json()["code"] == "subscription_not_found"
    assert (await world.alice.client.get(PATH)).json()["payload"] == []


@pytest.mark.parametrize("method", ["get", "patch", "delete"])
async def test_nobody_reaches_anothers_subscription(world: World, method: str) -> None:
    made = await subscribe(world)
    body = {"is_active": False} if method == "patch" else None
    answer = await world.bob.client.request(method, f"{PATH}/{made['uuid']}", json=body)
    assert answer.status_code == 404
    assert (await world.bob.client.get(PATH)).json()["payload"] == []


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({}, {"type"}),
        ({"type": "nonsense", "channel": "mqtt"}, {"type", "channel"}),
        ({"type": None, "is_active": "yes"}, {"type", "is_active"}),
        ({"type": "sms", "expired_on": "soon", "tn": "abc"}, {"expired_on", "tn"}),
        ({"type": "sms", "expired_on": 1700000000}, {"expired_on"}),
        ({"type": "sms", "expired_on": "0001-01-01T00:00:00+14:00"}, {"expired_on"}),
        ({"type": "sms", "expired_on": "9999-12-31T23:59:59-14:00"}, {"expired_on"}),
        ({"type": "sms", "channel": "webhook"}, {"url"}),
        ({"type": "sms", "url": "ftp://example.com/"}, {"url"}),
        ({"type": "sms", "sip_domain": 5, "sip_user": "\0", "sip_switch": []},
         {"sip_domain", "sip_user", "sip_switch"}),
    ],
)  # fmt: skip
async def test_every_wrong_field_is_named(world: World, body: object, wrong: set[str]) -> None:
    answer = await world.alice.client.post(PATH, json=body)
    assert answer.status_code == 400
    assert set(answer.json()["fields"]) == {f"params.{name}" for name in wrong}


async def test_a_subscription_cannot_be_changed_into_a_webhook_without_url(world: World) -> None:
    made = await subscribe(world)
    answer = await world.alice.client.patch(f"{PATH}/{made['uuid']}", json={"channel": "webhook"})
    assert set(answer.json()["fields"]) == {"params.url"}
    [there] = (await world.alice.client.get(PATH)).json()["payload"]
    assert there["channel"] == "wss"
