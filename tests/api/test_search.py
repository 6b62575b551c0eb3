"""Every feature of the one search there is, on a resource made up for it."""

import json
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from fastapi.exceptions import RequestValidationError
from sqlalchemy import func, select
from starlette.requests import Request

from opentact.api.fields import Count
from opentact.api.search import (
    Asked,
    SearchSpec,
    at_least,
    at_most,
    count,
    documented,
    equal,
    mask,
    one_of,
    read_search,
)
from opentact.kit.faults import BadRequest
from opentact.messaging.profiles import MessagingProfile as Thing
from support.world import NOON, World

SPEC = SearchSpec(
    "ThingSearch",
    {
        "name": mask(Thing.name),
        "url": mask(Thing.callback_url),
        "weight": equal(Thing.long_code_weight, Count),
        "weight_min": at_least(Thing.long_code_weight, Count),
        "weight_max": at_most(Thing.long_code_weight, Count),
        "size": one_of(Thing.long_code_weight, {"small": (1, 2), "large": (3,)}),
        "upper": equal(Thing.name, str, read=str.lower),
    },
    {"name": Thing.name, "weight": Thing.long_code_weight, "created_on": Thing.created_on},
    Thing.uuid,
)
# name, weight, URL; each an hour younger than the one before.
THINGS = [
    ("alpha", 1, None),
    ("beta", 2, "https://a.example/x_y"),
    ("gamma", 3, "https://b.example/xzy"),
    ("a%b", 3, None),
    ("a_b", 2, None),
    ("a\\b", 2, None),
]


@pytest.fixture
async def things(world: World) -> World:
    async with world.database.write() as session:
        for hours, (name, weight, url) in enumerate(THINGS):
            at = NOON + timedelta(hours=hours)
            session.add(
                Thing(
                    account_uuid=world.alice.account,
                    name=name,
                    long_code_weight=weight,
                    callback_url=url,
                    created_on=at,
                    modified_on=at,
                )
            )
    return world


def request(body: bytes, kind: str = "application/json", **query: Any) -> Request:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/",
        "query_string": urlencode(query).encode(),
        "headers": [(b"content-type", kind.encode())],
    }
    return Request(scope, receive)


async def ask(body: Any = None, **query: Any) -> Asked:
    sent = request(json.dumps(body or {}).encode(), "application/json", **query)
    return await read_search(sent, SPEC)


async def page(world: World, asked: Asked) -> tuple[int, list[str]]:
    """Give the total and the names on the page."""
    mine = select(Thing).where(
        Thing.account_uuid == world.alice.account, Thing.is_default.is_(False)
    )
    async with world.database.read() as session:
        total = await count(session, asked.narrow(mine))
        found = await session.scalars(asked.page(asked.narrow(mine)))
        return total, [thing.name for thing in found]


async def names(world: World, **body: Any) -> list[str]:
    """Search in the order of age, oldest first."""
    _, found = await page(world, await ask({"order": {"created_on": "ASC"}, **body}))
    return found


async def test_filters_hold_all_together_or_any_of_them(things: World) -> None:
    both = {"weight": 2, "name": "beta"}
    assert await names(things, **both) == ["beta"]
    assert await names(things, **both, mode="AND") == ["beta"]
    assert await names(things, **both, mode="OR") == ["beta", "a_b", "a\\b"]
    assert await names(things, mode="OR") == [name for name, _, _ in THINGS]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("alpha", ["alpha"]),
        ("ALPHA", []),
        ("al*", ["alpha"]),
        ("AL*", ["alpha"]),
        ("*a", ["alpha", "beta", "gamma"]),
        ("*ph*", ["alpha"]),
        ("%eta", ["beta"]),
        ("%%eta", []),
        ("a%b", ["a%b", "a_b", "a\\b"]),
        ("a_b", ["a_b"]),
        ("a_*", ["a_b"]),
        ("*\\*", ["a\\b"]),
        ("a*b", ["a%b", "a_b", "a\\b"]),
        ("*", [name for name, _, _ in THINGS]),
        ("", []),
        ("' OR 1=1 --", []),
    ],
)
async def test_a_mask_stands_for_any_run_or_one_position_and_nothing_else(
    things: World, text: str, found: list[str]
) -> None:
    assert await names(things, name=text) == found


async def test_ranges_take_in_their_ends(things: World) -> None:
    assert await names(things, weight_min=2, weight_max=2) == ["beta", "a_b", "a\\b"]
    hour = NOON + timedelta(hours=1)
    stamp = hour.isoformat().replace("+00:00", "Z")
    assert await names(things, created_on_from=stamp, created_on_to=stamp) == ["beta"]
    later = hour.replace(tzinfo=None).isoformat()  # without a zone it is UTC
    assert await names(things, created_on_to=later) == ["alpha", "beta"]
    kolkata = "2024-01-16T18:30:00+05:30"
    assert await names(things, created_on_to=kolkata) == ["alpha", "beta"]


async def test_a_word_may_stand_for_several_values(things: World) -> None:
    assert await names(things, size="large") == ["gamma", "a%b"]
    assert await names(things, upper="BETA") == ["beta"]


async def test_what_is_skipped_is_left_out_and_what_is_empty_is_not(things: World) -> None:
    assert await names(things, url_skip=["https://a.example/x_y"]) == [
        name for name, _, _ in THINGS if name != "beta"
    ]
    assert await names(things, url_skip=["*x_y", "*xzy"], weight_skip=[2]) == ["alpha", "a%b"]
    assert await names(things, name_skip=[]) == [name for name, _, _ in THINGS]


