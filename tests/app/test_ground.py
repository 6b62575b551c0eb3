"""What a node stands on: its books are opened in order, and closed in the order that is safe."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, closing
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from opentact.accounts.passwords import Passwords
from opentact.adapters.storage.database import Database
from opentact.adapters.storage.journal import Journal
from opentact.app.ground import lay_ground, local_url, public_url
from opentact.app.settings import Settings
from opentact.app.setup import open_database
from opentact.kit.clock import SystemClock
from opentact.voice.call_book import CallBook


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path, sip="127.0.0.1:0", media="inline")


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    with closing(Passwords(asyncio.get_running_loop().time)) as passwords:
        ready = await open_database(settings, passwords)
    yield ready.database
    await ready.database.close()


async def test_keys_stay_the_same_from_one_start_to_the_next(
    settings: Settings, database: Database
) -> None:
    now = SystemClock().now()
    links = []
    for _ in range(2):
        async with AsyncExitStack() as stack:
            ground = await lay_ground(stack, settings, database)
            links.append(ground.links.link(UUID(int=1), now))
    assert links[0] == links[1]
    assert (settings.data / "recordings").is_dir()


async def test_what_is_kept_ends_before_the_books_it_writes_in(
    settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[str] = []

    def note(kind: type[CallBook | Journal]) -> None:
        close = kind.close

        async def noted(part: Any) -> None:
            ended.append(kind.__name__)
            await close(part)

        monkeypatch.setattr(kind, "close", noted)

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("work")

    note(CallBook)
    note(Journal)
    async with AsyncExitStack() as stack:
        ground = await lay_ground(stack, settings, database)
        ground.keep(work(), "work")
        await asyncio.sleep(0)
    assert ended == ["work", "CallBook", "Journal"]


@pytest.mark.parametrize(
    ("given", "public", "local"),
    [
        (Settings(), "http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        (
            Settings(http="0.0.0.0:80", public_url="https://voice.example.com/"),
            "https://voice.example.com",
            "http://127.0.0.1:80",
        ),
    ],
)
def test_urls_are_those_that_customers_and_this_machine_use(
    given: Settings, public: str, local: str
) -> None:
    assert (public_url(given), local_url(given)) == (public, local)
