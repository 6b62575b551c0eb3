"""The HTTP face, put together from its parts. Called by `serve` and by tests, the same way."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, get_args

from fastapi import APIRouter, FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from opentact import __version__

from . import (
    accounts,
    bans,
    batches,
    call_control,
    call_prices,
    calls,
    carriers,
    dictionaries,
    envelope,
    events,
    health,
    inspect,
    leases,
    messaging_profiles,
    numbers,
    orders,
    outbound_voice_profiles,
    pages,
    placed_calls,
    rate_decks,
    recordings,
    sip_app_flows,
    sip_apps,
    sip_connections,
    sip_domains,
    sip_groups,
    sip_invites,
    sip_products,
    sip_registrations,
    sip_switches,
    sip_tnleases,
    sip_user_app,
    sip_users,
    subscriptions,
    timeline_page,
    timelines,
    tn_profiles,
    tokens,
    transactions,
    users,
    verified_numbers,
    websocket,
)
from .metrics import Measure
from .middleware import BodyLimit, RequestId
from .services import Admin, Caller, Services
from .sip_user_auth import SipCaller
from .turns import Turns

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]

ROUTERS: list[APIRouter] = [
    orders.router,  # first, because the busiest: routes are tried in this order
    pages.router,
    health.router,
    websocket.router,
    subscriptions.router,
    events.router,
    tokens.router,
    users.router,
    accounts.router,
    messaging_profiles.router,
    outbound_voice_profiles.router,
    sip_registrations.router,
    sip_products.router,
    sip_connections.router,
    sip_domains.router,
    sip_users.router,
    sip_switches.router,
    sip_invites.router,
    sip_user_app.router,
    sip_groups.router,
    sip_app_flows.router,
    sip_apps.router,
    sip_tnleases.router,
    call_prices.router,
    rate_decks.router,
    placed_calls.router,
    batches.router,
    verified_numbers.router,
    timeline_page.router,
    timelines.router,
    calls.router,
    call_control.router,
    recordings.router,
    numbers.router,
    leases.router,
    tn_profiles.router,
    transactions.router,
    dictionaries.router,
    inspect.router,
    carriers.router,
    bans.router,
]

# What a route depends on that does not answer strangers.
_USUAL = ("token", "bearer", "password")
_LOGINS = {
    get_args(each)[1].dependency: ways
    for each, ways in ((Caller, _USUAL), (Admin, _USUAL), (SipCaller, ("ha1b", "password")))
}


def create_app(services: Services, *, lifespan: Lifespan | None = None) -> FastAPI:
    """Build the app from its services."""
    app = FastAPI(
        title="opentact",
        version=__version__,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
    )
    app.state.services = services
    envelope.install(app)
    for router in ROUTERS:
        # Not `include_router`: it makes every route once more, at the first request to come.
        app.router.routes.extend(router.routes)
    app.add_middleware(BodyLimit)
    app.add_middleware(RequestId)
    services.metrics.watch_sockets(lambda: services.presence.sockets)
    services.metrics.watch_calls(
        lambda: len(services.switchboard.live), lambda: services.switchboard.waiting
    )
    services.metrics.watch_events(services.events.written)
    guard = services.guard
    services.metrics.watch_guard(lambda: guard.bans, guard.refused, guard.noticed)
    app.add_middleware(Measure, metrics=services.metrics)
    app.add_middleware(Turns, calls=lambda: bool(services.switchboard.live))
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]
    return app


def _openapi(app: FastAPI) -> dict[str, Any]:
    """Describe the routes as they really answer: a wrong field is 400 here, never 422."""
    if app.openapi_schema:
        return app.openapi_schema
    schema = get_openapi(title=app.title, version=app.version, routes=app.routes)
    for path in schema["paths"].values():
        for operation in path.values():
            _title(operation)
            answer = operation["responses"].get("422", {})
            if "HTTPValidationError" in str(answer):
                del operation["responses"]["422"]
    _name_who_asks(schema)
    for leftover in ("HTTPValidationError", "ValidationError"):
        schema.get("components", {}).get("schemas", {}).pop(leftover, None)
    app.openapi_schema = schema
    return schema


def _title(operation: dict[str, Any]) -> None:
    """Call a route by the first sentence of what it says of itself, not by its function's name."""
    words = operation.get("description", operation["summary"])
    operation["summary"] = words.partition(". ")[0].rstrip(".")


def _name_who_asks(schema: dict[str, Any]) -> None:
    """Say which routes need a login, and the ways to give one; `/docs` asks for it by this."""
    schema.setdefault("components", {})["securitySchemes"] = {
        "token": {"type": "apiKey", "in": "header", "name": "X-Auth-Token"},
        "bearer": {"type": "http", "scheme": "bearer"},
        "password": {"type": "http", "scheme": "basic"},
        "ha1b": {"type": "apiKey", "in": "header", "name": "X-Auth-HA1B-Token"},
    }
    for route in (route for router in ROUTERS for route in router.routes):
        ways = _ways_in(route.dependant) if isinstance(route, APIRoute) else ()
        if not ways or not isinstance(route, APIRoute):
            continue
        for method in route.methods or ():
            operation = schema["paths"].get(route.path_format, {}).get(method.lower(), {})
            operation["security"] = [{way: []} for way in ways]


def _ways_in(dependant: Dependant) -> tuple[str, ...]:
    """Name the ways to log in for a route; none if it answers strangers."""
    inner = (_ways_in(each) for each in dependant.dependencies)
    return _LOGINS.get(dependant.call, ()) or next(filter(None, inner), ())
