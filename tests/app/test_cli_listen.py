import asyncio
import json
from contextlib import suppress
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve

from opentact.app.cli_api import Api
from opentact.app.cli_listen import LoginRefused, Wanted, follow, sentence
from support.samples import frames

FRAMES = frames()


def test_each_event_is_one_plain_line() -> None:
    for name, frame in FRAMES.items():
        if name != "auth":
            line = sentence(frame)
            assert "\n" not in line
            assert "16:41:44.795" in line
    assert "+12015550168 > 12015550100: ringing" in sentence(FRAMES["call_state.ringing"])
    assert "(The caller hung up)" in sentence(FRAMES["call_state.hangup"])
    assert "<Say> line 3: Said 12 words" in sentence(FRAMES["call_flow"])


def test_what_failed_is_red() -> None:
    assert sentence(FRAMES["call_flow.failed"]).count("\x1b[31m") == 1


def test_events_are_picked_by_type_and_by_call() -> None:
    ringing, balance = FRAMES["call_state.ringing"], FRAMES["balance"]
    assert Wanted().takes(balance)
    assert Wanted(frozenset({"balance"})).takes(balance)
    assert not Wanted(frozenset({"balance"})).takes(ringing)
    assert Wanted(call=ringing["ref_id"]).takes(ringing)
    assert Wanted(call=ringing["ref_id"]).takes(FRAMES["call_flow"])
    assert not Wanted(call=ringing["ref_id"]).takes(balance)
    leg = {**ringing, "ref_id": "x", "call": {"uuid": "x", "parent": {"uuid": ringing["ref_id"]}}}
    assert Wanted(call=ringing["ref_id"]).takes(leg)


class Platform:
    """A websocket that welcomes, tells one event, and hangs up."""

    def __init__(self) -> None:
        self.logins: list[dict[str, Any]] = []

    async def talk(self, socket: ServerConnection) -> None:
        self.logins.append(json.loads(await socket.recv()))
        if self.logins[-1]["payload"] != "abc":
            refusal = {"type": "auth", "success": False, "message": "Unknown token"}
            await socket.send(json.dumps(refusal))
            return
        await socket.send(json.dumps({**FRAMES["auth"], "after": "the newest"}))
        number = len(self.logins)
        if number > 1:
            event = {**FRAMES["balance"], "uuid": f"event {number}"}
            await socket.send(json.dumps(event))


async def followed(token: str, events: int) -> tuple[Platform, list[str], list[str]]:
    platform, shown, said = Platform(), list[str](), list[str]()
    enough = asyncio.Event()

    def show(event: dict[str, Any]) -> None:
        shown.append(event["uuid"])
        if len(shown) == events:
            enough.set()

    async with serve(platform.talk, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        api = Api(f"http://127.0.0.1:{port}", token)
        following = asyncio.create_task(follow(api, show, said.append, pause_s=0.01))
        waiting = asyncio.create_task(enough.wait())
        async with asyncio.timeout(10):
            await asyncio.wait({following, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following
    return platform, shown, said


async def test_after_a_lost_connection_it_goes_on_from_the_last_event() -> None:
    platform, shown, _ = await followed("abc", 2)
    assert shown[:2] == ["event 2", "event 3"]
    assert [login["after"] for login in platform.logins[:3]] == [None, "the newest", "event 2"]


async def test_a_refused_login_ends_it_with_the_reason() -> None:
    with pytest.raises(LoginRefused, match="Unknown token"):
        await followed("wrong", 1)


async def test_a_server_that_is_away_is_told_and_asked_again() -> None:
    said: list[str] = []
    enough = asyncio.Event()

    def say(words: str) -> None:
        said.append(words)
        if len(said) == 3:
            enough.set()

    api = Api("http://127.0.0.1:9", "abc")
    following = asyncio.create_task(follow(api, lambda _: None, say, pause_s=0.01))
    async with asyncio.timeout(10):
        await enough.wait()
    following.cancel()
    assert "again in 0.01 s" in said[0]
    assert "again in 0.04 s" in said[2]
