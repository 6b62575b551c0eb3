"""`opentact drill`: attacks played against a server of our own, and what stopped them."""

from typing import Annotated, Any

import typer
import uvloop

from .cli_output import Json, print_json, print_table
from .drill import Attack, Report, play
from .drill_ground import prey
from .serve import set_up_logging

drill_app = typer.Typer(no_args_is_help=True)


@drill_app.callback()
def _drill() -> None:
    """Play attacks, and see what stops them."""


@drill_app.command()
def tollfraud(
    size: Annotated[int, typer.Option(min=12, max=500, help="Attempts of each attack.")] = 40,
    *,
    as_json: Json = False,
) -> None:
    """Scan, guess, steal a password and a trunk, and call what pays thieves; exit 1 if it paid."""
    set_up_logging("error")
    report = uvloop.run(_play(size))
    if as_json:
        print_json(_out(report))
    else:
        print_table([_row(each) for each in report.attacks], nothing="no attacks")
        typer.echo(
            f"\nIt cost ${report.cost:.2f} of the ${report.limit:.2f} that a day may cost;"
            f" without the rules it would have cost ${report.would_cost:.2f}."
        )
        typer.echo("Stopped within the limits." if report.is_within else "NOT stopped.")
    if not report.is_within:
        raise typer.Exit(1)


async def _play(size: int) -> Report:
    async with prey() as victim:
        return await play(victim, size)


def _row(attack: Attack) -> dict[str, Any]:
    stopped = [f"{n}x {why}" if n else why for why, n in attack.stopped_by.most_common()]
    return {
        "attempt": attack.name,
        "from": attack.source,
        "tries": attack.tries,
        "through": attack.through,
        "allowed": max(attack.allowed, 0),
        "stopped by": "\n".join(stopped),
        "would have cost": f"${attack.would_cost:.2f}",
    }


def _out(report: Report) -> dict[str, Any]:
    attacks = [
        {
            "attempt": each.name,
            "source": each.source,
            "tries": each.tries,
            "through": each.through,
            "allowed": max(each.allowed, 0),
            "stopped_by": dict(each.stopped_by),
            "would_have_cost": float(each.would_cost),
            "within_limits": each.is_within,
        }
        for each in report.attacks
    ]
    return {
        "attacks": attacks,
        "cost": float(report.cost),
        "daily_spend_limit": float(report.limit),
        "would_have_cost": float(report.would_cost),
        "within_limits": report.is_within,
    }
