"""The exchange of a node: it takes calls where the settings say, or tells why it cannot."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from opentact.accounts.passwords import Passwords
from opentact.adapters.sip.endpoint import SipEndpoint
from opentact.adapters.storage.database import Database
from opentact.app.exchange import PortTaken
from opentact.app.platform import open_platform
from opentact.app.settings import Settings
from opentact.app.setup import open_database
from opentact.voice.switchboard import Switchboard

LOOPBACK = "127.0.0.1"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path, sip=f"{LOOPBACK}:0", sip_tcp="off", media="inline")


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    with closing(Passwords(asyncio.get_running_loop().time)) as passwords:
        ready = await open_database(settings, passwords)
    yield ready.database
    await ready.database.close()


async def test_sip_is_served_while_the_block_lasts(settings: Settings, database: Database) -> None:
    async with open_platform(settings, database) as platform, AsyncExitStack() as stack:
        caller = await SipEndpoint.open(LOOPBACK, 0, on_call=lambda leg: leg.reject(480))
        stack.push_async_callback(caller.close)
        host, port = platform.sip.local[:2]
        target = f"sip:{host}:{port}"
        reply = await caller.ask("OPTIONS", target, to=f"<{target}>", caller="<sip:me@there>")
        assert reply.status == 200
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as free:
        free.bind((host, port))


async def test_calls_end_while_sip_can_still_say_so(
    settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[str] = []

    def note(kind: type[SipEndpoint | Switchboard]) -> None:
        close = kind.close

        async def noted(part: Any) -> None:
            ended.append(kind.__name__)
            await close(part)

        monkeypatch.setattr(kind, "close", noted)

    note(SipEndpoint)
    note(Switchboard)
    async with open_platform(replace(settings, dev_carrier="off"), database):
        assert ended == []
    assert ended == ["Switchboard", "SipEndpoint"]


async def test_a_taken_port_is_one_sentence_and_leaves_nothing_open(
    settings: Settings, database: Database
) -> None:
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as taken:
        taken.bind((LOOPBACK, 0))
        place = f"{LOOPBACK}:{taken.getsockname()[1]}"
        with pytest.raises(PortTaken) as refused:
            async with open_platform(replace(settings, sip=place), database):
                pytest.fail("it started")
    assert str(refused.value) == (
        f"SIP cannot listen on {place} (UDP): Address already in use."
        " Stop what uses it, or choose another with --sip HOST:PORT"
    )
    async with open_platform(replace(settings, sip=place), database) as platform:
        assert platform.sip.local[1] == int(place.rpartition(":")[2])
