"""`opentact simulate`: traffic from the simulated carrier, over real SIP and RTP."""

import asyncio
import dataclasses
import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from opentact.adapters.audio.shelf import AudioShelf
from opentact.adapters.http.fetcher import Fetcher
from opentact.kit.faults import Fault

from .settings import load
from .simulate import Caller, CallOutcome, CallPlan

simulate_app = typer.Typer(help="Traffic from the simulated carrier.", no_args_is_help=True)
console = Console(highlight=False)


class CallNotAnswered(Fault):
    """The simulated call was not answered; the SIP status and its reason say why."""

    code = "call_not_answered"


@simulate_app.callback()
def simulate() -> None:
    """Make traffic from the simulated carrier, over real SIP and RTP."""


@simulate_app.command()
def call(
    caller: Annotated[str, typer.Option("--from", help="The calling number.")],
    called: Annotated[str, typer.Option("--to", help="The number to call.")],
    digits: Annotated[str, typer.Option(help="Keys to press; a comma waits a second.")] = "",
    wav: Annotated[Path | None, typer.Option(help="Sound to speak once answered.")] = None,
    seconds: Annotated[float | None, typer.Option(help="Hang up after so many seconds.")] = None,
    heard: Annotated[Path | None, typer.Option(help="Write what is heard to this WAV.")] = None,
    sip: Annotated[str | None, typer.Option(help="The server's SIP address, HOST:PORT.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")] = False,  # noqa: FBT002 - an option
) -> None:
    """Call a number, press keys, speak, listen."""
    settings = load({"sip": sip})
    plan = CallPlan(
        caller=caller,
        called=called,
        server=settings.sip_address,
        digits=digits,
        seconds=seconds,
        heard=heard,
    )
    outcome = asyncio.run(_call(plan, wav, quiet=as_json))
    if as_json:
        typer.echo(json.dumps(dataclasses.asdict(outcome)))
    elif outcome.answered_after is not None:
        _print(outcome)
    if outcome.status != 200:  # noqa: PLR2004 - the only status of an answered call
        raise CallNotAnswered(
            f"{called} did not answer: {_why(outcome)}"
            + (f" ({outcome.reason})" if outcome.reason else "")
        )


def _why(outcome: CallOutcome) -> str:
    if outcome.status is None:
        return outcome.ended_by or "nothing came back"
    return f"{outcome.status} {outcome.phrase}"


async def _call(plan: CallPlan, wav: Path | None, *, quiet: bool) -> CallOutcome:
    if wav is not None:
        fetcher = Fetcher()
        shelf = AudioShelf(fetcher, Path.home() / ".cache" / "opentact" / "audio")
        try:
            plan.audio = await shelf.from_file(wav)
        finally:
            await shelf.close()
            await fetcher.close()
    tell = (lambda _: None) if quiet else (lambda words: console.print(f"  caller  {words}"))
    return await Caller(plan, tell).run()


def _print(outcome: CallOutcome) -> None:
    stats = outcome.stats
    told = {
        "answered": f"after {outcome.answered_after:.2f} s",
        "talked": f"{outcome.talked:.1f} s, until {outcome.ended_by}",
        "heard": f"{outcome.heard_seconds:.1f} s of sound",
        "packets": f"{stats.packets_received} in, {stats.packets_sent} out, {stats.lost} lost",
    }
    if outcome.digits_heard:
        told["keys"] = outcome.digits_heard
    console.print()
    for name, words in told.items():
        console.print(f"  {name:<9} {words}", soft_wrap=True)
