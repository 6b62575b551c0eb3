"""`opentact batch FILE.csv --flow FILE`: call many numbers, with a progress bar and a table."""

import csv
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from opentact.kit.faults import Fault

from .cli_api import Api, Token, api_of
from .cli_output import Data, Http, Json, print_json, print_table
from .cli_place import LOOK_S, Caller, Flow, Profile, checked, number_of, profile_of

PAGE = 1000
batch_app = typer.Typer()


class BadNumbers(Fault):
    """The file has rows that are no numbers; each is named with its line."""

    code = "bad_numbers"


@batch_app.command()
def batch(
    file: Annotated[
        Path,
        typer.Argument(exists=True, dir_okay=False, help="Numbers: the first column, or `to`."),
    ],
    flow: Flow,
    caller: Caller = None,
    profile: Profile = None,
    token: Token = None,
    data: Data = None,
    http: Http = None,
    *,
    as_json: Json = False,
) -> None:
    """Call every number of a CSV file once with a call flow.

    Shows how far it is, and in the end what came of each.
    """
    xml, phones = checked(flow), list(numbers_in(file))
    api = api_of({"data": data, "http": http}, token)
    shown = number_of(api, caller).lstrip("+")
    lease = api.ask(f"/rest/lease/tn/{shown}/tn")["uuid"]
    body = {"tn_lease": lease, "phones": phones, "xml": xml}
    made = api.ask("/rest/batch", {"outbound_voice_profile": profile_of(api, profile), **body})
    done = follow(api, made["uuid"], quiet=as_json)
    results = list(results_of(api, made["uuid"]))
    if as_json:
        print_json({**done, "results": results})
        return
    rows = [
        {"number": each["phone"], "result": each["state"], "why": each["reason"]}
        for each in results
    ]
    print_table(rows, nothing="no numbers")
    typer.echo(f"{done['success']} answered, {done['failed']} failed, of {done['total']}")


def numbers_in(file: Path) -> Iterator[int]:
    """Read the numbers of a CSV file; a head line may name their column `to` or `phone`."""
    column, bad = 0, []
    with file.open(newline="", encoding="utf-8-sig") as lines:
        for line, row in enumerate(csv.reader(lines), start=1):
            if not any(row):
                continue
            names = [name.strip().lower() for name in row]
            if line == 1 and not any(map(_is_number, row)):
                column = next((names.index(n) for n in ("to", "phone", "tn") if n in names), 0)
            elif column < len(row) and _is_number(row[column]):
                yield int(row[column].strip().lstrip("+"))
            else:
                bad.append(f"line {line}: {','.join(row)}")
    if bad:
        raise BadNumbers("These are no numbers: " + "; ".join(bad[:10]))


def follow(api: Api, uuid: str, *, quiet: bool) -> dict[str, Any]:
    """Show how far the batch is, until it is done."""
    from rich.progress import Progress  # noqa: PLC0415 - slow to load, and not always shown

    with Progress(disable=quiet, transient=True) as progress:
        task = progress.add_task("calling", total=None)
        while True:
            batch: dict[str, Any] = api.ask(f"/rest/batch/{uuid}")
            done = batch["total"] - batch["processing"]
            words = f"{batch['success']} answered, {batch['failed']} failed"
            progress.update(task, total=batch["total"], completed=done, description=words)
            if batch["finished_on"] is not None:
                return batch
            time.sleep(LOOK_S)


def results_of(api: Api, uuid: str) -> Iterator[dict[str, Any]]:
    """Give what came of each number, in their order."""
    skip = 0
    while True:
        page = api.ask(f"/rest/batch/{uuid}/number?take={PAGE}&skip={skip}")
        yield from page["data"]
        skip += PAGE
        if skip >= page["total"]:
            return


def _is_number(text: str) -> bool:
    digits = text.strip().removeprefix("+")
    return digits.isascii() and digits.isdecimal() and 3 <= len(digits) <= 15  # noqa: PLR2004 - ITU-T E.164
