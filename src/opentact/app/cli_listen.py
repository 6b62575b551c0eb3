"""`opentact listen`: events as they happen, one plain sentence each, over the websocket.

After a lost connection it goes on from the last event it saw, so that none is missed.
"""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

import typer
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from opentact.kit.faults import Fault

from .cli_api import Api, Token, api_of
from .cli_output import Data, Http, Json

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 15.0
LARGEST_FRAME = 4 * 1024 * 1024
listen_app = typer.Typer()
_COLOURS = {
    "call_state": typer.colors.CYAN,
    "call_flow": typer.colors.MAGENTA,
    "call_record": typer.colors.GREEN,
    "balance": typer.colors.YELLOW,
}
Say = Callable[[str], None]


class LoginRefused(Fault):
    """The server does not take the token: give another one with --token."""

    code = "login_refused"
    status = 401


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events to show: of these types, about this call; all if empty."""

    types: frozenset[str] = frozenset()
    call: str | None = None

    def takes(self, event: dict[str, Any]) -> bool:
        """Tell whether to show this one."""
        if self.types and event["type"] not in self.types:
            return False
        return self.call is None or self.call in _calls_of(event)


@listen_app.command()
def listen(
    types: Annotated[
        list[str] | None,
        typer.Option("--type", help="Only events of this type; may be given several times."),
    ] = None,
    call: Annotated[
        UUID | None, typer.Option(help="Only events of this call and its legs.")
    ] = None,
    token: Token = None,
    data: Data = None,
    http: Http = None,
    *,
    as_json: Json = False,
) -> None:
    """Watch events as they happen, until Ctrl-C."""
    api = api_of({"data": data, "http": http}, token)
    wanted = Wanted(frozenset(types or ()), str(call) if call else None)

    def show(event: dict[str, Any]) -> None:
        if wanted.takes(event):
            typer.echo(json.dumps(event) if as_json else sentence(event))

    asyncio.run(follow(api, show, lambda words: typer.echo(words, err=True)))


async def follow(
    api: Api,
    show: Callable[[dict[str, Any]], None],
    say: Say,
    *,
    pause_s: float = FIRST_PAUSE_S,
) -> None:
    """Show every event from now on; comes back after each lost connection."""
    cursor, pause = None, pause_s
    while True:
        try:
            async with connect(_socket(api.url), max_size=LARGEST_FRAME) as socket:
                login = {"type": "auth", "payload": api.token, "after": cursor}
                await socket.send(json.dumps(login))
                async for text in socket:
                    event = json.loads(text)
                    if event.get("type") == "auth":
                        _check(event)
                        cursor, pause = cursor or event["after"], pause_s
                    else:
                        cursor = event["uuid"]
                        show(event)
        except (OSError, WebSocketException, TimeoutError) as error:
            say(
                f"not connected to {api.url}: {error or type(error).__name__}; again in {pause:g} s"
            )
        await asyncio.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE_S)


def sentence(event: dict[str, Any]) -> str:
    """Say in a line what happened: when, what kind, and its sentence."""
    kind, words = str(event["type"]), str(event.get("message") or "")
    call = _call_of(event)
    if kind == "call_state" and call:
        words = f"{call['from']} > {call['to']}: {event['payload']['state']}"
        if call.get("reason"):
            words += f" ({call['reason']})"
    elif kind == "call_flow":
        command = event["payload"]["command"]
        words = f"<{command['name']}> line {command['line']}: {command['reason']}"
    colour = typer.colors.RED if event.get("success") is False else _COLOURS.get(kind)
    time = str(event["timestamp"])[11:23]
    return f"{time}  {typer.style(kind.ljust(12), fg=colour)} {words}"


def _call_of(event: dict[str, Any]) -> dict[str, Any]:
    """Find the call that an event is about: beside its payload, or within."""
    payload = event.get("payload")
    within = payload.get("call") if isinstance(payload, dict) else None
    return next((each for each in (event.get("call"), within) if isinstance(each, dict)), {})


def _calls_of(event: dict[str, Any]) -> set[str]:
    call = _call_of(event)
    parent = (call.get("parent") or {}).get("uuid")
    return {str(each) for each in (event.get("ref_id"), call.get("uuid"), parent) if each}


def _check(event: dict[str, Any]) -> None:
    if event.get("success") is False:
        raise LoginRefused(f"The server refused the login: {event.get('message')}")


def _socket(url: str) -> str:
    return f"{url.replace('http', 'ws', 1)}/ws"
