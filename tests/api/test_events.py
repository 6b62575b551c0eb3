from datetime import timedelta
from typing import Any

import pytest

from opentact.events.retention import forget_old_events
from opentact.kit.ids import new_id
from support.happenings import change_balance
from support.world import Tenant, World


async def page(tenant: Tenant, **query: object) -> dict[str, Any]:
    answer = await tenant.client.get("/rest/event", params={k: str(v) for k, v in query.items()})
    assert answer.status_code == 200, answer.text
    payload: dict[str, Any] = answer.json()["payload"]
    return payload


def balances(page: dict[str, Any]) -> list[float]:
    return [frame["payload"] for frame in page["data"]]


async def test_events_are_paged_through_by_cursor_oldest_first(world: World) -> None:
    events = await change_balance(world, world.alice, 1, 2, 3)
    first = await page(world.alice, take=2)
    assert (balances(first), first["after"], first["gap"]) == ([1, 2], None, False)
    assert (first["take"], first["next"]) == (2, str(events[1]))
    second = await page(world.alice, after=first["next"], take=2)
    assert (balances(second), second["after"]) == ([3], first["next"])
    last = await page(world.alice, after=second["next"])
    assert (last["data"], last["next"]) == ([], second["next"])
    await change_balance(world, world.alice, 4)
    assert balances(await page(world.alice, after=last["next"])) == [4]


async def test_an_empty_log_has_no_cursor(world: World) -> None:
    assert await page(world.alice) == {
        "take": 100,
        "after": None,
        "next": None,
        "gap": False,
        "data": [],
    }


async def test_types_can_be_chosen(world: World) -> None:
    await change_balance(world, world.alice, 1)
    assert balances(await page(world.alice, type="balance")) == [1]
    assert balances(await page(world.alice, type="sms")) == []
    several = await world.alice.client.get("/rest/event?type=sms&type=balance")
    assert balances(several.json()["payload"]) == [1]


async def test_another_accounts_events_are_neither_shown_nor_cursors(world: World) -> None:
    [theirs] = await change_balance(world, world.bob, 5)
    [mine] = await change_balance(world, world.alice, 1)
    seen = await page(world.alice, after=theirs)
    assert (balances(seen), seen["gap"], seen["next"]) == ([1], True, str(mine))


async def test_who_asks_for_more_than_is_kept_is_told(world: World) -> None:
    old, newer = await change_balance(world, world.alice, 1, 2)
    world.clock.at += timedelta(days=31)
    await change_balance(world, world.alice, 3)
    async with world.database.write() as session:
        forgotten = await forget_old_events(session, world.clock.at - timedelta(days=30))
    assert forgotten == 2
    for cursor in (old, newer, new_id()):
        seen = await page(world.alice, after=cursor)
        assert (balances(seen), seen["gap"]) == ([3], True)
    assert (await page(world.alice))["gap"] is False


@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ({"after": "x", "take": "0"}, {"after", "take"}),
        ({"take": "1001"}, {"take"}),
        ({"take": "many", "type": "x"}, {"take", "type"}),
    ],
)
async def test_every_wrong_field_is_named(
    world: World, query: dict[str, str], wrong: set[str]
) -> None:
    answer = await world.alice.client.get("/rest/event", params=query)
    assert answer.status_code == 400
    named = {name.split(".")[1] for name in answer.json()["fields"]}
    assert named == wrong
