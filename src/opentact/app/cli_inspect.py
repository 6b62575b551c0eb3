"""`opentact inspect`: asks the running server what its living things are doing."""

from typing import Annotated, Any

import typer

from opentact.kit.faults import Fault

from .cli_api import Api, known_credentials, server_url
from .cli_output import Data, Http, Json, print_json, print_table
from .settings import load

WHAT = (
    "calls",
    "registrations",
    "transactions",
    "dialogs",
    "connections",
    "trunks",
    "guard",
    "media",
    "jobs",
    "speech",
)
inspect_app = typer.Typer()


class NoAdminCredentials(Fault):
    """Only an admin may look: give --token, or --data with the folder of credentials.json."""

    code = "no_admin_credentials"


@inspect_app.command()
def inspect(
    what: Annotated[str, typer.Argument(help=f"One of {', '.join(WHAT)}.")],
    token: Annotated[
        str | None, typer.Option(envvar="OPENTACT_TOKEN", help="An admin's token.")
    ] = None,
    data: Data = None,
    http: Http = None,
    *,
    as_json: Json = False,
) -> None:
    """See what every living thing of the server is doing."""
    if what not in WHAT:
        raise typer.BadParameter(f"{what!r} is none of {', '.join(WHAT)}", param_hint="WHAT")
    rows = _admin_api({"data": data, "http": http}, token).ask(f"/rest/admin/inspect/{what}")
    if as_json:
        print_json(rows)
    else:
        print_table(rows, nothing=f"no {what} now")


def _admin_api(given: dict[str, Any], token: str | None) -> Api:
    settings = load(given)
    known = known_credentials(settings)
    url = server_url(given, settings, known)
    if token:
        return Api(url, token)
    admin = known.get("admin")
    if not admin:
        folder = settings.data
        raise NoAdminCredentials(
            f"Only an admin may look, and {folder} knows none: give --token, or --data DIR"
        )
    return Api(url, login=f"{admin['email']}:{admin['password']}")
