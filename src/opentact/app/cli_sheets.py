"""What commands that read and write CSV files share: their options, progress and complaints."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Annotated, Protocol, TypeVar

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from opentact.adapters.storage.database import Database

from .cli_database import database_of
from .cli_output import Data

MOST_SHOWN = 50  # bad cells printed; all of them are in --json
T = TypeVar("T")

Sheet = Annotated[
    Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="A CSV file.")
]
Target = Annotated[
    Path | None, typer.Argument(dir_okay=False, help="Where to; standard output if left out.")
]


class Complaint(Protocol):
    """What is wrong with a cell, or with a whole row if `column` is empty."""

    @property
    def line(self) -> int: ...
    @property
    def column(self) -> str: ...
    @property
    def reason(self) -> str: ...


def on_database(data: Data, work: Callable[[Database], Awaitable[T]]) -> T:
    """Do the work on the database that the settings name; wait for it."""

    async def run() -> T:
        async with database_of(data) as database:
            return await work(database)

    return asyncio.run(run())


def progress_bar(*, quiet: bool) -> Progress:
    """Show on standard error how far the work is."""
    parts = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    return Progress(*parts, TimeElapsedColumn(), console=Console(stderr=True), disable=quiet)


def tell_bad(sheet: Path, bad: Sequence[Complaint]) -> None:
    """Print the first complaints to standard error, each with its line."""
    for cell in bad[:MOST_SHOWN]:
        typer.echo(f"{sheet}:{cell.line}: {cell.column or 'row'}: {cell.reason}", err=True)
    if len(bad) > MOST_SHOWN:
        typer.echo(f"... and {len(bad) - MOST_SHOWN} more", err=True)
