"""`opentact call`: what happened to a call, drawn as a ladder; and the calls there were."""

from typing import Annotated, Any
from uuid import UUID

import typer
from typer.core import TyperGroup

from opentact.voice.timeline.ladder import US, Rung, ladder_of, printed_ladder

from .cli_api import Api, Token, api_of
from .cli_output import Data, Http, Json, print_json, print_table
from .cli_place import place


class _CallGroup(TyperGroup):
    """Takes what is no command's name for whom to call: `opentact call TO --flow FILE`."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and args[0] not in self.commands:
            args = ["to", *args]
        return super().resolve_command(ctx, args)


call_app = typer.Typer(cls=_CallGroup, no_args_is_help=True)
call_app.command("to")(place)
_STYLES = {
    "sip": "cyan",
    "flow": "magenta",
    "web": "blue",
    "digit": "yellow",
    "media": "green",
    "recording": "green",
    "money": "yellow",
    "rule": "red",
    "end": "bold",
}


@call_app.callback()
def _call() -> None:
    """Call somebody (`call TO --flow FILE`), and explain calls: what happened, and why."""


@call_app.command("show")
def show(
    uuid: Annotated[UUID, typer.Argument(help="The call's uuid, as in events and `call list`.")],
    token: Token = None,
    data: Data = None,
    http: Http = None,
    *,
    raw: Annotated[bool, typer.Option("--raw", help="Print whole SIP messages as well.")] = False,
    as_json: Json = False,
) -> None:
    """Explain a call: everything that happened, in order, and what to change if it went wrong."""
    api = api_of({"data": data, "http": http}, token)
    timeline = api.ask(f"/rest/call/{uuid}/timeline?raw={str(raw).lower()}")
    if as_json:
        print_json(timeline)
    else:
        _print_timeline(timeline)


@call_app.command("list")
def list_(
    token: Token = None,
    data: Data = None,
    http: Http = None,
    *,
    take: Annotated[int, typer.Option(min=1, max=100, help="How many.")] = 20,
    as_json: Json = False,
) -> None:
    """List the newest calls, and why each ended."""
    calls = _newest(api_of({"data": data, "http": http}, token), take)
    if as_json:
        print_json(calls)
    else:
        print_table([_row(call) for call in calls], nothing="no calls yet")


def _newest(api: Api, take: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.ask("/rest/call/search", {"take": take})["data"]
    return found


def _row(call: dict[str, Any]) -> dict[str, Any]:
    return {
        "uuid": call["uuid"],
        "at": call["created_on"][11:19],
        "from": call["from"],
        "to": call["to"],
        "s": call["duration"],
        "why it ended": call["reason"] or call["state"],
    }


def _print_timeline(timeline: dict[str, Any]) -> None:
    from rich.console import Console  # noqa: PLC0415 - most commands print no colours
    from rich.text import Text  # noqa: PLC0415

    console, moments = Console(), timeline["moments"]
    ladder = ladder_of(moments)
    head, *lines = printed_ladder(ladder)
    first = timeline["legs"][0]
    console.print(Text(f"{first['from']} > {first['to']}, began {timeline['began_on']}", "bold"))
    console.print(Text(head), soft_wrap=True)
    for moment, rung, line in zip(moments, ladder.rungs, lines, strict=True):
        console.print(Text(line, _style(rung)), soft_wrap=True)
        if "raw" in moment:
            console.print(Text(_indented(moment["raw"]), "dim"), soft_wrap=True)
    for finding in timeline["findings"]:
        text = f"{finding['text']} Change: {finding['setting']} ({finding['where']})"
        console.print(Text(f"! {text}", "red"), soft_wrap=True)
    if timeline["reason"]:
        to_blame = timeline["blame"] or "nobody"
        console.print(Text(f"Ended: {timeline['reason']}. To blame: {to_blame}", "bold"))
    elif not timeline["complete"]:
        console.print(Text(f"The call is still on; {US} keeps watching it."))


def _style(rung: Rung) -> str:
    return _STYLES.get(rung.kind, "")


def _indented(raw: str) -> str:
    return "".join(f"            {line}\n" for line in raw.splitlines()).rstrip()
