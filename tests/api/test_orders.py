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
