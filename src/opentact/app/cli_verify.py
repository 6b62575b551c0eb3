"""`opentact numbers verify`: have a number called, show the code, and wait until it is entered."""

import time
from typing import Annotated, Any

import typer
from rich.console import Console

from opentact.kit.faults import Fault

from .cli_api import Api, Token, api_of
from .cli_output import Data, Http, Json, print_json
from .cli_place import LOOK_S, Caller, Profile, number_of, profile_of


class NotVerified(Fault):
    """The number is not verified: nobody there entered the code."""

    code = "not_verified"


def verify(
    number: Annotated[str, typer.Argument(help="A number of elsewhere that is to be shown.")],
    name: Annotated[str | None, typer.Option(help="What the number is called in lists.")] = None,
    caller: Caller = None,
    profile: Profile = None,
    token: Token = None,
    data: Data = None,
    http: Http = None,
    *,
    as_json: Json = False,
) -> None:
    """Have a number called for a code, so that calls may show it as their caller."""
    api = api_of({"data": data, "http": http}, token)
    body = {
        "tn": number,
        "name": name,
        "outbound_voice_profile": profile_of(api, profile),
        "from": number_of(api, caller),
    }
    asked = api.ask("/rest/verified_number", body)
    # Apart from the answer, which is for programs: whoever reads it here has to type it there.
    Console(stderr=True, highlight=False).print(
        f"+{asked['tn']} is being called: enter [bold]{asked['code']}[/] there"
    )
    told = settled(api, asked["uuid"])
    if as_json:
        print_json(told)
    if told["state"] != "verified":
        raise NotVerified(f"+{told['tn']} is not verified: {told['reason']}")
    if not as_json:
        typer.echo(f"+{told['tn']} is verified")


def settled(api: Api, uuid: str) -> dict[str, Any]:
    """Wait until it is known whether the code was entered."""
    while True:
        told: dict[str, Any] = api.ask(f"/rest/verified_number/{uuid}")
        if told["state"] != "pending":
            return told
        time.sleep(LOOK_S)
