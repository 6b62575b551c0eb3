"""The websocket behind the real server and a real client: pings, pushes and slow readers."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from opentact.api.websocket import SERVER_OPTIONS
from opentact.events import websocket_session
from support.happenings import change_balance
from support.world import World, build_world


@asynccontextmanager
async def serving(world: World, **options: Any) -> AsyncIterator[str]:
    """Serve the world on a free port; give the websocket's URL."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        settings: dict[str, Any] = {**SERVER_OPTIONS, "lifespan": "off", **options}
        config = uvicorn.Config(world.app, log_level="critical", **settings)
        server = uvicorn.Server(config)
        task = asyncio.create_task(server.serve([listening]))
        try:
            yield f"ws://127.0.0.1:{listening.getsockname()[1]}/ws"
        finally:
            server.should_exit = True
            await task


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with build_world(f"sqlite+aiosqlite:///{tmp_path / 'opentact.db'}") as world:
        yield world


async def login(client: ClientConnection, token: str) -> None:
    await client.send(json.dumps({"type": "auth", "payload": token}))
    assert json.loads(await client.recv())["success"] is True


async def test_events_reach_a_real_client_in_order(world: World) -> None:
    async with serving(world) as url, connect(url) as client:
        await login(client, world.alice.token)
        await change_balance(world, world.alice, *range(500))
        heard = [json.loads(await client.recv())["payload"] for _ in range(500)]
        assert heard == list(range(500))


async def test_a_wrong_token_is_closed_with_4401(world: World) -> None:
    async with serving(world) as url, connect(url) as client:
        await client.send('{"type":"auth","payload":"wrong"}')
        assert json.loads(await client.recv())["success"] is False
        with pytest.raises(ConnectionClosed):
            await client.recv()
        assert client.close_code == 4401


async def test_a_frame_over_the_servers_limit_is_closed_with_1009(world: World) -> None:
    async with serving(world) as url, connect(url) as client:
        await client.send("x" * (int(SERVER_OPTIONS["ws_max_size"]) + 1))
        with pytest.raises(ConnectionClosed):
            await client.recv()
        assert client.close_code == 1009


async def test_a_reader_that_does_not_read_is_cut_with_4408(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(websocket_session, "STALLED_S", 0.2)
    async with serving(world) as url, connect(url, max_queue=1) as client:
        await login(client, world.alice.token)
        client.transport.pause_reading()
        # 400-byte frames: enough to fill the buffers of both ends of a loopback connection.
        while world.services.presence.sockets:
            await change_balance(world, world.alice, *range(2000))
            if len(world.published) > 30_000:
                break
        async with asyncio.timeout(20):
            client.transport.resume_reading()
            with suppress(ConnectionClosed):
                while True:
                    await client.recv()
        assert client.close_code == 4408
    assert world.services.presence.sockets == 0


async def test_a_peer_that_answers_no_ping_is_dropped(world: World) -> None:
    quick = {"ws_ping_interval": 0.1, "ws_ping_timeout": 0.2}
    async with serving(world, **quick) as url, connect(url, ping_interval=None) as client:
        await login(client, world.alice.token)
        assert world.services.presence.sockets == 1
        client.transport.pause_reading()
        async with asyncio.timeout(10):
            while world.services.presence.sockets:  # noqa: ASYNC110 - as an operator would see it
                await asyncio.sleep(0.05)
        client.transport.abort()


async def test_the_server_closes_its_websockets_when_it_stops(world: World) -> None:
    async with serving(world) as url:
        client = await connect(url)
        await login(client, world.alice.token)
    with pytest.raises(ConnectionClosed):
        await client.recv()
    assert client.close_code == 1012


def test_the_server_pings_every_thirty_seconds() -> None:
    assert SERVER_OPTIONS["ws_ping_interval"] == 30
