"""Writing down what was said: a call's recordings are listened to once it is over.

One after the other, on the node that has their files, and never at the cost of calls. What a stop
interrupts is begun anew at the next start; what cannot be made out ends as failed, with its reason.
"""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from opentact.events.log import EventLog, Logged
from opentact.kit.clock import Clock
from opentact.kit.units import Storage

from .call_events import Transcribed
from .calls import get_call
from .recordings import Recording, RecordingState, recordings_of
from .stored_cards import stored_card
from .transcripts import (
    Due,
    NoTranscriber,
    Transcriber,
    TranscriptionFailed,
    TranscriptState,
    Words,
    next_due,
    settle_transcript,
)

# Looked for without having been told: of calls that a crash cut off, and after a database's bad
# moments.
LOOK_EVERY_S = 60.0
_DESTROYED = '"state":"destroyed"'
log = structlog.get_logger(__name__)


class Transcripts:
    """Makes the transcripts of one node."""

    def __init__(
        self,
        storage: Storage,
        transcriber: Transcriber,
        events: EventLog,
        clock: Clock,
        node: str,
        folder: Path,
        *,
        explain: Callable[[UUID, datetime], str] | None = None,
    ) -> None:
        """Find the files in `folder`; `explain` makes the link to a call's timeline."""
        self._storage = storage
        self._transcriber = transcriber
        self._events = events
        self._clock = clock
        self._node = node
        self._folder = folder
        self._explain = explain
        self._recorded: set[UUID] = set()  # calls that are not over yet
        self._look = asyncio.Event()
        self._look.set()

    def published(self, events: Iterable[Logged]) -> None:
        """Hear of stored events: when a call that was recorded is over, there may be work."""
        for event in events:
            if event.ref_id is None:
                continue
            if event.type == "call_record":
                self._recorded.add(event.ref_id)
            elif event.ref_id in self._recorded and _DESTROYED in event.frame:
                self._recorded.discard(event.ref_id)
                self._look.set()

    async def run(self) -> None:
        """Make those that are waiting, and then whatever comes."""
        while True:
            self._look.clear()
            try:
                while await self.make_next():
                    pass
            except Exception:
                log.exception("transcripts_not_made")
            await self._transcriber.rest()
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._look.wait()

    async def make_next(self) -> bool:
        """Make the oldest that is waiting; tell whether there was one."""
        async with self._storage.read() as session:
            due = await next_due(session, self._node)
        if due is None:
            return False
        members = await self._made(due.recording)
        async with self._storage.write() as session:
            await self._tell(session, due, members)
        return True

    async def _made(self, recording: Recording) -> dict[str, Any]:
        try:
            words = await self._listen(recording)
        except (NoTranscriber, TranscriptionFailed) as fault:
            log.warning("not_transcribed", recording=str(recording.uuid), reason=str(fault))
            return {"state": TranscriptState.FAILED, "reason": str(fault)}
        return {"state": TranscriptState.STORED, **words.as_members()}

    async def _listen(self, recording: Recording) -> Words:
        if recording.state is not RecordingState.STORED:
            raise TranscriptionFailed(f"there is no recording: {recording.reason}")
        file = self._folder / recording.file
        if not file.is_file():
            raise TranscriptionFailed("the recording's file is gone")
        return await self._transcriber.transcribe(file, recording.channels)

    async def _tell(self, session: AsyncSession, due: Due, members: dict[str, Any]) -> None:
        """Store it and tell, unless its recording was deleted meanwhile."""
        now = self._clock.now()
        ended = await settle_transcript(session, due.transcript, now, **members)
        if ended is None:
            return
        call = await get_call(session, ended.account_uuid, ended.call_uuid)
        link = self._explain(call.uuid, now) if self._explain else None
        card = await stored_card(session, call, link)
        recordings = await recordings_of(session, call.uuid)
        stored = (each for each in recordings if each.state is RecordingState.STORED)
        card.recordings = [each.uuid for each in stored]
        happened = Transcribed(card, due.recording, ended, card.next_seq())
        await self._events.append(session, call.account_uuid, happened, now=now)
