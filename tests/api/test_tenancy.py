"""Tenancy, held route by route: a route without a case in `support.tenancy_cases` fails here."""

import re
from pathlib import Path

from fastapi import APIRouter, Response

from support.placing import able_to_call
from support.public_routes import PUBLIC
from support.tenancy import Attack, hidden, mine_only, routes
from support.tenancy_cases import CASES
from support.world import World


def missing(app_routes: list[str]) -> list[str]:
    return [route for route in app_routes if route not in CASES and route not in PUBLIC]


async def test_every_route_has_a_case_or_a_reason_to_need_none(world: World) -> None:
    there = list(routes(world.app))
    assert missing(there) == []
    assert missing([*there, "GET /rest/new/{uuid}"]) == ["GET /rest/new/{uuid}"]


async def test_no_case_is_left_of_a_route_that_is_gone(world: World) -> None:
    there = set(routes(world.app))
    assert sorted((CASES.keys() | PUBLIC.keys()) - there) == []


async def test_what_is_alices_is_not_there_for_bob(world: World, tmp_path: Path) -> None:
    async with able_to_call(world, tmp_path):
        attack = Attack(world)
        await attack.prepare()
        assert await attack.run(CASES) == []


async def test_without_a_login_every_private_route_answers_401(world: World) -> None:
    nothing = "00000000-0000-7000-8000-000000000000"
    for route in CASES:
        method, path = route.split(" ")
        path = re.sub(r"\{\w+\}", nothing, path)
        answer = await world.anonymous.request(method, path)
        assert answer.status_code == 401, route


async def test_the_attack_notices_routes_that_leak(world: World) -> None:
    leaky = APIRouter()

    @leaky.get("/rest/leak/{uuid}")
    async def by_any_id(uuid: str) -> Response:
        return Response(f"found {uuid}")

    @leaky.get("/rest/leak")
    async def everything() -> Response:
        return Response(f"all of it: {world.alice.email}")

    world.app.include_router(leaky)
    attack = Attack(world)
    await attack.prepare()
    complaints = await attack.run(
        {"GET /rest/leak/{uuid}": hidden(uuid="app"), "GET /rest/leak": mine_only()}
    )
    assert [complaint.split(":")[0] for complaint in complaints] == [
        "wanted NOT_FOUND",
        "names the victim's ['email']",
    ]
