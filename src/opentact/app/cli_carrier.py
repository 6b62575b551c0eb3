"""`opentact carrier`: the operator's carriers, straight to the database.

A running server takes up what is changed within a second.
"""

import asyncio
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from opentact.accounts.users import Role, User
from opentact.api.carrier_fields import CarrierNew, check
from opentact.kit.clock import SystemClock
from opentact.voice.carriers import (
    Carrier,
    add_carrier,
    list_carriers,
    named_carrier,
    remove_carrier,
)
from opentact.voice.changes import Changes
from opentact.voice.trunk_rows import trunk_of_carrier

from .cli_database import database_of
from .cli_output import Data, Json, print_json, print_table
from .operating import WrongValue

carrier_app = typer.Typer(no_args_is_help=True)


@carrier_app.callback()
def _carrier() -> None:
    """Keep the carriers that calls go out by and come from. The operator's carriers."""


@carrier_app.command("list")
def carrier_list(data: Data = None, *, as_json: Json = False) -> None:
    """List the carriers; `opentact inspect trunks` shows their states."""

    async def run() -> None:
        async with database_of(data) as database, database.read() as session:
            rows = [_row(each) for each in await list_carriers(session)]
        if as_json:
            print_json(rows)
        else:
            print_table(rows, nothing="no carriers: the simulated one takes all calls, if it runs")

    asyncio.run(run())


Targets = Annotated[
    list[str] | None,
    typer.Option(
        "--target",
        help="HOST:PORT that takes calls, tcp:HOST:PORT or tls:HOST:PORT; HOST alone is looked up"
        " as DNS says (SRV); may repeat.",
    ),
]
Networks = Annotated[
    list[str] | None,
    typer.Option("--network", help="Network (CIDR) it calls from, beside its targets; may repeat."),
]
Prefixes = Annotated[
    list[str] | None,
    typer.Option("--prefix", help='Numbers it carries begin so, "" for all; may repeat.'),
]


@carrier_app.command("add")
def carrier_add(
    name: Annotated[str, typer.Argument(help="What to call it.")],
    targets: Targets = None,
    networks: Networks = None,
    prefixes: Prefixes = None,
    priority: Annotated[int, typer.Option(min=0, help="Of its routes; lower goes first.")] = 10,
    username: Annotated[str | None, typer.Option(help="For its digest.")] = None,
    password: Annotated[str | None, typer.Option(help="For its digest.")] = None,
    options: Annotated[int, typer.Option(min=0, help="Seconds between OPTIONS; 0 is none.")] = 30,
    data: Data = None,
    *,
    register: Annotated[bool, typer.Option("--register", help="Keep a registration.")] = False,
    as_json: Json = False,
) -> None:
    """Add a carrier."""
    columns = _columns(
        name=name,
        targets=[{**_target(each), "priority": at} for at, each in enumerate(targets or [])],
        networks=networks or [],
        routes=[{"prefix": each, "priority": priority} for each in prefixes or []],
        username=username,
        password=password,
        register=register,
        options_interval_s=options,
    )
    row = asyncio.run(_add(columns, data))
    if as_json:
        print_json(row)
    else:
        typer.echo(f"Carrier {name} is kept: {row['targets'] or 'it only delivers calls'}.")


async def _add(columns: dict[str, Any], data: Data) -> dict[str, Any]:
    async with database_of(data) as database:
        async with database.write() as session:
            operator = await _operator(session)
            made = await add_carrier(session, operator, columns, SystemClock().now())
            check(made)
            await Changes().note(session, made.uuid)
        return _row(made)


@carrier_app.command("remove")
def carrier_remove(
    name: Annotated[str, typer.Argument(help="Its name.")],
    data: Data = None,
    *,
    as_json: Json = False,
) -> None:
    """Remove a carrier; calls that live go on."""

    async def run() -> None:
        async with database_of(data) as database, database.write() as session:
            found = await named_carrier(session, name)
            row = _row(found)
            await remove_carrier(session, found)
            await Changes().note(session, found.uuid)
        if as_json:
            print_json(row)
        else:
            typer.echo(f"Carrier {name} is removed.")

    asyncio.run(run())


def _target(text: str) -> dict[str, Any]:
    transport, colon, place = text.partition(":")
    if transport not in {"udp", "tcp", "tls"} or not colon:
        transport, place = "udp", text
    host, colon, port = place.rpartition(":")
    if not colon or "]" in port:
        host, port = place, ""
    if port and not port.isdecimal():
        raise WrongValue(f"{text!r} is no target: give HOST, HOST:PORT, or tcp:HOST:PORT")
    return {
        "host": host.strip("[]"),
        "port": int(port) if port else None,
        "transport": transport,
    }


def _columns(**values: Any) -> dict[str, Any]:
    try:
        return CarrierNew.model_validate(values).columns()
    except ValidationError as wrong:
        said = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in wrong.errors()]
        raise WrongValue(f"The carrier cannot be added: {'; '.join(said)}") from None


async def _operator(session: AsyncSession) -> Any:
    """Find who hears of it: the account of the first admin."""
    first = select(User.account_uuid).where(User.role == Role.ADMIN).order_by(User.created_on)
    return await session.scalar(first.limit(1))


def _row(carrier: Carrier) -> dict[str, Any]:
    trunk = trunk_of_carrier(carrier)
    return {
        "name": carrier.name,
        "uuid": str(carrier.uuid),
        "active": carrier.is_active,
        "targets": ", ".join(map(str, trunk.targets)),
        "networks": ", ".join(carrier.networks),
        "prefixes": ", ".join(each.prefix or "every number" for each in trunk.routes),
        "register": carrier.register,
        "options_s": carrier.options_interval_s,
    }
