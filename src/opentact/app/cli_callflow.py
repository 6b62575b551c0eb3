"""`opentact callflow`: check call flows, and play them against a text-mode caller."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from opentact.voice.callflow.document import FlowDocument, read
from opentact.voice.callflow.faults import FlowRefused
from opentact.voice.callflow.rehearsal import Moment, rehearse
from opentact.voice.callflow.stage import CallFacts, Fact

callflow_app = typer.Typer(
    name="callflow", help="Check and rehearse call flows.", no_args_is_help=True
)

_FILE = typer.Argument(exists=True, dir_okay=False, readable=True, help="A call-flow document.")


class DialEnd(StrEnum):
    """What becomes of those who are dialled in a rehearsal."""

    NOBODY = "nobody"
    BUSY = "busy"
    ANSWER = "answer"


_JSON = typer.Option("--json", help="Print JSON, for programs.")
_STYLES = {
    "answer": "green",
    "say": "bold",
    "play": "bold",
    "keys": "bold cyan",
    "collect": "cyan",
    "record": "magenta",
    "fetch": "yellow",
    "hangup": "green",
    "end": "bold green",
    "report": "dim",
}


@callflow_app.command()
def check(
    files: Annotated[list[Path], _FILE],
    as_json: Annotated[bool, _JSON] = False,  # noqa: FBT002 - typer makes options of keywords
) -> None:
    """Say what is wrong with call flows, by line and column; exit 1 if anything is."""
    results = [(file, _read(file)) for file in files]
    if as_json:
        typer.echo(json.dumps([_as_json(file, result) for file, result in results]))
    else:
        for file, result in results:
            _print_result(file, result)
    if any(isinstance(result, FlowRefused) for _, result in results):
        raise typer.Exit(1)


@callflow_app.command()
def run(
    file: Annotated[Path, _FILE],
    digits: Annotated[
        str, typer.Option(help="Keys the caller presses, in order; a comma lets a question pass.")
    ] = "",
    caller: Annotated[str, typer.Option("--from", help="Who calls.")] = "+12015550100",
    called: Annotated[str, typer.Option("--to", help="The number called.")] = "12015550199",
    dials: Annotated[
        DialEnd, typer.Option(help="What becomes of those who are dialled.")
    ] = DialEnd.NOBODY,
    at: Annotated[
        datetime | None, typer.Option(help="Local time of the call, for Schedule; now in UTC.")
    ] = None,
    as_json: Annotated[bool, _JSON] = False,  # noqa: FBT002 - as above
) -> None:
    """Play a call flow against a text-mode caller and print the timeline. Nothing is fetched."""
    flow = _read(file)
    if isinstance(flow, FlowRefused):
        if as_json:
            typer.echo(json.dumps(_as_json(file, flow)))
        else:
            _print_result(file, flow)
        raise typer.Exit(1)
    try:
        facts = _facts(caller, called, at or datetime.now(UTC))
        timeline = rehearse(flow, facts, digits, dials.value)
    except ValueError as wrong:
        raise typer.BadParameter(str(wrong), param_hint="--digits") from None
    console = Console(soft_wrap=True, highlight=False)
    well = True
    for moment in timeline:
        well = moment.success
        if as_json:
            typer.echo(json.dumps(asdict(moment)))
        else:
            console.print(_line(moment))
    if not well:
        raise typer.Exit(1)


def _read(file: Path) -> FlowDocument | FlowRefused:
    try:
        return read(file.read_bytes())
    except FlowRefused as refusal:
        return refusal


def _facts(caller: str, called: str, at: datetime) -> CallFacts:
    fields: dict[str, Fact] = {
        "uuid": "00000000-0000-7000-8000-000000000001",
        "direction": "in",
        "type": "CallSCA",
        "state": "live",
        "from": caller,
        "to": called,
    }
    return CallFacts(fields=lambda: fields, app="rehearsal", local_now=lambda: at)


def _print_result(file: Path, result: FlowDocument | FlowRefused) -> None:
    if isinstance(result, FlowDocument):
        typer.echo(f"{file}: ok, {result.size} verb{'' if result.size == 1 else 's'}")
        return
    for finding in result.findings:
        typer.echo(f"{file}:{finding}")
    if (hidden := result.total - len(result.findings)) > 0:
        typer.echo(f"{file}: and {hidden} more")


def _as_json(file: Path, result: FlowDocument | FlowRefused) -> dict[str, object]:
    if isinstance(result, FlowDocument):
        return {"file": str(file), "ok": True, "verbs": result.size, "findings": []}
    findings = [asdict(finding) for finding in result.findings]
    return {"file": str(file), "ok": False, "total": result.total, "findings": findings}


def _line(moment: Moment) -> Text:
    style = _STYLES.get(moment.event, "") if moment.success else "red"
    where = f"  {moment.path} (line {moment.line})" if moment.path else ""
    return Text.assemble(
        (f"{moment.at_ms / 1000:9.3f}  ", "dim"),
        (f"{moment.event:<8}", style),
        (moment.text, style),
        (where if moment.event != "report" else "", "dim"),
    )
