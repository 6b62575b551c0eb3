"""POST /rest/call/price: what a call would cost, and what stands in its way."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from uuid import UUID

import pytest

from opentact.app.rule_wiring import open_rules
from opentact.app.settings import load
from opentact.billing.rate_sheets import seed_decks
from support.world import World


@pytest.fixture(autouse=True)
async def rules(world: World) -> AsyncIterator[None]:
    """A world that has rates and quotes; Alice holds no number."""
    async with world.database.write() as session:
        await seed_decks(session, world.clock.now())

    async def holder(number: int) -> UUID | None:
        await asyncio.sleep(0)
        return world.alice.account if number == 12025550100 else None

    async with AsyncExitStack() as stack:
        parts = await open_rules(stack, load({}), world.database, world.clock, "node", holder)
        world.services.quotes, world.services.decks = parts.quotes, parts.decks
        yield


async def profile(world: World, **fields: object) -> str:
    made = await world.alice.client.post(
        "/rest/profile/outbound_voice", json={"name": "Main", **fields}
    )
    assert made.status_code == 201, made.text
    uuid: str = made.json()["payload"]["uuid"]
    return uuid


async def test_a_quote_has_the_rate_the_increments_and_the_price(world: World) -> None:
    asked = {
        "to": "+442071234567",
        "from": "+12025550100",
        "outbound_voice_profile": await profile(world, countries=["GB"]),
        "seconds": 61,
    }
    answer = await world.alice.client.post("/rest/call/price", json=asked)
    quote = answer.json()["payload"]
    assert answer.status_code == 200
    assert (quote["country"], quote["prefix"], quote["rate"]) == ("GB", "44", 0.012)
    assert (quote["initial"], quote["increment"], quote["billed_seconds"]) == (1, 1, 61)
    assert quote["price"] == 0.0122
    assert [each["rule"] for each in quote["refusals"]] in ([], ["balance"])


async def test_every_rule_that_would_refuse_is_told(world: World) -> None:
    uuid = await profile(world, max_rate=0.1)
    asked = {"to": "+5352345678", "outbound_voice_profile": uuid}
    quote = (await world.alice.client.post("/rest/call/price", json=asked)).json()["payload"]
    assert quote["allowed"] is False
    rules = [each["rule"] for each in quote["refusals"]]
    assert rules[:4] == ["countries", "open_prefixes", "caller_id", "max_rate"]
    named = {each["rule"]: each for each in quote["refusals"]}
    assert named["max_rate"]["object_uuid"] == uuid
    assert (named["max_rate"]["limit"], named["max_rate"]["present"]) == ("0.10000", "0.65000")


async def test_a_profile_must_be_named_and_ones_own(world: World) -> None:
    bare = await world.alice.client.post("/rest/call/price", json={"to": "+12025550123"})
    assert bare.status_code == 400
    assert "params.outbound_voice_profile" in bare.json()["fields"]
    asked = {"to": "+12025550123", "outbound_voice_profile": await profile(world)}
    assert (await world.bob.client.post("/rest/call/price", json=asked)).status_code == 404


async def test_the_account_says_where_it_is_and_what_is_open(world: World) -> None:
    client = world.alice.client
    changes = {"time_zone": "America/New_York", "countries": ["us", "GB"]}
    changed = await client.patch("/rest/account", json=changes)
    assert changed.json()["payload"]["countries"] == ["US", "GB"]
    assert (await client.get("/rest/account")).json()["payload"]["time_zone"] == "America/New_York"
    wrong = await client.patch("/rest/account", json={"time_zone": "Mars", "countries": ["XX"]})
    assert wrong.status_code == 400
    assert len(wrong.json()["fields"]) == 2


async def test_an_operator_limits_an_account_and_the_account_does_not(world: World) -> None:
    path = f"/rest/account/{world.alice.account}/limits"
    limits = {"channel_limit": 5, "calls_per_second": 2}
    changed = (await world.admin.client.patch(path, json=limits)).json()["payload"]
    assert (changed["channel_limit"], changed["calls_per_second"]) == (5, 2)
    assert (await world.alice.client.patch(path, json={"channel_limit": 9})).status_code == 401
