"""`opentact account`, `token`, `credit` and `db`: the operator's basics, straight to the database.

They work while the server runs and while it does not.
"""

import asyncio
import time
from decimal import Decimal, InvalidOperation
from typing import Annotated

import typer

from opentact.accounts.passwords import Passwords
from opentact.accounts.users import Role
from opentact.adapters.storage import migrations
from opentact.adapters.storage.database import Database
from opentact.api.wire import accounts as _wire  # noqa: F401 - spells the balance event
from opentact.api.wire.events import render
from opentact.events.log import EventLog
from opentact.kit.clock import SystemClock

from .cli_database import database_of
from .cli_output import Data, Json, print_json
from .operating import WrongValue, create_account, give_credit, give_token, new_secret
from .settings import load

account_app = typer.Typer(no_args_is_help=True)
token_app = typer.Typer(no_args_is_help=True)
credit_app, db_app = typer.Typer(), typer.Typer(no_args_is_help=True)
Email = Annotated[str, typer.Option(help="The e-mail address of the user.")]


@account_app.callback()
def _account() -> None:
    """Open accounts: who owns numbers, calls and money."""


@account_app.command("create")
def account_create(
    email: Email,
    password: Annotated[str, typer.Option(prompt=True, hide_input=True, confirmation_prompt=True)],
    name: Annotated[str, typer.Option(help="The account's name; the address if left out.")] = "",
    data: Data = None,
    *,
    admin: Annotated[bool, typer.Option("--admin", help="Make the user an admin.")] = False,
    as_json: Json = False,
) -> None:
    """Open an account with one user."""

    async def run() -> None:
        passwords = Passwords(time.monotonic)
        try:
            async with database_of(data) as database:
                opened = await create_account(
                    database,
                    passwords,
                    SystemClock(),
                    email=email,
                    password=password,
                    name=name or email,
                    role=Role.ADMIN if admin else Role.USER,
                )
        finally:
            passwords.close()
        if as_json:
            print_json({"account": opened.account, "user": opened.user, "email": email})
        else:
            typer.echo(f"Account {opened.account} is open; {email} may log in.")

    asyncio.run(run())


@token_app.callback()
def _token() -> None:
    """Make API tokens."""


@token_app.command("create")
def token_create(
    email: Email,
    name: Annotated[str, typer.Option(help="What the token is for.")] = "command line",
    ttl: Annotated[int | None, typer.Option(min=60, help="Seconds until it ends.")] = None,
    data: Data = None,
    *,
    as_json: Json = False,
) -> None:
    """Give a user an API token. It is shown once."""

    async def run() -> None:
        secret = new_secret()
        async with database_of(data) as database:
            uuid = await give_token(
                database, SystemClock(), email=email, secret=secret, name=name, ttl=ttl
            )
        if as_json:
            print_json({"uuid": uuid, "token": secret, "email": email, "ttl": ttl})
        else:
            typer.echo(secret)

    asyncio.run(run())


@credit_app.command()
def credit(
    email: Email,
    amount: Annotated[str, typer.Argument(help="Dollars; put -- before a negative amount.")],
    note: Annotated[str, typer.Option(help="What the ledger says of it.")] = "Credit",
    data: Data = None,
    *,
    as_json: Json = False,
) -> None:
    """Give an account credit."""
    try:
        dollars = Decimal(amount)
    except InvalidOperation:
        raise WrongValue(f"{amount!r} is no amount: give dollars like 25 or 0.5") from None

    async def run() -> None:
        events = EventLog(render, lambda _: None)
        async with database_of(data) as database:
            balance = await give_credit(
                database, events, SystemClock(), email=email, amount=dollars, note=note
            )
        if as_json:
            print_json({"email": email, "amount": dollars, "balance": balance})
        else:
            typer.echo(f"{email} has {balance.normalize():f} dollars now.")

    asyncio.run(run())


@db_app.callback()
def _db() -> None:
    """Look after the database."""


@db_app.command("upgrade")
def db_upgrade(data: Data = None, *, as_json: Json = False) -> None:
    """Bring the database's schema up to date. `opentact serve` does so by itself."""

    async def run() -> None:
        database = Database(load({"data": data}).url)
        try:
            before = await database.revision()
            await database.upgrade()
        finally:
            await database.close()
        if as_json:
            print_json({"from": before, "to": migrations.HEAD})
        elif before == migrations.HEAD:
            typer.echo(f"Nothing to do: the schema is at {before}.")
        else:
            typer.echo(f"The schema went from {before or 'nothing'} to {migrations.HEAD}.")

    asyncio.run(run())
