"""Requests begin one at a turn of the loop; what else the loop has to do comes in between."""

import asyncio
from itertools import pairwise
from typing import Any

from starlette.types import Receive, Scope, Send

from opentact.api.turns import Turns


class Server:
    """An app that notes when its requests begin, beside something that wants every turn."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.turns = Turns(self.app)

    async def app(self, scope: Scope, _receive: Receive, _send: Send) -> None:
        self.notes.append(scope["path"])

    def ask(self, path: str, kind: str = "http") -> "asyncio.Task[None]":
        unused: Any = None
        return asyncio.create_task(self.turns({"type": kind, "path": path}, unused, unused))

    async def beat(self) -> None:
        for _ in range(12):
            self.notes.append("-")
            await asyncio.sleep(0)


async def test_another_has_its_turn_between_two_requests() -> None:
    server = Server()
    asked = [server.ask(path) for path in "abcd"]
    await asyncio.gather(server.beat(), *asked)
    begun = [server.notes.index(path) for path in "abcd"]
    assert all(later - earlier > 1 for earlier, later in pairwise(begun))


async def test_a_client_that_leaves_takes_no_turn_from_the_others() -> None:
    server = Server()
    asked = [server.ask(path) for path in "abc"]
    await asyncio.sleep(0)
    asked[1].cancel()
    await asyncio.wait(asked)
    assert server.notes == ["a", "c"]
    await server.ask("later")
    assert server.notes[-1] == "later"


async def test_what_is_no_request_waits_for_nothing() -> None:
    server = Server()
    server.ask("a")
    await server.ask("socket", kind="websocket")
    assert server.notes[0] == "socket"
