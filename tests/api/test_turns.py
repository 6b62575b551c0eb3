"""Requests begin at turns of the loop in which nothing else is done, and never wait for long."""

import asyncio
from typing import Any

from starlette.types import Receive, Scope, Send

from opentact.api.turns import FEW, IDLE_TURN_S, LONGEST_S, LOOKS, REST_S, SLOW_S, Turns
from support.virtual_time import VirtualLoop, passes, settle, virtually

STEP_S = 20 * IDLE_TURN_S


class Server:
    """An app that notes when its requests begin, beside calls that take their time."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.answer = asyncio.Event()
        self.answer.set()
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        self.loop = loop
        self.calls = True
        self.turns = Turns(self.app, calls=lambda: self.calls, seconds=loop.time)

    async def app(self, scope: Scope, _receive: Receive, _send: Send) -> None:
        self.notes.append(scope["path"])
        await self.answer.wait()

    def ask(self, path: str, kind: str = "http") -> "asyncio.Task[None]":
        unused: Any = None
        return asyncio.create_task(self.turns({"type": kind, "path": path}, unused, unused))

    async def call(self, steps: int, each: float = STEP_S) -> None:
        for _ in range(steps):
            self.notes.append("-")
            self.loop.now += each
            await asyncio.sleep(0)


async def idle(server: Server) -> None:
    """Have a request begin, so that the time since the last one is short."""
    await server.ask("first")
    server.notes.clear()


@virtually
async def test_a_call_takes_its_steps_before_a_request_begins() -> None:
    server = Server()
    await idle(server)
    await asyncio.gather(server.call(8), server.ask("a"))
    assert server.notes == ["-"] * 8 + ["a"]


@virtually
async def test_requests_begin_in_the_order_they_came() -> None:
    server = Server()
    await asyncio.gather(*[server.ask(path) for path in "abcd"])
    assert server.notes == ["a", "b", "c", "d"]


@virtually
async def test_no_request_waits_for_ever_while_calls_are_on() -> None:
    server = Server()
    await idle(server)
    steps = int(3 * LONGEST_S / STEP_S)
    await asyncio.gather(server.call(steps), *[server.ask(path) for path in "ab"])
    begun = [server.notes.index(path) for path in "ab"]
    assert begun[0] * STEP_S >= LONGEST_S
    assert begun[1] - begun[0] >= LONGEST_S / STEP_S
    assert begun[1] < steps


@virtually
async def test_a_client_that_leaves_takes_no_turn_from_the_others() -> None:
    server = Server()
    asked = [server.ask(path) for path in "abc"]
    await asyncio.sleep(0)
    asked[1].cancel()
    await asyncio.wait(asked)
    assert server.notes == ["a", "c"]
    await server.ask("later")
    assert server.notes[-1] == "later"


@virtually
async def test_what_is_no_request_waits_for_nothing() -> None:
    server = Server()
    server.ask("a")
    await server.ask("socket", kind="websocket")
    assert server.notes[0] == "socket"


@virtually
async def test_while_nobody_calls_nobody_waits() -> None:
    server = Server()
    server.calls = False
    server.answer.clear()
    asked = [server.ask(path) for path in "abcd"]
    await asyncio.sleep(0)
    assert server.notes == [*"abcd"]
    server.answer.set()
    await asyncio.wait(asked)


@virtually
async def test_few_requests_are_under_way_at_once() -> None:
    server = Server()
    await idle(server)
    server.answer.clear()
    asked = [server.ask(path) for path in "abcd"]
    await settle()
    assert server.notes == [*"abcd"][:FEW]
    server.answer.set()
    await asyncio.wait(asked)
    assert server.notes == [*"abcd"]


@virtually
async def test_a_slow_request_keeps_nobody_from_beginning() -> None:
    server = Server()
    await idle(server)
    server.answer.clear()
    asked = [server.ask(path) for path in "abcd"]
    await settle()
    assert len(server.notes) == FEW
    await passes(SLOW_S + REST_S)
    assert server.notes == [*"abcd"]
    server.answer.set()
    await asyncio.wait(asked)


@virtually
async def test_while_calls_are_on_it_looks_now_and_then_and_lets_the_loop_sleep() -> None:
    server = Server()
    await idle(server)
    looks = 0

    def seconds() -> float:
        nonlocal looks
        looks += 1
        return server.loop.time()

    server.turns._seconds = seconds
    asked = server.ask("a")
    steps = int(LONGEST_S / IDLE_TURN_S / 4)
    await asyncio.gather(server.call(steps, 2 * IDLE_TURN_S), asked)
    assert server.notes == ["-"] * steps + ["a"]
    assert LOOKS < looks < steps / 3


@virtually
async def test_the_end_of_a_request_ends_the_rest() -> None:
    server = Server()
    await idle(server)
    server.answer.clear()
    asked = [server.ask(path) for path in "abcd"]
    await settle()
    before = server.loop.time()
    server.answer.set()
    await asyncio.wait(asked)
    assert server.notes == [*"abcd"]
    assert server.loop.time() == before
