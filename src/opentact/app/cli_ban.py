"""`opentact ban`: who is kept out of SIP, straight to the database.

A running server takes up what is changed within a second.
"""

import asyncio
from datetime import datetime
from typing import Annotated, Any

import typer

from opentact.api.wire.bans import ban_out
from opentact.kit.clock import SystemClock
from opentact.voice.bans import (
    BY_HAND,
    LONGEST_S,
    NewBan,
    SipBan,
    active_bans,
    all_bans,
    ban_of,
    lift,
    put_bans,
)
from opentact.voice.guard.sources import read_place

from .cli_database import database_of
from .cli_output import Data, Json, print_json, print_table
from .operating import WrongValue

ban_app = typer.Typer(no_args_is_help=True)
OPERATOR = "operator"
Source = Annotated[str, typer.Argument(help="An address, or a network like 192.0.2.0/24.")]


@ban_app.callback()
def _ban() -> None:
    """Who is kept out of SIP, and why."""


@ban_app.command("list")
def ban_list(
    data: Data = None,
    *,
    ended: Annotated[bool, typer.Option("--ended", help="Ended and lifted ones as well.")] = False,
    as_json: Json = False,
) -> None:
    """List the bans, the newest first."""

    async def run() -> None:
        now = SystemClock().now()
        async with database_of(data) as database, database.read() as session:
            found = await (all_bans(session) if ended else active_bans(session, now))
        if as_json:
            print_json([ban_out(each, now) for each in found])
        else:
            print_table([_row(each, now) for each in found], nothing="nobody is banned")

    asyncio.run(run())


@ban_app.command("add")
def ban_add(
    source: Source,
    seconds: Annotated[int, typer.Option(min=1, max=LONGEST_S, help="For how long.")] = 86_400,
    reason: Annotated[str, typer.Option(help="Why.")] = BY_HAND,
    data: Data = None,
    *,
    as_json: Json = False,
) -> None:
    """Ban a source."""
    place = _place(source)

    async def run() -> None:
        now = SystemClock().now()
        async with database_of(data) as database, database.write() as session:
            wanted = NewBan(place, reason[:255], "", {}, 1, float(seconds), OPERATOR)
            [made] = await put_bans(session, [wanted], now)
        _say(made, now, f"{place} is banned for {seconds} s.", as_json=as_json)

    asyncio.run(run())


@ban_app.command("lift")
def ban_lift(source: Source, data: Data = None, *, as_json: Json = False) -> None:
    """Lift a ban: the source is heard again, and its next ban is a first one."""
    place = _place(source)

    async def run() -> None:
        now = SystemClock().now()
        async with database_of(data) as database, database.write() as session:
            found = await ban_of(session, place, now)
            lift(found, OPERATOR, now)
        _say(found, now, f"{place} is heard again.", as_json=as_json)

    asyncio.run(run())


def _place(text: str) -> str:
    try:
        return read_place(text)
    except ValueError as wrong:
        raise WrongValue(f"{text!r} cannot be banned: {wrong}") from None


def _say(ban: SipBan, now: datetime, words: str, *, as_json: bool) -> None:
    if as_json:
        print_json(ban_out(ban, now))
    else:
        typer.echo(words)


def _row(ban: SipBan, now: datetime) -> dict[str, Any]:
    shown = ban_out(ban, now)
    row = {name: shown[name] for name in ("source", "reason", "detail", "count", "times", "until")}
    return {**row, "by": ban.by, "lifted_on": shown["lifted_on"]}
