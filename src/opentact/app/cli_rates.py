"""`opentact rates`: the rate decks of outgoing calls, as CSV files."""

import csv
import json
import sys
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from opentact.adapters.storage.database import Database
from opentact.billing.deck_uploads import Upload, take_rates
from opentact.billing.rate_decks import USUAL_DECK, decks, get_deck, rates_of
from opentact.billing.rate_sheets import COLUMNS, write_rate
from opentact.kit.clock import SystemClock

from .cli_output import Data, Json
from .cli_sheets import Sheet, Target, on_database, progress_bar, tell_bad

rates_app = typer.Typer(
    name="rates", help="Rate decks: what outgoing calls cost.", no_args_is_help=True
)


Deck = Annotated[int, typer.Option("--deck", min=1, max=1000, help="The deck's number.")]


@rates_app.command("import")
def import_(
    file: Sheet, deck: Deck = USUAL_DECK, data: Data = None, *, as_json: Json = False
) -> None:
    """Put rates into a deck. Bad rows are told by line; exit 1 if there are any."""
    done = on_database(data, lambda database: _import(database, file, deck, quiet=as_json))
    if as_json:
        errors = [asdict(bad) for bad in done.bad]
        typer.echo(json.dumps({"kept": done.kept, "bad": done.bad_rows, "errors": errors}))
    else:
        tell_bad(file, done.bad)
        typer.echo(f"{done.kept} rates kept, {done.bad_rows} rows bad")
    if done.bad_rows:
        raise typer.Exit(1)


@rates_app.command("export")
def export(
    file: Target = None, deck: Deck = USUAL_DECK, data: Data = None, *, as_json: Json = False
) -> None:
    """Write a deck as the CSV that `import` reads."""
    count = on_database(data, lambda database: _export(database, deck, file))
    if file is not None:
        typer.echo(json.dumps({"exported": count}) if as_json else f"{count} rates exported")


@rates_app.command("list")
def listed(data: Data = None, *, as_json: Json = False) -> None:
    """List the decks."""
    found = on_database(data, _list)
    if as_json:
        typer.echo(json.dumps(found))
        return
    for each in found:
        typer.echo(f"{each['id']:>4}  {each['rates']:>8}  {each['name']}")


async def _import(database: Database, file: Path, deck: int, *, quiet: bool) -> Upload:
    done = Upload()
    with (
        file.open(encoding="utf-8-sig", errors="replace", newline="") as lines,
        progress_bar(quiet=quiet) as progress,
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
