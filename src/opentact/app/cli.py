"""The command line: `opentact serve`, `demo`, and the operator's tools (design 4)."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
import uvloop
from rich.console import Console

from opentact import __version__
from opentact.kit.faults import Fault

from .cli_callflow import callflow_app
from .cli_simulate import simulate_app
from .demo import Demo
from .platform import Platform, local_url, public_url
from .serve import serve as run_server
from .serve import serving, set_up_logging, until_signalled
from .settings import Settings, load
from .setup import Ready, demo_token

app = typer.Typer(
    name="opentact",
    help="Phone numbers, calls and text messages behind one API that anyone can run.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.add_typer(callflow_app, name="callflow")
app.add_typer(simulate_app, name="simulate")
console = Console(stderr=True, highlight=False)

Data = Annotated[Path | None, typer.Option(help="Folder for everything that is kept.")]
Http = Annotated[str | None, typer.Option(help="Where HTTP listens, HOST:PORT.")]
Sip = Annotated[str | None, typer.Option(help="Where SIP listens (UDP), HOST:PORT.")]


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(__version__)


@app.command()
def serve(data: Data = None, http: Http = None, sip: Sip = None) -> None:
    """Start everything: HTTP, websockets, SIP, media and speech."""
    settings = load({"data": data, "http": http, "sip": sip})
    set_up_logging(settings.log_level)
    uvloop.run(run_server(settings, _welcome))


@app.command()
def demo(
    data: Data = None,
    http: Http = None,
    sip: Sip = None,
    stop: Annotated[bool, typer.Option("--exit", help="Stop the server at the end.")] = False,  # noqa: FBT002 - an option
) -> None:
    """Watch the main job: order a number, attach a call flow, call it, see what is left."""
    settings = load({"data": data, "http": http, "sip": sip})
    set_up_logging("warning")
    uvloop.run(_demo(settings, stay=not stop and sys.stdin.isatty()))


async def _demo(settings: Settings, *, stay: bool) -> None:
    async with serving(settings) as (platform, ready):
        token = demo_token(settings, ready)
        url = local_url(settings)
        await Demo(url, settings.sip_address, token, platform.speech, Console()).run()
        if stay:
            console.print(f"\nThe server goes on at {public_url(settings)}; Ctrl-C stops it.")
            await until_signalled()


def _welcome(platform: Platform, ready: Ready) -> None:
    settings: Settings = platform.settings
    console.print(f"[bold]opentact {__version__}[/] is running. Ctrl-C stops it politely.\n")
    console.print(f"  web and API   {public_url(settings)}")
    console.print(f"  SIP (UDP)     {settings.sip}")
    console.print(f"  data          {settings.data.absolute()}")
    if ready.fresh:
        _show_once(ready.fresh, settings)
    console.print("\nWhat to do next: open the first address, or run [bold]opentact demo[/].")


def _show_once(fresh: dict[str, Any], settings: Settings) -> None:
    console.print("\n[bold]First start.[/] These are shown once; they are kept in")
    console.print(f"{(settings.data / 'credentials.json').absolute()}\n")
    console.print(f"  admin   {fresh['admin']['email']}   {fresh['admin']['password']}")
    console.print(f"  demo    {fresh['demo']['email']}   {fresh['demo']['password']}")
    console.print(f"  token   {fresh['demo']['token']}")


def main() -> None:
    """Run a command; a refusal is one sentence, not a traceback."""
    try:
        app()
    except Fault as fault:
        console.print(f"[red]opentact:[/] {fault}")
        sys.exit(1)
    except (KeyboardInterrupt, asyncio.CancelledError):
        sys.exit(130)
