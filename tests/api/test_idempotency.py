import asyncio
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import update

from opentact.api.idempotency import REPLAYED
from opentact.billing.idempotency import Claim, IdempotencyKey, forget_old, take
from opentact.kit.ids import new_id
from opentact.numbers.orders import Order
from support.numbers import FIRST, balance, order, stocked
from support.world import Tenant, World


async def place(
    tenant: Tenant, body: object, key: str, path: str = "/rest/order"
) -> httpx.Response:
    return await tenant.client.post(path, json=body, headers={"Idempotency-Key": key})


@pytest.mark.parametrize("path", ["/rest/order", "/rest/order/tn"])
async def test_the_same_key_and_body_answers_the_same_order(world: World, path: str) -> None:
    await stocked(world)
    body = order(FIRST) if path == "/rest/order" else {"tns": [FIRST]}
    first = await place(world.alice, body, "k:1", path)
    again = await place(world.alice, body, "k:1", path)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert (first.headers.get(REPLAYED), again.headers[REPLAYED]) == (None, "true")
    assert len((await world.alice.client.get("/rest/order")).json()["payload"]) == 1


async def test_another_body_is_refused(world: World) -> None:
    await stocked(world)
    await place(world.alice, order(FIRST), "k")
    other = await place(world.alice, order(FIRST + 1), "k")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    elsewhere = await place(world.alice, order(FIRST), "k", "/rest/order/tn")
    assert elsewhere.status_code == 422


async def test_a_key_belongs_to_its_account(world: World) -> None:
    await stocked(world)
    await place(world.alice, order(FIRST), "k")
    answer = await place(world.bob, order(FIRST), "k")
    assert answer.json()["payload"]["state"] == "failed"
    assert REPLAYED not in answer.headers


async def test_of_many_at_once_one_orders(world: World) -> None:
    tns = await stocked(world, 20)
    answers = await asyncio.gather(*(place(world.alice, order(*tns), "k") for _ in range(8)))
    orders = {a.json()["payload"]["uuid"] for a in answers if a.status_code == 201}
    assert len(orders) == 1
    assert {a.status_code for a in answers} <= {201, 409}
    assert await balance(world.alice) == 100 - 20 * 1.70


async def test_a_refusal_leaves_the_key_free(world: World) -> None:
    tns = await stocked(world, 60)
    assert (await place(world.alice, order(*tns), "k")).status_code == 402
    assert (await place(world.alice, order(FIRST), "k")).status_code == 201


async def test_work_that_was_cut_short_is_asked_for_by_its_reference(world: World) -> None:
    await stocked(world)
    body = order(FIRST)
    first = await place(world.alice, body, "k")
    async with world.database.write() as session:
        # As a crash right before the answer was kept would leave it.
        await session.execute(update(IdempotencyKey).values(status=None, body=None))
    again = await place(world.alice, body, "k")
    assert again.json() == first.json()
    async with world.database.write() as session:
        await session.execute(update(Order).values(settled_on=None))
    running = await place(world.alice, body, "k")
    assert (running.status_code, running.json()["code"]) == (409, "idempotency_key_running")


async def test_a_key_is_kept_for_a_day(world: World) -> None:
    await stocked(world)
    await place(world.alice, order(FIRST), "k")
    world.clock.at += timedelta(hours=24)
    assert REPLAYED not in (await place(world.alice, order(FIRST), "k")).headers
    async with world.database.write() as session:
        claim = Claim(world.alice.account, "other", "0")
        await take(session, claim, new_id(), now=world.clock.now() - timedelta(hours=25))
        assert await forget_old(session, now=world.clock.now()) == 1


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "ключ".encode()])
async def test_a_key_that_is_none_is_refused(world: World, key: str | bytes) -> None:
    sent = key.encode() if isinstance(key, str) else key
    headers = {b"Idempotency-Key": sent}
    answer = await world.alice.client.post("/rest/order", json=order(FIRST), headers=headers)
    assert answer.status_code == 400
    assert set(answer.json()["fields"]) == {"params.Idempotency-Key"}
