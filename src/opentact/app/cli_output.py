"""What the commands share: the options of most of them, JSON for programs, tables for people."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Data = Annotated[Path | None, typer.Option(help="Folder for everything that is kept.")]
Http = Annotated[str | None, typer.Option(help="Where HTTP listens, HOST:PORT.")]
Sip = Annotated[str | None, typer.Option(help="Where SIP listens (UDP), HOST:PORT.")]


def print_json(value: Any) -> None:
    """Print one JSON document."""
    typer.echo(json.dumps(value, indent=2, default=str))


def print_table(rows: Sequence[Mapping[str, Any]], *, nothing: str) -> None:
    """Print rows of the same members as a table, or say that there is nothing."""
    from rich.console import Console  # noqa: PLC0415 - most commands print no table
    from rich.table import Table  # noqa: PLC0415

    console = Console()
    if not rows:
        console.print(nothing)
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in rows[0]:
        table.add_column(str(name), overflow="fold")
    for row in rows:
        table.add_row(*_cells(row.values()))
    console.print(table)


def _cells(values: Iterable[Any]) -> Iterable[str]:
    for value in values:
        yield "" if value is None else str(value)