async def test_a_thousand_are_skipped_at_once(things: World) -> None:
    others = [f"other {n}" for n in range(999)]
    assert await names(things, name_skip=["beta", *others]) == [
        name for name, _, _ in THINGS if name != "beta"
    ]


async def test_the_order_is_that_of_its_keys(things: World) -> None:
    ordered = await ask({"order": {"weight": "DESC", "name": "ASC"}})
    _, found = await page(things, ordered)
    assert found[0] in {"a%b", "gamma"}
    assert {*found[:2]} == {"a%b", "gamma"}
    assert {*found[2:5]} == {"beta", "a_b", "a\\b"}
    assert found[5] == "alpha"
    _, newest = await page(things, await ask())
    assert newest == [name for name, _, _ in reversed(THINGS)]


async def test_pages_never_overlap_though_their_order_has_ties(things: World) -> None:
    seen: list[str] = []
    for skip in range(0, len(THINGS), 2):
        asked = await ask({"order": {"weight": "ASC"}, "take": 2, "skip": skip})
        total, found = await page(things, asked)
        assert total == len(THINGS)
        seen += found
    assert sorted(seen) == sorted(name for name, _, _ in THINGS)


async def test_the_answer_repeats_what_was_asked(things: World) -> None:
    asked = await ask({"mode": "OR", "order": {"name": "ASC"}, "take": 3})
    assert asked.answer(6, ["x"]) == {
        "take": 3,
        "skip": 0,
        "mode": "OR",
        "order": {"name": "ASC"},
        "total": 6,
        "data": ["x"],
    }
    usual = (await ask()).answer(0, list[str]())
    assert (usual["take"], usual["skip"], usual["order"]) == (10, 0, {"created_on": "DESC"})


async def test_take_and_skip_in_the_query_win_over_the_body() -> None:
    asked = await ask({"take": 50, "skip": 7}, take=3)
    assert (asked.take, asked.skip) == (3, 7)


async def test_filters_in_the_query_are_not_read() -> None:
    assert SPEC.conditions((await ask(name="alpha")).body) is None


async def test_forms_are_read_as_json_is() -> None:
    plain = request(b"name=al*&take=5", "application/x-www-form-urlencoded")
    boundary = (
        b'--x\r\nContent-Disposition: form-data; name="name"\r\n\r\nal*\r\n'
        b'--x\r\nContent-Disposition: form-data; name="take"\r\n\r\n5\r\n--x--\r\n'
    )
    parts = request(boundary, "multipart/form-data; boundary=x")
    for sent in (plain, parts):
        asked = await read_search(sent, SPEC)
        assert (asked.take, asked.body.model_dump()["name"]) == (5, "al*")


async def test_no_body_asks_for_everything() -> None:
    assert SPEC.conditions((await read_search(request(b"  \n"), SPEC)).body) is None


@pytest.mark.parametrize("body", [b"[]", b'"x"', b"7", b"null", b"{", b"\xff", b"[" * 100_000])
async def test_a_body_that_is_no_object_is_refused(body: bytes) -> None:
    with pytest.raises(BadRequest):
        await read_search(request(body), SPEC)


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({"order": {"uuid": "ASC"}}, "order"),
        ({"order": {"name": "UP"}}, "order"),
        ({"order": ["name"]}, "order"),
        ({"mode": "XOR"}, "mode"),
        ({"weight": -1}, "weight"),
        ({"weight": 2**31}, "weight"),
        ({"weight": True}, "weight"),
        ({"weight_skip": 2}, "weight_skip"),
        ({"weight_skip": [2] * 1001}, "weight_skip"),
        ({"size": "medium"}, "size"),
        ({"name": "x" * 256}, "name"),
        ({"name": "nul \0"}, "name"),
        ({"name_skip": ["half \ud800"]}, "name_skip"),
        ({"created_on_from": "noon"}, "created_on_from"),
        ({"created_on_to": "9999-12-31T23:59:59-01:00"}, "created_on_to"),
        ({"take": 0}, "take"),
        ({"take": 101}, "take"),
        ({"skip": -1}, "skip"),
    ],
)
async def test_what_cannot_be_searched_for_is_refused_by_name(body: Any, wrong: str) -> None:
    with pytest.raises(RequestValidationError) as refused:
        await ask(body)
    assert {error["loc"][:2] for error in refused.value.errors()} == {("body", wrong)}


def test_the_description_names_every_filter_and_the_order() -> None:
    described = documented(SPEC)
    body = described["requestBody"]["content"]["application/json"]["schema"]
    for name in SPEC.filters:
        assert {name, f"{name}_skip"} <= set(body["properties"])
    assert set(body["properties"]["order"]["propertyNames"]["enum"]) == {*SPEC.order}
    assert [each["name"] for each in described["parameters"]] == ["take", "skip"]
    assert "$ref" not in json.dumps(described)


async def test_a_total_counts_what_matches_however_many_are_shown(things: World) -> None:
    total, found = await page(things, await ask({"weight": 2, "take": 1}))
    assert (total, len(found)) == (3, 1)
    async with things.database.read() as session:
        assert await session.scalar(select(func.count()).select_from(Thing)) == len(THINGS)
