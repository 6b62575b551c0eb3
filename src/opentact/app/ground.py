"""What every part of a node stands on: settings, database, clock, events, books and keys."""

import asyncio
import secrets
import time
from collections.abc import Coroutine
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sqlalchemy.exc import IntegrityError

from opentact.accounts.jwt import JwtIssuer
from opentact.accounts.passwords import Passwords
from opentact.accounts.secrets import platform_secret
from opentact.adapters.bus.in_process import InProcessBus
from opentact.adapters.storage.database import Database
from opentact.adapters.storage.journal import DISK_PATIENCE_S, Journal
from opentact.api.wire.events import render
from opentact.events.log import EventLog
from opentact.kit.clock import SystemClock
from opentact.voice.call_book import CallBook
from opentact.voice.recordings import RecordingLinks
from opentact.voice.timeline.links import CallLinks
from opentact.voice.timeline.rows import TraceKeeper
from opentact.voice.timeline.traces import Traces

from .data_folder import make_folders, node_name
from .settings import Settings
from .upkeep import close_lost

SECRET_BYTES = 32


@dataclass(frozen=True)
class Ground:
    """Ends with its `stack`, what was begun last first."""

    stack: AsyncExitStack
    settings: Settings
    database: Database
    clock: SystemClock
    node: str
    bus: InProcessBus
    events: EventLog
    journal: Journal
    book: CallBook
    keeper: TraceKeeper
    call_links: CallLinks
    jwt: JwtIssuer
    links: RecordingLinks
    passwords: Passwords
    recordings: Path

    def keep(self, work: Coroutine[None, None, None], name: str) -> None:
        """Do the work beside everything else, until the stack is unwound."""
        task = asyncio.create_task(work, name=name)

        async def end() -> None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

        self.stack.push_async_callback(end)


async def lay_ground(stack: AsyncExitStack, settings: Settings, database: Database) -> Ground:
    """Open the books on a database that is initialised; calls a crash cut off are closed first."""
    clock, bus = SystemClock(), InProcessBus()
    events = EventLog(render, bus.publish)
    keys = await _platform_keys(database, clock)
    links = RecordingLinks(keys["recordings"], public_url(settings))
    kept = timedelta(days=settings.event_days)
    call_links = CallLinks(keys["calls"], public_url(settings), kept)
    make_folders(settings.data, "recordings", "cache")
    recordings, node = settings.data / "recordings", node_name(settings.data)
    passwords = stack.enter_context(closing(Passwords(time.monotonic)))
    await close_lost(database, events, clock, node, recordings, links, call_links)
    journal = Journal(database, patience=DISK_PATIENCE_S)
    stack.push_async_callback(journal.close)
    keeper = TraceKeeper(Traces(time.time), journal)
    stack.push_async_callback(keeper.write, linger=0)
    book = CallBook(
        journal, events, clock, link=links.link, traces=keeper.traces, explain=call_links.link
    )
    stack.push_async_callback(book.close)
    return Ground(
        stack=stack,
        settings=settings,
        database=database,
        clock=clock,
        node=node,
        bus=bus,
        events=events,
        journal=journal,
        book=book,
        keeper=keeper,
        call_links=call_links,
        jwt=JwtIssuer(keys["jwt"]),
        links=links,
        passwords=passwords,
        recordings=recordings,
    )


def public_url(settings: Settings) -> str:
    """Tell the URL that customers reach us by."""
    return (settings.public_url or f"http://{settings.http}").rstrip("/")


def local_url(settings: Settings) -> str:
    """Tell the URL under which this machine reaches us."""
    host, port = settings.http_address
    return f"http://{'127.0.0.1' if host == '0.0.0.0' else host}:{port}"  # noqa: S104


async def _platform_keys(database: Database, clock: SystemClock) -> dict[str, bytes]:
    try:
        return await _draw_keys(database, clock)
    except IntegrityError:
        return await _draw_keys(database, clock)  # another node has just drawn them


async def _draw_keys(database: Database, clock: SystemClock) -> dict[str, bytes]:
    async with database.write() as session:
        return {
            name: await platform_secret(
                session, name, secrets.token_bytes(SECRET_BYTES), now=clock.now()
            )
            for name in ("jwt", "recordings", "calls")
        }
