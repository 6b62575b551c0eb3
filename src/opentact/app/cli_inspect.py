"""`opentact inspect`: asks the running server what its living things are doing."""

import base64
import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Annotated, Any

import typer

from opentact.kit.faults import Fault

from .cli_output import Data, Http, Json, print_json, print_table
from .settings import Settings, load

FILE = "credentials.json"
PATIENCE_S = 10.0
WHAT = (
    "calls",
    "registrations",
    "transactions",
    "connections",
    "trunks",
    "guard",
    "media",
    "jobs",
    "speech",
)
inspect_app = typer.Typer()


class ServerNotReached(Fault):
    """The server does not answer: start it with `opentact serve`, or name it with --http."""

    code = "server_not_reached"
    status = 503


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
    settings = load({"data": data, "http": http})
    url, authorization = _access(settings, token, named=http is not None)
    rows = _ask(f"{url}/rest/admin/inspect/{what}", authorization)
    if as_json:
        print_json(rows)
    else:
        print_table(rows, nothing=f"no {what} now")


def _access(settings: Settings, token: str | None, *, named: bool) -> tuple[str, str]:
    file = settings.data / FILE
    known = _read(file)
    url = f"http://{settings.http}" if named or not known else str(known["http"])
    if token:
        return url, f"Bearer {token}"
    if not known:
        raise NoAdminCredentials(
            f"Only an admin may look, and {file} is not there: give --token, or --data DIR"
        )
    admin = known["admin"]
    login = base64.b64encode(f"{admin['email']}:{admin['password']}".encode()).decode()
    return url, f"Basic {login}"


def _read(file: Path) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads(file.read_text())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise NoAdminCredentials(f"{file} cannot be read: {error}") from None
    return found


def _ask(url: str, authorization: str) -> list[dict[str, Any]]:
    request = urllib.request.Request(url, headers={"Authorization": authorization})  # noqa: S310 - http, of our own making
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:  # noqa: S310
            rows: list[dict[str, Any]] = json.load(answer)["payload"]
    except urllib.error.HTTPError as refused:
        said = json.loads(refused.read() or b"{}").get("message", refused.reason)
        raise NoAdminCredentials(f"The server at {url} refused: {said}") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise ServerNotReached(
            f"No server answers at {url}: {reason}. Start one with `opentact serve`,"
            " or name it with --http HOST:PORT"
        ) from None
    return rows
