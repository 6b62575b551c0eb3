"""What a node does by and by beside its work: sign of life, lost calls, changes of others."""

import asyncio
from pathlib import Path

import structlog

from opentact.adapters.storage.database import Database
from opentact.events.log import EventLog
from opentact.kit.clock import SystemClock
from opentact.voice.changes import POLL_S, Changes
from opentact.voice.lost_calls import (
    HEARTBEAT_S,
    beat,
    close_lost_call,
    files_by_call,
    lost_calls,
)
from opentact.voice.recordings import RecordingLinks
from opentact.voice.timeline.links import CallLinks

log = structlog.get_logger(__name__)


async def close_lost(
    database: Database,
    events: EventLog,
    clock: SystemClock,
    node: str,
    recordings: Path,
    links: RecordingLinks,
    call_links: CallLinks,
) -> None:
    """End, in the books, the calls that a node which stopped in their middle has left."""
    async with database.read() as session:
        lost = await lost_calls(session, node)
    files = await asyncio.to_thread(files_by_call, recordings) if lost else {}
    for uuid in lost:
        async with database.write() as session:
            await close_lost_call(
                session,
                uuid,
                events,
                clock.now(),
                recordings,
                link=links.link,
                explain=call_links.link,
                files=files.get(uuid, ()),
            )
    if lost:
        log.warning("lost_calls_closed", calls=len(lost))


async def keep_beating(database: Database, clock: SystemClock, node: str) -> None:
    """Tell the other nodes that this one lives."""
    while True:
        await asyncio.sleep(HEARTBEAT_S)
        try:
            async with database.write() as session:
                await beat(session, node, clock.now())
        except Exception:
            log.exception("heartbeat_failed")


async def watch(database: Database, changes: Changes) -> None:
    """Notice what other processes change of SIP domains."""
    while True:
        try:
            await changes.poll(database)
        except Exception:
            log.exception("sip_changes_not_read")
        await asyncio.sleep(POLL_S)
