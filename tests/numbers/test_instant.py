import asyncio
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import func, select

from opentact.billing.holds import Hold, set_aside
from opentact.kit.ids import new_id
from opentact.numbers.instant import is_instant
from opentact.numbers.inventory import stock, tn_row
from opentact.numbers.leases import Lease
from opentact.numbers.orders import Item, Offer, Order, Wish
from opentact.numbers.providers import SimulatedProvider
from support.numbers import FIRST, balance, buy, order, stocked
from support.world import World, build_world

PRICE = 0.50 + 1.00 + 0.20


class DiskFullError(Exception):
    """What a commit may fail of."""


def carrier(world: World) -> SimulatedProvider:
    provider = world.services.number_providers["dev"]
    assert isinstance(provider, SimulatedProvider)
    return provider


async def sold_by(world: World, provider: str, count: int) -> list[int]:
    """Put New York numbers of this provider on sale."""
    now, first = world.clock.now(), 12125550100
    async with world.database.write() as session:
        rows = (
            tn_row(
                tn,
                now,
                type="long_code",
                country="US",
                state="NY",
                city="New York",
                rate_center="NWYRCYZN01",
                provider=provider,
                profile="US",
                features=3,
            )
            for tn in range(first, first + count)
        )
        await stock(session, rows)
    return list(range(first, first + count))


async def counted(world: World, *kinds: Any) -> list[int]:
    async with world.database.read() as session:
        return [await session.scalar(select(func.count()).select_from(kind)) or 0 for kind in kinds]


async def test_nothing_is_set_aside_for_it(world: World) -> None:
    tns = await stocked(world, 3)
    await buy(world.alice, *tns)
    assert await counted(world, Order, Item, Lease, Hold) == [1, 3, 3, 0]
    assert await balance(world.alice) == pytest.approx(100 - 3 * PRICE)


async def test_the_entries_of_an_order_follow_each_other(world: World) -> None:
    await buy(world.alice, *await stocked(world, 2))
    answer = await world.alice.client.post("/rest/transaction/search?take=20", json={})
    entries = [
        (row["account_balance_before"], row["account_balance_after"])
        for row in answer.json()["payload"]["data"]
    ]
    charged = sorted(entries, reverse=True)[:-1]  # the last is the payment, from nothing
    assert charged[0][0] == 100
    assert [before for before, _ in charged[1:]] == [after for _, after in charged[:-1]]
    assert charged[-1][1] == await balance(world.alice)


async def test_what_is_set_aside_for_something_else_is_not_spent(world: World) -> None:
    await stocked(world, 1)
    now = world.clock.now()
    async with world.database.write() as session:
        await set_aside(session, world.alice.account, Decimal(99), reference=new_id(), now=now)
    answer = await world.alice.client.post("/rest/order", json=order(FIRST))
    assert answer.status_code == 402
    assert await counted(world, Order, Lease) == [0, 0]


async def test_of_many_orders_for_the_last_dollars_as_many_win_as_are_paid(world: World) -> None:
    tns = await stocked(world, 80)
    answers = await asyncio.gather(
        *(
            world.alice.client.post("/rest/order", json=order(*tns[n : n + 10]))
            for n in range(0, 80, 10)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [201] * 5 + [402] * 3
    assert await balance(world.alice) == pytest.approx(100 - 50 * PRICE)


async def test_an_order_that_was_not_stored_was_not_sold(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stocked(world, 1)

    async def breaks(*_: Any, **__: Any) -> None:
        raise DiskFullError

    with monkeypatch.context() as patched:
        patched.setattr(world.services.events, "append", breaks)
        answer = await world.alice.client.post("/rest/order", json=order(FIRST))
    assert answer.status_code == 500
    assert await counted(world, Order, Lease) == [0, 0]
    # The carrier sells it only if it did not sell it to the order that came to nothing.
    [item] = (await buy(world.bob, FIRST))["tn_items"]
    assert item["state"] == "success"


async def test_an_order_that_was_stored_stays_sold(world: World) -> None:
    await stocked(world, 1)
    await buy(world.alice, FIRST)
    with pytest.raises(Exception, match="sold it to someone else"):
        await carrier(world).acquire(FIRST, reference=new_id())


class SlowCarrier(SimulatedProvider):
    """A carrier that is asked over a network: others have their turn meanwhile."""

    instant = False

    async def acquire(self, tn: int, *, reference: Any) -> None:
        await asyncio.sleep(0)
        await super().acquire(tn, reference=reference)


@pytest.mark.parametrize(
    ("offer", "instant"),
    [
        (Offer(Wish(FIRST, ()), provider="dev"), True),
        (Offer(Wish(FIRST, ()), provider="slow"), False),
        (Offer(Wish(FIRST, ()), provider="slow", refusal="taken"), True),
        (Offer(Wish(FIRST, ()), provider="gone"), True),
    ],
)
def test_only_a_number_that_may_be_bought_from_a_slow_carrier_makes_an_order_wait(
    offer: Offer, *, instant: bool
) -> None:
    providers = {"dev": SimulatedProvider(), "slow": SlowCarrier()}
    dev = Offer(Wish(FIRST + 1, ()), provider="dev")
    assert is_instant([dev, offer], providers) == instant


async def test_slow_and_instant_orders_race_for_the_same_dollars(database_url: str) -> None:
    providers = {"dev": SimulatedProvider(), "slow": SlowCarrier()}
    async with build_world(database_url, number_providers=providers) as world:
        tns = await stocked(world, 40)
        slow = await sold_by(world, "slow", 40)
        orders = [tns[:20], slow[:20], tns[20:], slow[20:]]
        answers = await asyncio.gather(
            *(world.alice.client.post("/rest/order", json=order(*some)) for some in orders)
        )
        assert sorted(answer.status_code for answer in answers) == [201, 201, 402, 402]
        states = [a.json()["payload"]["state"] for a in answers if a.status_code == 201]
        assert states == ["success", "success"]
        assert await balance(world.alice) == pytest.approx(100 - 40 * PRICE)
        assert await counted(world, Hold) == [0]
