"""`opentact numbers`: the operator's inventory, and the jobs that renew and end leases."""

import csv
import json
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy import func, select

from opentact.adapters.storage.database import Database
from opentact.api.wire import leases as _wire  # noqa: F401 - spells the events of both jobs
from opentact.api.wire.events import render
from opentact.events.log import EventLog
from opentact.kit.clock import SystemClock, stamp
from opentact.numbers.inventory import Tn
from opentact.numbers.periods import Period
from opentact.numbers.profiles import TnProfile, seed_profiles
from opentact.numbers.providers import usual_providers
from opentact.numbers.renewal import Plan, carry_out, plan_renewals
from opentact.numbers.stocklist import (
    COLUMNS,
    BadCell,
    Known,
    Tally,
    export_rows,
    keep_rows,
    read_rows,
)

from .cli_output import Data, Json
from .cli_sheets import Sheet, Target, on_database, progress_bar, tell_bad
from .cli_verify import verify

BATCH = 2_000

numbers_app = typer.Typer(
    name="numbers", help="The inventory, and the life of leases.", no_args_is_help=True
)

numbers_app.command()(verify)
Day = Annotated[
    datetime | None,
    typer.Option("--date", help="Leases that end by the end of this day (UTC), or now."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would happen.")]


@numbers_app.command("import")
def import_(file: Sheet, data: Data = None, *, as_json: Json = False) -> None:
    """Put an operator's numbers on sale. Bad rows are told by line; exit 1 if there are any."""
    tally, bad = on_database(data, lambda database: _import(database, file, quiet=as_json))
    if as_json:
        typer.echo(json.dumps({**asdict(tally), "errors": [asdict(cell) for cell in bad]}))
    else:
        tell_bad(file, bad)
        typer.echo(
            f"{tally.added} added, {tally.changed} changed, {tally.unchanged} unchanged, "
            f"{tally.bad} bad"
        )
    if bad:
        raise typer.Exit(1)


@numbers_app.command("export")
def export(file: Target = None, data: Data = None, *, as_json: Json = False) -> None:
    """Write the inventory as the CSV that `import` reads."""
    count = on_database(data, lambda database: _export(database, file, as_json=as_json))
    if file is not None:
        typer.echo(json.dumps({"exported": count}) if as_json else f"{count} numbers exported")


@numbers_app.command()
def renew(
    day: Day = None, data: Data = None, *, dry_run: DryRun = False, as_json: Json = False
) -> None:
    """Renew the leases that end and renew themselves; what cannot be paid is released."""
    _job(day, data, autorenew=True, dry_run=dry_run, as_json=as_json)


@numbers_app.command()
def expire(
    day: Day = None, data: Data = None, *, dry_run: DryRun = False, as_json: Json = False
) -> None:
    """Release the leases that end and do not renew themselves."""
    _job(day, data, autorenew=False, dry_run=dry_run, as_json=as_json)


def _job(
    day: datetime | None, data: Data, *, autorenew: bool, dry_run: bool, as_json: bool
) -> None:
    at = _end_of(day.date() if day else None)
    plans = on_database(
        data,
        lambda database: _plans(database, at, autorenew=autorenew, dry_run=dry_run, quiet=as_json),
    )
    if as_json:
        typer.echo(json.dumps([_plan_json(plan) for plan in plans]))
        return
    table = Table("number", "ends", "what", "price", "why", box=None)
    for plan in plans:
        fate = plan.fate.value if dry_run else f"{plan.fate.value}d".replace("eed", "ewed")
        table.add_row(f"+{plan.tn}", stamp(plan.expired_on), fate, str(plan.price), plan.reason)
    if plans:
        Console(width=140).print(table)
    typer.echo(f"{len(plans)} leases{' (dry run: nothing was done)' if dry_run else ''}")


def _end_of(day: date | None) -> datetime:
    """Tell the last millisecond of the day, or now."""
    now = SystemClock().now()
    if day is None:
        return now
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1, milliseconds=-1)


def _plan_json(plan: Plan) -> dict[str, Any]:
    return {
        "lease": str(plan.lease),
        "account": str(plan.account),
        "tn": plan.tn,
        "expired_on": stamp(plan.expired_on),
        "what": plan.fate.value,
        "price": float(plan.price),
        "until": stamp(plan.until) if plan.until else None,
        "reason": plan.reason,
    }


async def _import(database: Database, file: Path, *, quiet: bool) -> tuple[Tally, list[BadCell]]:
    now, tally, bad = SystemClock().now(), Tally(), list[BadCell]()
    async with database.write() as session:
        await seed_profiles(session, now=now)
        names = await session.scalars(
            select(TnProfile.name).where(TnProfile.account_uuid.is_(None))
        )
        known = Known(frozenset(usual_providers()), frozenset(names))
    batch: list[dict[str, Any]] = []
    with file.open(encoding="utf-8-sig", errors="replace", newline="") as lines:
        total = sum(1 for _ in lines)
        lines.seek(0)
        with progress_bar(quiet=quiet) as progress:
            task = progress.add_task("importing", total=total)
            for row in read_rows(lines, known, now=now):
                if isinstance(row, list):
                    bad += row
                    tally.bad += 1
                else:
                    batch.append(row)
                progress.advance(task)
                if len(batch) == BATCH:
                    await _keep(database, batch, tally, now)
            await _keep(database, batch, tally, now)
            progress.update(task, completed=total)
    return tally, bad


async def _keep(
    database: Database, batch: list[dict[str, Any]], tally: Tally, now: datetime
) -> None:
    if batch:
        async with database.write() as session:
            await keep_rows(session, batch, tally, now=now)
        batch.clear()


async def _export(database: Database, file: Path | None, *, as_json: bool) -> int:
    count, after = 0, 0
    target = file.open("w", encoding="utf-8", newline="") if file else None
    try:
        out = target or typer.get_text_stream("stdout")
        async with database.read() as session:
            total = await session.scalar(select(func.count()).select_from(Tn)) or 0
            writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
            writer.writeheader()
            with progress_bar(quiet=as_json or file is None) as progress:
                task = progress.add_task("exporting", total=total)
                while rows := await export_rows(session, after, BATCH):
                    writer.writerows(rows)
                    after, count = int(rows[-1]["tn"]), count + len(rows)
                    progress.advance(task, len(rows))
    finally:
        with suppress(AttributeError):
            target.close()  # type: ignore[union-attr]
    return count


async def _plans(
    database: Database, at: datetime, *, autorenew: bool, dry_run: bool, quiet: bool
) -> list[Plan]:
    period = Period()
    async with database.read() as session:
        plans = await plan_renewals(session, at, period=period, autorenew=autorenew)
    if dry_run:
        return plans
    done: list[Plan] = []
    # Nobody listens in this process; a running server's clients read the log by their cursor.
    events = EventLog(render, lambda _: None)
    with progress_bar(quiet=quiet) as progress:
        task = progress.add_task("leases", total=len(plans))
        async for plan in carry_out(
            database, plans, events=events, period=period, at=at, now=SystemClock().now()
        ):
            done.append(plan)
            progress.advance(task)
    return done
