import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal

from opentact.billing.ledger import Line, RefType, post
from opentact.numbers.renewal import Fate, Plan, carry_out, plan_renewals
from support.numbers import FIRST, balance, buy, stocked
from support.world import World

DUE = datetime(2024, 2, 16, 23, 59, tzinfo=UTC)
MONTHLY = 1.20


async def planned(world: World, at: datetime = DUE, *, autorenew: bool = True) -> list[Plan]:
    async with world.database.read() as session:
        period = world.services.lease_period
        return await plan_renewals(session, at, period=period, autorenew=autorenew)


def carried_out(world: World, plans: list[Plan], at: datetime = DUE) -> AsyncIterator[Plan]:
    services = world.services
    return carry_out(
        world.database,
        plans,
        events=services.events,
        period=services.lease_period,
        at=at,
        now=at,
    )


async def run(world: World, at: datetime = DUE, *, autorenew: bool = True) -> list[Plan]:
    plans = await planned(world, at, autorenew=autorenew)
    return [plan async for plan in carried_out(world, plans, at)]


async def spend_all_but(world: World, left: str) -> None:
    async with world.database.write() as session:
        there = Decimal(str(await balance(world.alice)))
        line = Line(Decimal(left) - there, RefType.TTS)
        await post(session, world.alice.account, [line], now=world.clock.now())


async def test_a_lease_is_renewed_once_however_often_the_job_runs(world: World) -> None:
    await stocked(world)
    await buy(world.alice, FIRST)
    before = await balance(world.alice)
    [plan] = await run(world)
    assert (plan.fate, plan.price) == (Fate.RENEW, Decimal("1.20000"))
    assert await run(world) == []
    assert round(before - await balance(world.alice), 5) == MONTHLY
    lease = (await world.alice.client.get(f"/rest/lease/tn/{FIRST}")).json()["payload"]
    assert lease["expired_on"] == "2024-03-16T12:00:00.000Z"
    assert [json.loads(e.frame)["type"] for e in world.published[-2:]] == ["tn", "balance"]


async def test_two_nodes_at_once_charge_once(world: World) -> None:
    tns = await stocked(world, 4)
    await buy(world.alice, *tns)
    before = await balance(world.alice)
    plans = await planned(world)

    async def node() -> int:
        return len([plan async for plan in carried_out(world, plans)])

    assert sum(await asyncio.gather(node(), node())) == 4
    assert round(before - await balance(world.alice), 5) == 4 * MONTHLY


async def test_a_dry_run_changes_nothing(world: World) -> None:
    await stocked(world)
    await buy(world.alice, FIRST)
    before = await balance(world.alice)
    [plan] = await planned(world)
    assert plan.reason == "renewed until 2024-03-16T12:00:00.000Z at 1.20000"
    assert await balance(world.alice) == before
    assert await planned(world) == [plan]


async def test_what_the_balance_does_not_pay_for_is_released(world: World) -> None:
    tns = await stocked(world, 2)
    await buy(world.alice, *tns)
    await spend_all_but(world, "1.50")
    plans = await planned(world)
    assert [plan.fate for plan in plans] == [Fate.RENEW, Fate.RELEASE]
    assert plans[1].reason == "the balance is short by 0.90000"
    done = await run(world)
    assert [plan.fate for plan in done] == [Fate.RENEW, Fate.RELEASE]
    assert await balance(world.alice) == 0.30
    found = (await world.bob.client.post("/rest/tn/search", json={})).json()["payload"]
    assert [row["tn"] for row in found["data"]] == [plans[1].tn]


async def test_a_lease_without_autorenew_ends(world: World) -> None:
    await stocked(world)
    await buy(world.alice, FIRST, autorenew=False)
    assert await planned(world) == []
    [plan] = await run(world, autorenew=False)
    assert (plan.fate, plan.reason) == (Fate.RELEASE, "autorenew is off")
    assert (await world.alice.client.get(f"/rest/lease/tn/{FIRST}")).status_code == 404
    assert json.loads(world.published[-1].frame)["payload"]["action"] == "released"


async def test_an_overdue_lease_catches_up_month_by_month(world: World) -> None:
    await stocked(world)
    await buy(world.alice, FIRST)
    before = await balance(world.alice)
    late = datetime(2024, 4, 20, tzinfo=UTC)
    [plan] = await planned(world, late)
    [done] = await run(world, late)
    assert plan.price == done.price == Decimal("3.60000")
    assert round(before - await balance(world.alice), 5) == 3.6


async def test_before_its_end_nothing_happens(world: World) -> None:
    await stocked(world)
    await buy(world.alice, FIRST)
    assert await run(world, datetime(2024, 2, 16, 11, 59, tzinfo=UTC)) == []
