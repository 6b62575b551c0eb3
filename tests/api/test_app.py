"""The app as it is put together."""

from dataclasses import replace
from typing import Any

from opentact.api.app import ROUTERS, create_app
from opentact.api.metrics import Metrics
from support.tenancy import routes
from support.world import World


async def test_every_router_is_there_once(world: World) -> None:
    assert len(set(map(id, ROUTERS))) == len(ROUTERS)
    there = list(routes(world.app))
    assert len(set(there)) == len(there)


async def test_no_answer_is_described_that_never_comes(world: World) -> None:
    schema = world.app.openapi()
    kept = [
        f"{method} {path}"
        for path, operations in schema["paths"].items()
        for method, operation in operations.items()
        if "HTTPValidationError" in str(operation["responses"])
    ]
    assert kept == []
    assert "HTTPValidationError" not in schema["components"]["schemas"]


async def test_what_runs_around_the_app_is_handed_in(world: World) -> None:
    seen: list[Any] = []

    class Around:
        def __init__(self, app: Any) -> None:
            seen.append(app)

        async def __aenter__(self) -> None:
            seen.append("starts")

        async def __aexit__(self, *_: object) -> None:
            seen.append("ends")

    services = replace(world.services, metrics=Metrics())
    app = create_app(services, lifespan=Around)
    async with app.router.lifespan_context(app):
        pass
    assert seen == [app, "starts", "ends"]
