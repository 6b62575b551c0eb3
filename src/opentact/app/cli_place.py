"""`opentact call TO --flow FILE`: have the server call somebody, and watch until it ends."""

import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from opentact.kit.faults import Fault
from opentact.voice.callflow.document import read

from .cli_api import Api, Token, api_of
from .cli_output import Data, Http, Json, print_json

LOOK_S = 0.25
Flow = Annotated[
    Path, typer.Option("--flow", exists=True, dir_okay=False, help="A call-flow document.")
]
Caller = Annotated[
    str | None, typer.Option("--from", help="A number of yours; the first if not given.")
]
Profile = Annotated[
    str | None,
    typer.Option(
        "--profile", help="Outbound voice profile, by uuid or name; the first if not given."
    ),
]


class NothingToCallWith(Fault):
    """The account has no number or no outbound voice profile to call with: order, or make one."""

    code = "nothing_to_call_with"


class CallFailed(Fault):
    """The call was not answered; its cause says why."""

    code = "call_failed"


def place(
    to: Annotated[str, typer.Argument(help="A number, or login@domain of a SIP user of yours.")],
    flow: Flow,
    caller: Caller = None,
    profile: Profile = None,
    token: Token = None,
    data: Data = None,
    http: Http = None,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Tell price, route and refusals; call nobody.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Call somebody, run a call flow for who answers, and follow it until it ends."""
    xml = checked(flow)
    api = api_of({"data": data, "http": http}, token)
    body: dict[str, Any] = {
        "outbound_voice_profile": profile_of(api, profile),
        "from": number_of(api, caller),
        "to": to,
        "xml": xml,
        "dry_run": dry_run,
    }
    placed = api.ask("/rest/call", body)
    console = Console(highlight=False, quiet=as_json)
    call = placed if dry_run else follow(api, placed["uuid"], console)
    if as_json:
        print_json(call)
    elif dry_run:
        print_rehearsed(call, console)
    if not dry_run and call["answer_on"] is None:
        raise CallFailed(f"{to} did not answer: {call['reason']}")


def checked(flow: Path) -> str:
    """Read a flow, or say what is wrong with it before anybody is asked."""
    document = flow.read_bytes()
    read(document)
    return document.decode("utf-8-sig")


def number_of(api: Api, given: str | None) -> str:
    """Choose the number that is shown: the one given, or the account's first."""
    if given is not None:
        return given
    found = api.ask("/rest/lease/tn/search", {"take": 1})["data"]
    if not found:
        raise NothingToCallWith("The account has no number to be shown: order one first")
    return f"+{found[0]['tn']['tn']}"


def profile_of(api: Api, given: str | None) -> str:
    """Choose the profile: by its uuid or name, or the account's first; one is made if none is."""
    found = api.ask("/rest/profile/outbound_voice")
    for each in found:
        if given in {None, each["uuid"], each["name"]}:
            return str(each["uuid"])
    if given is not None:
        raise NothingToCallWith(f"There is no outbound voice profile {given}")
    return str(api.ask("/rest/profile/outbound_voice", {"name": "command line"})["uuid"])


def follow(api: Api, uuid: str, console: Console) -> dict[str, Any]:
    """Print each state of a call, and each command of its flow, until it ends."""
    began, states, logs = time.monotonic(), set[str](), 0
    while True:
        call: dict[str, Any] = api.ask(f"/rest/call/{uuid}")
        at = f"{time.monotonic() - began:6.1f} s"
        if call["state"] not in states:
            states.add(call["state"])
            console.print(f"{at}  [bold]{call['state']}[/]")
        for log in call["logs"][logs:]:
            sign = "[green]✓[/]" if log["success"] else "[red]✗[/]"
            console.print(f"{at}    {sign} {log['command']['path']}")
        logs = len(call["logs"])
        if call["state"] == "destroyed":
            console.print(
                f"{call['reason']}; {call['duration']} s, ${call['price']:.5f}  [dim]{uuid}[/]"
            )
            return call
        time.sleep(LOOK_S)


def print_rehearsed(told: dict[str, Any], console: Console) -> None:
    """Print what a call would be."""
    route = told["route"]
    if route is not None:
        console.print(f"route   {route['kind']}: {', '.join(route['ways']) or 'no trunk'}")
    console.print(f"price   ${told['price_of_minute'] or 0:.5f} for a minute")
    for refusal in told["refusals"]:
        console.print(f"[red]refused[/] {refusal['message']}")
    if told["allowed"]:
        console.print("[green]allowed[/]")
