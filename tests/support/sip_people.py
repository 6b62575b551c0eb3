"""SIP domains and their users, made through the API, and their applications' logins."""

from hashlib import md5
from typing import Any

import httpx

from .world import Tenant, World

SECRET = "correct horse battery"
DOMAINS = "/rest/sip/domain"


async def domain(who: Tenant, name: str = "acme") -> str:
    """Make a domain; gives its full name."""
    answer = await who.client.post(DOMAINS, json={"domain": name})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["payload"]["domain"])


async def user(who: Tenant, login: str, at: str = "acme", **body: Any) -> dict[str, Any]:
    """Make a user of a domain that is there."""
    sent = {"login": login, "password": SECRET, **body}
    answer = await who.client.post(f"{DOMAINS}/{at}/user", json=sent)
    assert answer.status_code == 201, answer.text
    payload: dict[str, Any] = answer.json()["payload"]
    return payload


def ha1b(login: str, at: str = "acme.sip.localhost", password: str = SECRET) -> str:
    """Work out a user's HA1B as its application would (spec/01)."""
    return md5(f"{login}@{at}:{at}:{password}".encode(), usedforsecurity=False).hexdigest()


def as_user(login: str, at: str = "acme.sip.localhost", password: str = SECRET) -> dict[str, str]:
    """Give the header that logs a user's application in."""
    return {"X-Auth-HA1B-Token": ha1b(login, at, password)}


class Application:
    """A SIP user's application: `world`'s API, logged in as the user."""

    def __init__(self, world: World, login: str, **whose: str) -> None:
        self._client = world.anonymous
        self._headers = as_user(login, **whose)

    async def ask(self, method: str, path: str = "", body: Any = None) -> httpx.Response:
        """Ask `/rest/app<path>`."""
        return await self._client.request(
            method, f"/rest/app{path}", json=body, headers=self._headers
        )

    async def get(self, path: str = "") -> Any:
        """Ask for something that is there."""
        answer = await self.ask("GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json()["payload"]
