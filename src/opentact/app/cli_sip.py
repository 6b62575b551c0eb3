"""`opentact sip`: SIP domains and their users, straight to the database.

A running server takes up what is changed within a second.
"""

import asyncio
from typing import Annotated, Any
from uuid import UUID

import typer
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from opentact.accounts.ownership import Owner, list_owned
from opentact.accounts.users import User, user_by_email
from opentact.kit.clock import SystemClock, stamp
from opentact.kit.faults import NotFound
from opentact.voice.changes import Changes
from opentact.voice.domains import SipDomain, create_domain, domain_by_name, full_name
from opentact.voice.sip_users import SipUser, create_user, sound_login, users_in

from .cli_database import database_of
from .cli_output import Data, Json, print_json, print_table
from .operating import WrongValue
from .settings import load

sip_app = typer.Typer(no_args_is_help=True)
domain_app, user_app = typer.Typer(no_args_is_help=True), typer.Typer(no_args_is_help=True)
sip_app.add_typer(domain_app, name="domain", help="SIP domains: where SIP users live.")
sip_app.add_typer(user_app, name="user", help="SIP users: who registers and calls.")

Email = Annotated[str, typer.Option(help="The e-mail address of a user of the account.")]
Domain = Annotated[str, typer.Option(help="The domain's short or full name.")]


@sip_app.callback()
def _sip() -> None:
    """SIP domains, and the users that register at them."""


@domain_app.command("add")
def domain_add(
    name: Annotated[str, typer.Argument(help="acme, or acme.sip.localhost.")],
    email: Email,
    data: Data = None,
    *,
    as_json: Json = False,
) -> None:
    """Make a SIP domain of an account's."""

    async def run() -> None:
        full = _full(name, data)
        async with database_of(data) as database, database.write() as session:
            owner = await _owner(session, email)
            made = await create_domain(session, owner, full, {}, SystemClock().now())
            await Changes().note(session, made.uuid)
        if as_json:
            print_json({"domain": full, "account": owner.account})
        else:
            typer.echo(f"{full} is there; give it users with `opentact sip user add`.")

    asyncio.run(run())


@domain_app.command("list")
def domain_list(email: Email, data: Data = None, *, as_json: Json = False) -> None:
    """List an account's SIP domains."""

    async def run() -> None:
        async with database_of(data) as database, database.read() as session:
            owner = await _owner(session, email)
            domains = await list_owned(session, SipDomain, owner.account)
            counts = await _users_counted(session, [domain.uuid for domain in domains])
        rows = [
            {
                "domain": domain.domain,
                "users": counts.get(domain.uuid, 0),
                "created_on": stamp(domain.created_on),
            }
            for domain in domains
        ]
        _show(rows, "no SIP domains", as_json=as_json)

    asyncio.run(run())


@user_app.command("add")
def user_add(
    login: Annotated[str, typer.Argument(help="What the phone logs in as.")],
    domain: Domain,
    password: Annotated[str, typer.Option(prompt=True, hide_input=True, confirmation_prompt=True)],
    data: Data = None,
    *,
    same_domain: Annotated[
        bool, typer.Option("--same-domain", help="Calls within the domain only.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Add a SIP user to a domain."""

    async def run() -> None:
        values = {
            "login": _login(login),
            "password": password,
            "same_domain_calls_only": same_domain,
        }
        now = SystemClock().now()
        async with database_of(data) as database, database.write() as session:
            found = await _domain(session, domain, data)
            made = {"account_uuid": found.account_uuid, "created_on": now, "modified_on": now}
            user = await create_user(session, found, values, made)
            await Changes().note(session, found.uuid)
        if as_json:
            print_json(_row(user))
        else:
            typer.echo(f"{login}@{found.domain} may register.")

    asyncio.run(run())


@user_app.command("list")
def user_list(domain: Domain, data: Data = None, *, as_json: Json = False) -> None:
    """List a domain's SIP users; `opentact inspect registrations` shows where their phones are."""

    async def run() -> None:
        async with database_of(data) as database, database.read() as session:
            found = await _domain(session, domain, data)
            rows = [_row(user) for user in await users_in(session, found.uuid)]
        _show(rows, f"{found.domain} has no users", as_json=as_json)

    asyncio.run(run())


def _row(user: SipUser) -> dict[str, Any]:
    return {
        "uuid": user.uuid,
        "login": user.login,
        "is_active": user.is_active,
        "same_domain_calls_only": user.same_domain_calls_only,
        "created_on": stamp(user.created_on),
    }


def _show(rows: list[dict[str, Any]], nothing: str, *, as_json: bool) -> None:
    if as_json:
        print_json(rows)
    else:
        print_table(rows, nothing=nothing)


async def _owner(session: AsyncSession, email: str) -> Owner:
    user: User | None = await user_by_email(session, email)
    if user is None or user.deleted_on is not None:
        raise NotFound(f"There is no user {email}")
    return Owner(user.account_uuid, user.uuid)


async def _domain(session: AsyncSession, name: str, data: Data) -> SipDomain:
    # One that was made under another base is found by its full name.
    found = await domain_by_name(session, name)
    found = found or await domain_by_name(session, _full(name, data))
    if found is None:
        raise NotFound(f"There is no SIP domain {name}")
    return found


async def _users_counted(session: AsyncSession, domains: list[UUID]) -> dict[UUID, int]:
    query = (
        select(SipUser.sip_domain_uuid, func.count())
        .where(SipUser.sip_domain_uuid.in_(domains))
        .group_by(SipUser.sip_domain_uuid)
    )
    return {row[0]: row[1] for row in await session.execute(query)}


def _full(name: str, data: Data) -> str:
    try:
        return full_name(name, load({"data": data}).sip_base)
    except ValueError as error:
        raise WrongValue(f"{name!r} is no name of a SIP domain: {error}") from None


def _login(login: str) -> str:
    try:
        return sound_login(login)
    except ValueError as error:
        raise WrongValue(f"{login!r} is no login: {error}") from None
