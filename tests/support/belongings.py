"""One of everything that an account can own, made through the API as a customer would."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx

FLOW = b"<Response><Say>Hello</Say></Response>"
Make = Callable[[httpx.AsyncClient, dict[str, str]], Awaitable[str]]


async def posted(client: httpx.AsyncClient, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """Create something, and give the object of the answer."""
    answer = await client.post(path, json=body)
    assert answer.status_code in {200, 201}, f"POST {path}: {answer.text}"
    payload: dict[str, Any] = answer.json()["payload"]
    return payload


def _made_by(path: str, body: dict[str, Any], key: str = "uuid") -> Make:
    async def make(client: httpx.AsyncClient, owned: dict[str, str]) -> str:
        filled = {
            name: value.format(**owned) if isinstance(value, str) else value
            for name, value in body.items()
        }
        return str((await posted(client, path, filled))[key])

    return make


async def _second_user(client: httpx.AsyncClient, owned: dict[str, str]) -> str:
    name = f"second-{owned['account']}-{owned['round']}@example.com"
    body = {"email": name, "password": "correct horse battery"}
    return str((await posted(client, "/rest/account/user", body))["uuid"])


async def _flow(client: httpx.AsyncClient, owned: dict[str, str]) -> str:
    path = f"/rest/sip/app/call/flow/{owned['app']}"
    answer = await client.post(path, files={"file": ("flow.xml", FLOW)})
    assert answer.status_code == 200, answer.text
    return owned["app"]


# In the order of making: a later one may point at an earlier one.
THINGS: dict[str, Make] = {
    "token": _made_by("/rest/token", {"name": "spare"}),
    "token_text": _made_by("/rest/token", {"name": "spare"}, "token"),
    "second_user": _second_user,
    "subscription": _made_by("/rest/event/subscription", {"type": "balance"}),
    "messaging_profile": _made_by("/rest/profile/messaging", {"name": "texts"}),
    "voice_profile": _made_by("/rest/profile/outbound_voice", {"name": "calls out"}),
    "used_voice_profile": _made_by("/rest/profile/outbound_voice", {"name": "in use"}),
    "connection": _made_by(
        "/rest/sip/connection",
        {
            "name": "office",
            "ip": "192.0.2.7",
            "port": 5060,
            "outbound_voice_profile": "{used_voice_profile}",
        },
    ),
    "app": _made_by("/rest/sip/app", {"name": "menu"}),
    "app_with_flow": _flow,
}


async def belongings(
    client: httpx.AsyncClient, account: object, user: object, made: int = 0
) -> dict[str, str]:
    """Make one of everything; `made` tells one set of an account from another."""
    owned = {"account": str(account), "user": str(user), "round": str(made)}
    for name, make in THINGS.items():
        owned[name] = await make(client, owned)
    del owned["round"]
    return owned
