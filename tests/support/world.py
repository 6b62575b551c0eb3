"""A whole platform without sockets: the app, its database and two tenants, for API tests."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from fastapi import FastAPI

from opentact.accounts.jwt import JwtIssuer
from opentact.accounts.passwords import Passwords
from opentact.accounts.tokens import create_token
from opentact.accounts.users import Role, User, add_user, open_account
from opentact.adapters.bus.in_process import InProcessBus
from opentact.adapters.storage.database import Database
from opentact.api.app import create_app
from opentact.api.auth import Authenticator
from opentact.api.services import Services
from opentact.api.wire.events import render
from opentact.billing.ledger import Line, RefType, post
from opentact.events.log import EventLog, Logged
from opentact.events.presence import Presence
from opentact.voice.live_calls import NoCalls
from opentact.voice.products import seed_products
from opentact.voice.recordings import RecordingLinks
from opentact.voice.timeline.links import CallLinks

from .contract import CONTRACT
from .quoting import quotes_of

NOON = datetime(2024, 1, 16, 12, tzinfo=UTC)
PASSWORD = "correct horse battery"


class Hands:
    """A clock that moves only when a test moves it."""

    def __init__(self, at: datetime = NOON) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at


@dataclass
class Tenant:
    """An account with one user, and a client that is logged in as that user."""

    account: UUID
    user: UUID
    email: str
    token: str
    client: httpx.AsyncClient


@dataclass
class World:
    """The platform under test. `published` is what the bus was told, in order."""

    app: FastAPI
    services: Services
    database: Database
    clock: Hands
    anonymous: httpx.AsyncClient
    alice: Tenant
    bob: Tenant
    admin: Tenant
    published: list[Logged]


def wired(database: Database, published: list[Logged]) -> dict[str, Any]:
    """Make the services of a world; what the bus is told is added to `published`."""
    clock, bus, presence = Hands(), InProcessBus(), Presence()
    passwords = Passwords(time.monotonic, fast=True)
    jwt = JwtIssuer(b"0123456789abcdef0123456789abcdef")
    secrets = (f"{n:048d}" for n in range(10_000))

    def publish(events: list[Logged]) -> None:
        published.extend(events)
        bus.publish(events)

    return {
        "database": database,
        "clock": clock,
        "auth": Authenticator(database, passwords=passwords, jwt=jwt, clock=clock),
        "events": EventLog(render, publish),
        "bus": bus,
        "presence": presence,
        "passwords": passwords,
        "jwt": jwt,
        "online": presence.is_online,
        "new_secret": lambda: next(secrets),
        "switchboard": NoCalls(),
        "quotes": quotes_of(database, clock),
        "recording_links": RecordingLinks(b"0123456789abcdef", "http://test"),
        "recordings": Path("/nonexistent"),
        "call_links": CallLinks(b"0123456789abcdef", "http://test", timedelta(days=30)),
    }


def client_of(app: FastAPI, token: str | None = None) -> httpx.AsyncClient:
    """Make a client that holds every answer against the published description."""

    async def keeps_to_contract(answer: httpx.Response) -> None:
        await CONTRACT.check(app, answer)

    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app, raise_app_exceptions=False),
        base_url="http://test",
        headers={"X-Auth-Token": token} if token else {},
        event_hooks={"response": [keeps_to_contract]},
    )


async def tenant(app: FastAPI, name: str, role: Role = Role.USER) -> Tenant:
    """Open an account with 100 dollars, a user and a token."""
    services: Services = app.state.services
    email, token, now = f"{name}@example.com", name.ljust(48, "x"), services.clock.now()
    async with services.database.write() as session:
        account = await open_account(session, name=name, email=email, now=now)
        await post(session, account.uuid, [Line(Decimal(100), RefType.PAYMENT)], now=now)
        user = await add_user(
            session,
            User(
                account_uuid=account.uuid,
                email=email,
                password_hash=await services.passwords.hash(PASSWORD),
                role=role,
                created_on=now,
                modified_on=now,
            ),
        )
        await create_token(session, account.uuid, user.uuid, token, name="test", ttl=None, now=now)
    return Tenant(account.uuid, user.uuid, email, token, client_of(app, token))


@asynccontextmanager
async def build_world(url: str, **services: Any) -> AsyncIterator[World]:
    """Build it on the database at `url`, which has its tables; `services` replace members."""
    database, published = Database(url), list[Logged]()
    await database.upgrade()
    made = {**wired(database, published), **services}
    async with database.write() as session:
        await seed_products(session, made["clock"].now())
    app = create_app(Services(**made))
    world = World(
        app,
        app.state.services,
        database,
        made["clock"],
        client_of(app),
        await tenant(app, "alice"),
        await tenant(app, "bob"),
        await tenant(app, "root", Role.ADMIN),
        published,
    )
    try:
        yield world
    finally:
        for one in (world.anonymous, world.alice.client, world.bob.client, world.admin.client):
            await one.aclose()
        world.services.passwords.close()
        await database.close()
