import asyncio
import json
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from opentact.app.cli_api import (
    Api,
    CredentialsUnreadable,
    NoToken,
    Refused,
    ServerNotReached,
    api_of,
)


def folder(tmp_path: Path, **credentials: object) -> Path:
    (tmp_path / "credentials.json").write_text(json.dumps(credentials))
    return tmp_path


def test_the_demo_account_asks_unless_a_token_is_given(tmp_path: Path) -> None:
    data = folder(tmp_path, http="http://127.0.0.1:9999/", demo={"token": "abc"})
    assert api_of({"data": data}, None) == Api("http://127.0.0.1:9999", "abc")
    assert api_of({"data": data}, "xyz") == Api("http://127.0.0.1:9999", "xyz")
    assert api_of({"data": data, "http": "127.0.0.1:1"}, None).url == "http://127.0.0.1:1"


def test_without_a_token_it_says_how_to_give_one(tmp_path: Path) -> None:
    with pytest.raises(NoToken, match="give --token, or --data"):
        api_of({"data": tmp_path}, None)
    (tmp_path / "credentials.json").write_text("{")
    with pytest.raises(CredentialsUnreadable, match="cannot be read"):
        api_of({"data": tmp_path}, "abc")


async def test_it_asks_with_the_token_and_gives_what_the_server_says() -> None:
    async def echo(request: web.Request) -> web.Response:
        token = request.headers["Authorization"].removeprefix("Bearer ")
        body = await request.json() if request.can_read_body else None
        return web.json_response({"payload": {"token": token, "body": body}})

    async def refuse(_: web.Request) -> web.Response:
        return web.json_response({"message": "Call not found"}, status=404)

    app = web.Application()
    app.router.add_route("*", "/echo", echo)
    app.router.add_get("/refuse", refuse)
    async with TestServer(app) as server:
        api = Api(str(server.make_url("")).rstrip("/"), "abc")
        assert await asyncio.to_thread(api.ask, "/echo") == {"token": "abc", "body": None}
        assert (await asyncio.to_thread(api.ask, "/echo", {"take": 1}))["body"] == {"take": 1}
        with pytest.raises(Refused, match="Call not found"):
            await asyncio.to_thread(api.ask, "/refuse")
    with pytest.raises(ServerNotReached, match="opentact serve"):
        await asyncio.to_thread(api.ask, "/echo")
