"""The demo, when the server is not as it should be: each step fails with a sentence."""

import io
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from rich.console import Console

from opentact.app import demo as module
from opentact.app.demo import Demo, DemoFailed
from opentact.app.simulate import CallOutcome, CallPlan
from opentact.voice.testing_engines import PaperSpeech

NUMBER = {
    "tn": 12025550100,
    "city": "Washington",
    "rate_center": "WSHNGTNZN1",
    "state": "DC",
    "features": ["voice", "sms"],
}
ORDER = {"uuid": "1", "state": "success"}
WELCOME = {"type": "auth", "success": True}
GOOD: dict[str, Any] = {
    "POST /rest/tn/search": {"data": [NUMBER]},
    "POST /rest/order": ORDER,
    "GET /rest/order/1": ORDER,
    "POST /rest/sip/app": {"uuid": "2", "name": "demo menu"},
    "POST /rest/sip/app/call/flow/2": {},
    "GET /rest/lease/tn/12025550100/tn": {"uuid": "3"},
    "POST /rest/sip/app/2/tnlease": [],
}


class Server:
    """A server that answers as `payloads` say, refuses what `refused` names, and greets so."""

    def __init__(self) -> None:
        self.payloads = dict(GOOD)
        self.refused: dict[str, str] = {}
        self.broken = ""
        self.greeting: dict[str, Any] | None = WELCOME
        self.tokens: set[str | None] = set()

    async def rest(self, request: web.Request) -> web.Response:
        self.tokens.add(request.headers.get("X-Auth-Token"))
        what = f"{request.method} {request.path}"
        if what in self.refused:
            refusal = {"success": False, "message": self.refused[what]}
            return web.json_response(refusal, status=409)
        if what == self.broken:
            return web.Response(status=502, text="<h1>Bad Gateway</h1>", content_type="text/html")
        return web.json_response({"success": True, "payload": self.payloads[what]})

    async def socket(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        hello = json.loads(await socket.receive_str())
        self.tokens.add(hello["payload"])
        if self.greeting is not None:
            await socket.send_json(self.greeting)
            await socket.receive()
        return socket


@pytest.fixture
async def server() -> Server:
    return Server()


@pytest.fixture
async def demo(server: Server) -> AsyncIterator[Demo]:
    app = web.Application()
    app.router.add_get("/ws", server.socket)
    app.router.add_route("*", "/{path:.*}", server.rest)
    async with TestServer(app) as running:
        url = str(running.make_url(""))
        console = Console(file=io.StringIO())
        yield Demo(url, ("127.0.0.1", 9), "the token", PaperSpeech(), console)


@pytest.mark.parametrize("step", [step for step in GOOD if step != "GET /rest/order/1"])
async def test_a_step_that_is_refused_is_named_with_the_refusal(
    demo: Demo, server: Server, step: str
) -> None:
    server.refused[step] = "Not today"
    with pytest.raises(DemoFailed) as failed:
        await demo.run()
    assert str(failed.value) == f"{step} answered 409: Not today"
    assert server.tokens == {"the token"}


async def test_what_is_no_answer_of_ours_is_told(demo: Demo, server: Server) -> None:
    server.broken = "POST /rest/sip/app"
    with pytest.raises(DemoFailed, match="POST /rest/sip/app answered 502, and no JSON"):
        await demo.run()


async def test_that_nothing_is_for_sale_is_told(demo: Demo, server: Server) -> None:
    server.payloads["POST /rest/tn/search"] = {"data": []}
    with pytest.raises(DemoFailed, match="is for sale"):
        await demo.run()


async def test_an_order_that_fails_is_told_with_its_state(demo: Demo, server: Server) -> None:
    server.payloads["POST /rest/order"] = {**ORDER, "state": "processing"}
    server.payloads["GET /rest/order/1"] = {**ORDER, "state": "failed"}
    with pytest.raises(DemoFailed, match=r"order of \+12025550100 ended as failed"):
        await demo.run()


async def test_a_websocket_that_refuses_is_told(demo: Demo, server: Server) -> None:
    server.greeting = {"success": False, "message": "Unauthorized"}
    with pytest.raises(DemoFailed, match="refused the token: Unauthorized"):
        await demo.run()


async def test_a_websocket_that_ends_at_once_is_told(demo: Demo, server: Server) -> None:
    server.greeting = None
    with pytest.raises(DemoFailed, match="websocket ended"):
        await demo.run()


async def test_a_call_that_is_refused_is_told_with_its_status(
    demo: Demo, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Refused:
        def __init__(self, plan: CallPlan, tell: object) -> None:
            assert (plan.called, plan.server) == ("12025550100", ("127.0.0.1", 9))
            assert callable(tell)

        async def run(self) -> CallOutcome:
            return CallOutcome(status=503, phrase="Service Unavailable")

    monkeypatch.setattr(module, "Caller", Refused)
    with pytest.raises(DemoFailed, match="not answered: 503 Service Unavailable"):
        await demo.run()
