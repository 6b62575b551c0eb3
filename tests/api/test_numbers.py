from decimal import Decimal
from typing import Any

import pytest

from opentact.numbers.inventory import seed_dev
from opentact.numbers.profiles import TnSpecialPrice, seed_profiles
from support.numbers import FIRST, buy, stocked
from support.world import World


@pytest.fixture
async def seeded(world: World) -> World:
    async with world.database.write() as session:
        await seed_profiles(session, now=world.clock.now())
        await seed_dev(session, now=world.clock.now())
    return world


async def found(world: World, body: dict[str, Any], query: str = "") -> dict[str, Any]:
    answer = await world.alice.client.post(f"/rest/tn/search{query}", json=body)
    assert answer.status_code == 200, answer.text
    payload: dict[str, Any] = answer.json()["payload"]
    return payload


async def test_a_number_is_shown_with_its_place_features_and_price(world: World) -> None:
    await stocked(world, 1)
    assert (await found(world, {"type": "long_code"}))["data"] == [
        {
            "tn": FIRST,
            "created_on": "2024-01-16T12:00:00.000Z",
            "modified_on": "2024-01-16T12:00:00.000Z",
            "deleted_on": None,
            "type": "long_code",
            "country": "US",
            "state": "DC",
            "city": "Washington",
            "rate_center": "WSHNGTNZN1",
            "npa": "202",
            "nxx": "555",
            "features": ["voice", "sms"],
            "nrc": 0.5,
            "mrc": 1.0,
            "registered": False,
            "profile": "US",
        }
    ]


SEARCHES: list[tuple[dict[str, Any], int, int | None]] = [
    ({"type": "long_code", "state": "DC"}, 200, 12025550100),
    ({"type": "long_code", "city": "jersey city"}, 200, 12015550100),
    ({"type": "long_code", "rate_center": "wshngtnzn1"}, 200, 12025550100),
    ({"type": "long_code", "npa": "212", "nxx": "555", "line": "01x7"}, 10, 12125550107),
    ({"type": "long_code", "line": "0142", "state": "WY"}, 1, 13075550142),
    ({"type": "toll_free", "pattern": "xxx0199"}, 7, 18005550199),
    ({"type": "toll_free", "npa": "888"}, 100, 18885550100),
    ({"type": "long_code", "country": "CA", "npa": "416"}, 100, 14165550100),
    ({"pattern": "2125550123"}, 1, 12125550123),
    ({"pattern": "12555*77"}, 8, 12125550177),
    ({"province": "ON", "rateCenter": "TORONTO"}, 400, 14165550100),
    ({"pattern": "555019%", "city": "Washington"}, 20, 12025550190),
    ({"pattern": "HOME", "abcSearch": True}, 0, None),
    ({"pattern": "999999"}, 0, None),
    ({"type": "long_code", "features": ["voice", "sms"], "npa": "201"}, 100, 12015550100),
]


async def test_searches_in_both_dialects(seeded: World) -> None:
    for body, total, first in SEARCHES:
        page = await found(seeded, body)
        said = (page["total"], page["data"][0]["tn"] if page["data"] else None)
        assert (body, *said) == (body, total, first)


async def test_a_total_is_counted_to_a_thousand(seeded: World) -> None:
    page = await found(seeded, {"pattern": "*"}, "?page=3&size=20")
    assert (page["take"], page["skip"]) == (20, 40)
    assert (page["total"], page["total_capped"]) == (1000, True)
    assert page["data"][0]["tn"] == 12015550140
    far = await found(seeded, {}, "?skip=1500&take=1")
    assert len(far["data"]) == 1


async def test_a_number_that_was_bought_is_not_for_sale(world: World) -> None:
    await stocked(world, 2)
    await buy(world.alice, FIRST)
    assert [row["tn"] for row in (await found(world, {}))["data"]] == [FIRST + 1]


async def test_a_special_price_is_read_first_until_it_ends(world: World) -> None:
    await stocked(world, 1)
    now = world.clock.now()
    async with world.database.write() as session:
        session.add(
            TnSpecialPrice(
                account_uuid=world.alice.account,
                name="US",
                mrc=Decimal("0.10"),
                expired_on=now.replace(hour=13),
                created_on=now,
                modified_on=now,
            )
        )
    assert (await found(world, {}))["data"][0]["mrc"] == 0.10
    special = await world.alice.client.get("/rest/profile/tn/special_prices")
    assert [price["mrc"] for price in special.json()["payload"]] == [0.10]
    assert (await world.bob.client.get("/rest/profile/tn/special_prices")).status_code == 404
    world.clock.at = now.replace(hour=13)
    assert (await found(world, {}))["data"][0]["mrc"] == 1.00


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"pattern": "12a"}, "pattern"),
        ({"pattern": "1" * 33}, "pattern"),
        ({"type": "toll_free", "pattern": "12"}, "pattern"),
        ({"type": "long_code", "line": "123"}, "line"),
        ({"npa": "20"}, "npa"),
        ({"take": 101}, "take"),
        ({"type": "mobile"}, "type"),
        ({"postalCode": "20001"}, "postal_code"),
    ],
)
async def test_what_cannot_be_searched_is_named(
    world: World, body: dict[str, Any], field: str
) -> None:
    answer = await world.alice.client.post("/rest/tn/search", json=body)
    assert answer.status_code == 400
    assert field in " ".join(answer.json()["fields"])


async def test_an_unknown_profile_is_not_found(seeded: World) -> None:
    answer = await seeded.alice.client.post("/rest/tn/search", json={"profile": "MARS"})
    assert (answer.status_code, answer.json()["message"]) == (404, "Profile not found")


async def test_countries_with_numbers(seeded: World) -> None:
    answer = await seeded.alice.client.get("/rest/tn/search/countries")
    assert [row["a2"] for row in answer.json()["payload"]] == ["CA", "US"]
