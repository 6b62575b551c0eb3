"""The first start: an empty database becomes a platform that works.

An admin, a demo account with balance and an API token, price lists, and the fictional numbers of
the simulated carrier. What a person needs to begin is written to `credentials.json` (mode 0600)
and shown once.
"""

import json
import os
import secrets
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from opentact.accounts.accounts import Account
from opentact.accounts.passwords import Passwords
from opentact.accounts.tokens import create_token
from opentact.accounts.users import (
    Role,
    User,
    UserExists,
    add_user,
    count_users,
    open_account,
)
from opentact.adapters.storage.database import Database
from opentact.adapters.storage.faults import DatabaseUnusable, said
from opentact.billing.ledger import Line, RefType, post
from opentact.billing.rate_sheets import seed_decks
from opentact.kit.clock import SystemClock
from opentact.kit.faults import Fault
from opentact.messaging.profiles import default_profile
from opentact.numbers.inventory import seed_dev
from opentact.numbers.profiles import seed_profiles
from opentact.voice.products import seed_products

from .data_folder import make_folders
from .ground import public_url
from .operating import new_secret
from .settings import Settings

FILE = "credentials.json"
DEMO_CREDIT = Decimal(100)
ADMIN_EMAIL = "admin@opentact.local"
DEMO_EMAIL = "demo@opentact.local"


@dataclass(frozen=True, slots=True)
class Ready:
    """A database to work with; `fresh` has the new credentials if it was empty before."""

    database: Database
    fresh: dict[str, Any] | None


async def open_database(settings: Settings, passwords: Passwords) -> Ready:
    """Open the database, migrated, and set it up if nobody is there yet."""
    make_folders(settings.data)
    database = Database(settings.url)
    try:
        await database.upgrade()
        fresh = await _set_up(database, settings, passwords)
    except (DatabaseUnusable, sa.exc.SQLAlchemyError, OSError) as error:
        await database.close()
        shown = sa.engine.make_url(settings.url).render_as_string()
        raise DatabaseUnusable(f"{said(error)} [{shown}]") from error
    except BaseException:
        await database.close()
        raise
    if fresh is None:
        note_addresses(settings)
    return Ready(database, fresh)


async def _set_up(
    database: Database, settings: Settings, passwords: Passwords
) -> dict[str, Any] | None:
    clock = SystemClock()
    async with database.read() as session:
        if await count_users(session):
            return None
    admin_password, demo_password = secrets.token_urlsafe(15), secrets.token_urlsafe(15)
    admin_hash = await passwords.hash(admin_password)
    demo_hash = await passwords.hash(demo_password)
    token = new_secret()
    try:
        demo = await _seed(database, clock, admin_hash, demo_hash, token)
    except (sa.exc.IntegrityError, UserExists):
        return None  # another node that started at the same time has just done it
    fresh = {
        **addresses(settings),
        "admin": {"email": ADMIN_EMAIL, "password": admin_password},
        "demo": {
            "email": DEMO_EMAIL,
            "password": demo_password,
            "token": token,
            "account": str(demo.uuid),
        },
    }
    write_private(settings.data / FILE, fresh)
    return fresh


async def _seed(
    database: Database, clock: SystemClock, admin_hash: str, demo_hash: str, token: str
) -> Account:
    async with database.write() as session:
        now = clock.now()
        await seed_profiles(session, now=now)
        await seed_products(session, now)
        await seed_decks(session, now)
        await seed_dev(session, now=now)
        operator = await open_account(session, name="Operator", email=ADMIN_EMAIL, now=now)
        await add_user(session, _user(operator, ADMIN_EMAIL, admin_hash, Role.ADMIN, now))
        demo = await open_account(session, name="Demo", email=DEMO_EMAIL, now=now)
        for account in (operator, demo):
            await default_profile(session, account.uuid, now)
        user = await add_user(session, _user(demo, DEMO_EMAIL, demo_hash, Role.USER, now))
        credit = Line(DEMO_CREDIT, RefType.PAYMENT, None, "Play money to begin with")
        await post(session, demo.uuid, [credit], now=now)
        await create_token(
            session, demo.uuid, user.uuid, token, name="first token", ttl=None, now=now
        )
    return demo


def addresses(settings: Settings) -> dict[str, str]:
    """Tell where the server listens, for whoever reads the credentials."""
    return {"http": public_url(settings), "sip": settings.sip}


class NoDemoAccount(Fault):
    """The demo needs its account's token from credentials.json: run it on a new data folder."""

    code = "no_demo_account"


def demo_token(settings: Settings, ready: Ready) -> str:
    """Find the demo account's API token, or `NoDemoAccount`."""
    if ready.fresh is not None:
        return str(ready.fresh["demo"]["token"])
    file = settings.data / FILE
    if not file.is_file():
        raise NoDemoAccount
    return str(json.loads(file.read_text())["demo"]["token"])


def note_addresses(settings: Settings) -> None:
    """Keep the addresses in the credentials true when they have changed."""
    file = settings.data / FILE
    if not file.is_file():
        return
    known = json.loads(file.read_text())
    if {name: known.get(name) for name in ("http", "sip")} != addresses(settings):
        write_private(file, {**known, **addresses(settings)})


def write_private(file: Path, content: dict[str, Any]) -> None:
    """Write JSON that only its owner may read, whole or not at all."""
    beside = file.with_suffix(".new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as out:
        json.dump(content, out, indent=2)
        out.write("\n")
    beside.replace(file)


def _user(account: Account, email: str, secret: str, role: Role, now: datetime) -> User:
    return User(
        account_uuid=account.uuid,
        email=email,
        password_hash=secret,
        role=role,
        created_on=now,
        modified_on=now,
    )
