"""Transcripts: made once a call is over, and told once, or failed with the reason."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import select

from opentact.accounts.accounts import get_account
from opentact.events.log import Event, Logged
from opentact.kit.ids import new_id
from opentact.voice.call_events import CallCard, CallChanged
from opentact.voice.calls import Call, CallState, Direction
from opentact.voice.recordings import Recording, RecordingState
from opentact.voice.speech import DriverInfo
from opentact.voice.transcribing import Transcripts
from opentact.voice.transcripts import (
    NoTranscriber,
    Segment,
    Transcript,
    TranscriptionFailed,
    TranscriptState,
    Words,
    forget_transcripts,
    new_transcript,
)
from support.world import NOON, World, build_world

SAID = Words("en", (Segment(0.0, 1.2, "Call me.", 0.9), Segment(1.5, 2.0, "Why?", 0.8, 2)))


class PaperTranscriber:
    """Hears what it is told to hear, and notes what it was asked."""

    def __init__(self, words: Words | Exception = SAID) -> None:
        self.words = words
        self.asked: list[tuple[str, int]] = []
        self.rests = asyncio.Event()

    async def transcribe(self, file: Path, channels: int) -> Words:
        await asyncio.sleep(0)
        self.asked.append((file.name, channels))
        if isinstance(self.words, Exception):
            raise self.words
        return self.words

    def drivers(self) -> list[DriverInfo]:
        return []

    async def rest(self) -> None:
        self.rests.set()


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with build_world(database_url, recordings=tmp_path) as built:
        built.clock.at = NOON + timedelta(hours=1)
        yield built


def desk(world: World, transcriber: PaperTranscriber, node: str = "here") -> Transcripts:
    services = world.services
    return Transcripts(
        world.database,
        transcriber,
        services.events,
        world.clock,
        node,
        services.recordings,
        explain=lambda uuid, _: f"http://test/{uuid}",
    )


async def recorded(world: World, *, over: bool = True, **values: Any) -> Recording:
    """A call with one recording whose words are wanted; its file is there."""
    call = Call(
        account_uuid=world.alice.account,
        direction=Direction.IN,
        from_="+12025550199",
        to="12025550100",
        node="here",
        state=CallState.DESTROYED if over else CallState.LIVE,
        destroy_on=NOON if over else None,
        created_on=NOON,
        modified_on=NOON,
    )
    name = f"{new_id()}.wav"
    usual: dict[str, Any] = {"state": RecordingState.STORED, "tag": "vm", "file": name}
    recording = Recording(
        account_uuid=world.alice.account,
        call_uuid=call.uuid,
        created_on=NOON,
        modified_on=NOON,
        **{**usual, **values},
    )
    (world.services.recordings / name).write_bytes(b"RIFF")
    async with world.database.write() as session:
        session.add_all([call, recording, new_transcript(recording)])
        card = CallCard(call, await get_account(session, world.alice.account))
        state = CallChanged(card, call.state, 1)
        await world.services.events.append(session, world.alice.account, state, now=NOON)
    return recording


async def transcripts(world: World) -> list[Transcript]:
    async with world.database.read() as session:
        return list(await session.scalars(select(Transcript).order_by(Transcript.created_on)))


async def told(world: World) -> list[dict[str, Any]]:
    async with world.database.read() as session:
        query = select(Event).where(Event.type == "call_transcript").order_by(Event.position)
        return [orjson.loads(event.frame) for event in await session.scalars(query)]


async def test_what_was_said_is_stored_and_told_after_the_call(world: World) -> None:
    recording = await recorded(world, channels=2)
    transcriber = PaperTranscriber()
    transcripts_ = desk(world, transcriber)
    assert [await transcripts_.make_next(), await transcripts_.make_next()] == [True, False]
    assert transcriber.asked == [(recording.file, 2)]
    [made] = await transcripts(world)
    assert (made.state, made.language, made.text) == (TranscriptState.STORED, "en", "Call me. Why?")
    [event] = await told(world)
    payload = event["payload"]
    assert (payload["record"], payload["text"]) == (str(recording.uuid), "Call me. Why?")
    assert payload["segments"][1] == {
        "start": 1.5, "end": 2.0, "text": "Why?", "confidence": 0.8, "channel": 2,
    }  # fmt: skip
    assert (event["seq"], event["success"], event["call"]["state"]) == (2, True, "destroyed")
    assert event["call"]["records"] == [str(recording.uuid)]
    assert event["call"]["debug_url"] == f"http://test/{recording.call_uuid}"


async def test_a_call_that_goes_on_and_one_of_another_node_wait(world: World) -> None:
    await recorded(world, over=False)
    transcriber = PaperTranscriber()
    assert not await desk(world, transcriber).make_next()
    await recorded(world)
    assert not await desk(world, transcriber, node="there").make_next()
    assert await desk(world, transcriber).make_next()


@pytest.mark.parametrize("fault", [NoTranscriber(), TranscriptionFailed("it is no sound")])
async def test_what_cannot_be_made_out_says_why(world: World, fault: Exception) -> None:
    await recorded(world)
    transcripts_ = desk(world, PaperTranscriber(fault))
    assert [await transcripts_.make_next(), await transcripts_.make_next()] == [True, False]
    [made] = await transcripts(world)
    assert (made.state, made.reason, made.text) == (TranscriptState.FAILED, str(fault), "")
    [event] = await told(world)
    assert (event["success"], event["payload"]["reason"]) == (False, str(fault))
    assert str(fault) in event["message"]


async def test_a_recording_that_failed_or_whose_file_is_gone_has_no_words(world: World) -> None:
    await recorded(world, state=RecordingState.FAILED, reason="the disk was full")
    gone = await recorded(world)
    (world.services.recordings / gone.file).unlink()
    transcriber = PaperTranscriber()
    transcripts_ = desk(world, transcriber)
    while await transcripts_.make_next():
        pass
    assert transcriber.asked == []
    assert {made.reason for made in await transcripts(world)} == {
        "there is no recording: the disk was full",
        "the recording's file is gone",
    }


async def test_nothing_is_told_of_a_recording_deleted_while_it_was_listened_to(
    world: World,
) -> None:
    recording = await recorded(world)

    class Slow(PaperTranscriber):
        async def transcribe(self, file: Path, channels: int) -> Words:
            async with world.database.write() as session:
                await forget_transcripts(session, [recording.uuid])
            return await super().transcribe(file, channels)

    assert await desk(world, Slow()).make_next()
    assert (await transcripts(world), await told(world)) == ([], [])


async def test_two_who_listened_to_the_same_tell_once(world: World) -> None:
    await recorded(world)

    class Overtaken(PaperTranscriber):
        async def transcribe(self, file: Path, channels: int) -> Words:
            assert await desk(world, PaperTranscriber()).make_next()
            return await super().transcribe(file, channels)

    assert await desk(world, Overtaken()).make_next()
    assert len(await told(world)) == 1


async def test_it_begins_with_what_was_left_and_goes_on_when_a_recorded_call_ends(
    world: World,
) -> None:
    transcriber = PaperTranscriber()
    transcripts_ = desk(world, transcriber)
    await recorded(world)
    running = asyncio.create_task(transcripts_.run())
    await rested(transcriber)
    assert len(transcriber.asked) == 1
    later = await recorded(world)
    call = later.call_uuid
    transcripts_.published([event("call_state", call, "destroyed")])  # of a call not recorded
    transcripts_.published([event("call_record", call, "stored")])
    transcripts_.published([event("call_state", call, "hangup")])
    assert not transcripts_._look.is_set()
    transcripts_.published([event("call_state", call, "destroyed")])
    await rested(transcriber)
    assert len(await told(world)) == 2
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


def event(kind: str, call: Any, state: str) -> Logged:
    frame = orjson.dumps({"type": kind, "payload": {"state": state, "duration": 1}}).decode()
    return Logged(new_id(), new_id(), 1, kind, call, frame)


async def rested(transcriber: PaperTranscriber) -> None:
    async with asyncio.timeout(10):
        await transcriber.rests.wait()
    transcriber.rests.clear()
