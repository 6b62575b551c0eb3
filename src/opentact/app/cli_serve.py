"""`opentact serve` and `opentact demo`: the whole server, and the whole server watched."""

import json
import sys
from typing import Annotated, Any

import typer
import uvloop
from rich.console import Console

from opentact import __version__

from .cli_output import Data, Http, Json, Sip
from .demo import Demo
from .ground import local_url, public_url
from .platform import Platform
from .serve import serve as run_server
from .serve import serving, set_up_logging, until_signalled
from .settings import Settings, load
from .setup import FILE, Ready, demo_token

serve_app, demo_app = typer.Typer(), typer.Typer()
console = Console(stderr=True, highlight=False, soft_wrap=True)


@serve_app.command()
def serve(data: Data = None, http: Http = None, sip: Sip = None, *, as_json: Json = False) -> None:
    """Start everything: HTTP, websockets, SIP, media and speech.

    With --json one line says where, once everything listens; the log goes to standard error.
    """
    settings = load({"data": data, "http": http, "sip": sip})
    set_up_logging(settings.log_level)
    uvloop.run(run_server(settings, _welcome_program if as_json else _welcome))


@demo_app.command()
def demo(
    data: Data = None,
    http: Http = None,
    sip: Sip = None,
    *,
    stop: Annotated[bool, typer.Option("--exit", help="Stop the server at the end.")] = False,
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
        else:
            console.print("\nThe server stops; [bold]opentact serve[/] has it back, with all this.")


def _welcome_program(platform: Platform, ready: Ready) -> None:
    settings: Settings = platform.settings
    about = {
        "http": public_url(settings),
        "sip": settings.sip,
        "data": str(settings.data.absolute()),
        "credentials": str((settings.data / FILE).absolute()),
        "first_start": ready.fresh is not None,
    }
    typer.echo(json.dumps(about))


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
    console.print(f"{(settings.data / FILE).absolute()}\n")
    console.print(f"  admin   {fresh['admin']['email']}   {fresh['admin']['password']}")
    console.print(f"  demo    {fresh['demo']['email']}   {fresh['demo']['password']}")
    console.print(f"  token   {fresh['demo']['token']}")
