"""The running server as the commands ask it: with whose token, and what it says when it refuses."""

import base64
import json
import os
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from opentact.kit.faults import Fault

from .settings import Settings, load

FILE = "credentials.json"
PATIENCE_S = 10.0
Token = Annotated[
    str | None,
    typer.Option(envvar="OPENTACT_TOKEN", help="An API token; the demo account's if not given."),
]


class NoToken(Fault):
    """There is no API token to ask with: give --token, or --data with the server's folder."""

    code = "no_token"


class CredentialsUnreadable(Fault):
    """`credentials.json` is damaged: mend or remove it, and start the server again."""

    code = "credentials_unreadable"


class ServerNotReached(Fault):
    """The server does not answer: start it with `opentact serve`, or name it with --http."""

    code = "server_not_reached"
    status = 503


class Refused(Fault):
    """The server refused: its own sentence says why."""

    code = "refused_by_server"


@dataclass(frozen=True, slots=True)
class Api:
    """The API of a server, for one client. `url` has no slash at its end."""

    url: str
    token: str = ""
    login: str = ""  # "EMAIL:PASSWORD", for whoever has no token

    def ask(self, path: str, body: object = None) -> Any:
        """GET a path, or POST a body to it; give the payload of the answer."""
        headers = {"Authorization": self._authorization(), "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}{path}", data, headers)  # noqa: S310 - http(s), named by the operator
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:  # noqa: S310
                return json.load(answer)["payload"]
        except urllib.error.HTTPError as refused:
            raise Refused(f"The server at {self.url} refused: {_why(refused)}") from None
        except (OSError, ValueError) as error:
            reason = getattr(error, "reason", error)
            raise ServerNotReached(
                f"No server answers at {self.url}: {reason}. Start one with `opentact serve`,"
                " or name it with --http HOST:PORT"
            ) from None

    def _authorization(self) -> str:
        if self.login:
            return f"Basic {base64.b64encode(self.login.encode()).decode()}"
        return f"Bearer {self.token}"


def api_of(given: dict[str, Any], token: str | None) -> Api:
    """Find the server, and a token: the one given, or the demo account's."""
    settings = load(given)
    known = known_credentials(settings)
    token = token or known.get("demo", {}).get("token")
    if not token:
        file = settings.data / FILE
        raise NoToken(f"{file} has no token: give --token, or --data with the server's folder")
    return Api(server_url(given, settings, known), token)


def server_url(given: dict[str, Any], settings: Settings, known: dict[str, Any]) -> str:
    """Say where the server is: as named to the command, else as it wrote when it started."""
    named = given.get("http") is not None or "OPENTACT_HTTP" in os.environ
    url = f"http://{settings.http}" if named or "http" not in known else str(known["http"])
    return url.rstrip("/")


def known_credentials(settings: Settings) -> dict[str, Any]:
    """Read what the server wrote at its first start; nothing if there is no such file."""
    try:
        known: dict[str, Any] = json.loads((settings.data / FILE).read_text())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise CredentialsUnreadable(f"{settings.data / FILE} cannot be read: {error}") from None
    return known


def _why(refused: urllib.error.HTTPError) -> str:
    try:
        return str(json.loads(refused.read())["message"])
    except (ValueError, KeyError, TypeError):
        return str(refused.reason)
