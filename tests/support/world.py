"""A whole platform without sockets: the app, its database and two tenants, for API tests."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
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
from opentact.voice.products import seed_products
from opentact.voice.recordings import RecordingLinks
from opentact.voice.switchboard import NoCalls

from .contract import CONTRACT

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


@asynccontextmanager
async def build_world(url: str, **services: Any) -> AsyncIterator[World]:
    """Build it on the database at `url`, which has its tables; `services` replace members."""
    database, clock, published = Database(url), Hands(), list[Logged]()
    await database.upgrade()
    async with database.write() as session:
        await seed_products(session, clock.now())
    passwords = Passwords(time.monotonic, fast=True)
    jwt = JwtIssuer(b"0123456789abcdef0123456789abcdef")
    auth = Authenticator(database, passwords=passwords, jwt=jwt, clock=clock)
    bus, presence = InProcessBus(), Presence()

    def publish(events: list[Logged]) -> None:
        published.extend(events)
        bus.publish(events)

    secrets = (f"{n:048d}" for n in range(10_000))
    wired: dict[str, Any] = {
        "database": database,
        "clock": clock,
        "auth": auth,
        "events": EventLog(render, publish),
        "bus": bus,
        "presence": presence,
        "passwords": passwords,
        "jwt": jwt,
        "online": presence.is_online,
        "new_secret": lambda: next(secrets),
        "switchboard": NoCalls(),
        "recording_links": RecordingLinks(b"0123456789abcdef", "http://test"),
        "recordings": Path("/nonexistent"),
        **services,
    }
    app = create_app(Services(**wired))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)

    async def keeps_to_contract(answer: httpx.Response) -> None:
        await CONTRACT.check(app, answer)

    def client(token: str | None = None) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            transport=transport,
            base_url="http://test",
            headers={"X-Auth-Token": token} if token else {},
            event_hooks={"response": [keeps_to_contract]},
        )

    async def tenant(name: str, role: Role = Role.USER) -> Tenant:
        email, token = f"{name}@example.com", name.ljust(48, "x")
        async with database.write() as session:
            account = await open_account(session, name=name, email=email, now=clock.now())
            await post(
                session, account.uuid, [Line(Decimal(100), RefType.PAYMENT)], now=clock.now()
            )
            user = await add_user(
                session,
                User(
                    account_uuid=account.uuid,
                    email=email,
                    password_hash=await passwords.hash(PASSWORD),
                    role=role,
                    created_on=clock.now(),
                    modified_on=clock.now(),
                ),
            )
            await create_token(
                session, account.uuid, user.uuid, token, name="test", ttl=None, now=clock.now()
            )
        return Tenant(account.uuid, user.uuid, email, token, client(token))

    world = World(
        app,
        app.state.services,
        database,
        clock,
        client(),
        await tenant("alice"),
        await tenant("bob"),
        await tenant("root", Role.ADMIN),
        published,
    )
    try:
        yield world
    finally:
        for one in (world.anonymous, world.alice.client, world.bob.client, world.admin.client):
            await one.aclose()
        passwords.close()
        await database.close()
