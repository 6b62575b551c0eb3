"""How orders are shown: the union of what 2020, 2021 and 2024 print (spec/11 B16)."""

from sqlalchemy import event

from opentact.api.wire.numbers import OrderDetailOut
from support.belongings import for_sale
from support.numbers import FIRST, buy
from support.world import World


async def test_an_order_shows_every_member_of_every_dialect(world: World) -> None:
    await for_sale(world)
    order = await buy(world.alice, FIRST, FIRST + 1)
    assert set(order) == set(OrderDetailOut.__annotations__)
    assert order["tnleases"] == order["tn_leases"]
    assert [tn["tn"] for tn in order["tns"]] == [FIRST, FIRST + 1]
    assert (order["total"], order["success"], order["failed"]) == (2, 2, 0)
    assert order["created_by"]["email"] == world.alice.email


async def test_a_number_that_failed_stands_among_the_errors_with_its_reason(world: World) -> None:
    await for_sale(world)
    await buy(world.bob, FIRST)
    order = await buy(world.alice, FIRST, FIRST + 1)
    assert [item["tn"] for item in order["items"]] == [FIRST + 1]
    [error] = order["errors"]
    assert error["item"]["tn"] == FIRST
    assert error["reason"]


async def test_a_page_of_orders_asks_the_database_as_often_as_one_order(world: World) -> None:
    asked: list[str] = []
    engine = world.database._reader.sync_engine
    event.listen(engine, "before_cursor_execute", lambda *it: asked.append(it[2]))

    async def questions() -> int:
        asked.clear()
        assert (await world.alice.client.get("/rest/order")).status_code == 200
        return len(asked)

    await for_sale(world)
    await buy(world.alice, FIRST)
    await questions()  # the first looks up the token
    alone = await questions()
    for tn in range(FIRST + 1, FIRST + 6):
        await buy(world.alice, tn)
    assert await questions() == alone > 0
