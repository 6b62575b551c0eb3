"""`opentact rates`: the rate decks of outgoing calls, as CSV files."""

import asyncio
import csv
import json
import sys
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from opentact.adapters.storage.database import Database
from opentact.billing.deck_uploads import Upload, take_rates
from opentact.billing.rate_decks import USUAL_DECK, decks, get_deck, rates_of
from opentact.billing.rate_sheets import COLUMNS, write_rate
from opentact.kit.clock import SystemClock

MOST_SHOWN = 50  # bad cells printed; all of them are in --json
T = TypeVar("T")

rates_app = typer.Typer(
    name="rates", help="Rate decks: what outgoing calls cost.", no_args_is_help=True
)


def no_database() -> Database:
    """Stand in until whoever wires the command line says which database there is."""
    raise RuntimeError("cli_rates.get_database was not set")


get_database: Callable[[], Database] = no_database
_JSON = typer.Option("--json", help="Print JSON, for programs.")
_FILE = typer.Argument(exists=True, dir_okay=False, readable=True, help="A CSV file.")
_DECK = typer.Option("--deck", min=1, max=1000, help="The deck's number.")


@rates_app.command("import")
def import_(
    file: Annotated[Path, _FILE],
    deck: Annotated[int, _DECK] = USUAL_DECK,
    as_json: Annotated[bool, _JSON] = False,  # noqa: FBT002 - typer makes options of keywords
) -> None:
    """Put rates into a deck. Bad rows are told by line; exit 1 if there are any."""
    done = _run(lambda database: _import(database, file, deck, quiet=as_json))
    if as_json:
        errors = [asdict(bad) for bad in done.bad]
        typer.echo(json.dumps({"kept": done.kept, "bad": done.bad_rows, "errors": errors}))
    else:
        for bad in done.bad[:MOST_SHOWN]:
            typer.echo(f"{file}:{bad.line}: {bad.column or 'row'}: {bad.reason}", err=True)
        if len(done.bad) > MOST_SHOWN:
            typer.echo(f"... and {len(done.bad) - MOST_SHOWN} more", err=True)
        typer.echo(f"{done.kept} rates kept, {done.bad_rows} rows bad")
    if done.bad_rows:
        raise typer.Exit(1)


@rates_app.command("export")
def export(
    file: Annotated[
        Path | None, typer.Argument(dir_okay=False, help="Where to; standard output if left out.")
    ] = None,
    deck: Annotated[int, _DECK] = USUAL_DECK,
    as_json: Annotated[bool, _JSON] = False,  # noqa: FBT002
) -> None:
    """Write a deck as the CSV that `import` reads."""
    count = _run(lambda database: _export(database, deck, file))
    if file is not None:
        typer.echo(json.dumps({"exported": count}) if as_json else f"{count} rates exported")


@rates_app.command("list")
def listed(as_json: Annotated[bool, _JSON] = False) -> None:  # noqa: FBT002
    """List the decks."""
    found = _run(_list)
    if as_json:
        typer.echo(json.dumps(found))
        return
    for each in found:
        typer.echo(f"{each['id']:>4}  {each['rates']:>8}  {each['name']}")


def _run(work: Callable[[Database], Awaitable[T]]) -> T:
    async def on_database() -> T:
        database = get_database()
        try:
            return await work(database)
        finally:
            await database.close()

    return asyncio.run(on_database())


async def _import(database: Database, file: Path, deck: int, *, quiet: bool) -> Upload:
    done = Upload()
    parts = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    console = Console(stderr=True)
    with (
        file.open(encoding="utf-8-sig", errors="replace", newline="") as lines,
        Progress(*parts, TimeElapsedColumn(), console=console, disable=quiet) as progress,
    ):
        total = sum(1 for _ in lines)
        lines.seek(0)
        task = progress.add_task("importing", total=total)
        async for read in take_rates(database, deck, lines, SystemClock(), done):
            progress.update(task, completed=read)
        progress.update(task, completed=total)
    return done


async def _export(database: Database, deck: int, file: Path | None) -> int:
    count = 0
    with file.open("w", encoding="utf-8", newline="") if file else nullcontext(sys.stdout) as out:
        async with database.read() as session:
            await get_deck(session, deck)
            writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
            writer.writeheader()
            async for page in rates_of(session, deck):
                writer.writerows(write_rate(row) for row in page)
                count += len(page)
    return count


async def _list(database: Database) -> list[dict[str, object]]:
    async with database.read() as session:
        return [{"id": d.id, "name": d.name, "rates": n} for d, n in await decks(session)]
