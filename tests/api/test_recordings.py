"""Recordings: fetched by links that are signed and expire, and gone once they are deleted."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from opentact.app.job_list import regular_jobs
from opentact.kit.ids import new_id
from opentact.voice.recordings import LINK_LIFE_S, Recording, RecordingState, get_recording
from opentact.voice.transcripts import (
    Segment,
    Transcript,
    TranscriptState,
    Words,
    new_transcript,
    settle_transcript,
    transcripts_of,
)
from support.world import World, build_world

SOUND = b"RIFF" + bytes(60)


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with build_world(database_url, recordings=tmp_path) as built:
        yield built


async def recorded(world: World, **values: Any) -> str:
    now = world.clock.now()
    usual: dict[str, Any] = {"state": RecordingState.STORED, "tag": "vm", "file": "a.wav"}
    recording = Recording(
        account_uuid=world.alice.account,
        call_uuid=new_id(),
        created_on=now,
        modified_on=now,
        **{**usual, **values},
    )
    (world.services.recordings / "a.wav").write_bytes(SOUND)
    async with world.database.write() as session:
        session.add(recording)
    return str(recording.uuid)


async def link_of(world: World, uuid: str) -> str:
    answer = await world.alice.client.get(f"/rest/record/{uuid}")
    assert answer.status_code == 200, answer.text
    return str(answer.json()["payload"]["url"])


async def test_a_link_needs_no_credentials(world: World) -> None:
    answer = await world.anonymous.get(await link_of(world, await recorded(world)))
    assert (answer.status_code, answer.content) == (200, SOUND)
    assert answer.headers["content-type"] == "audio/wav"
    assert 'filename="vm.wav"' in answer.headers["content-disposition"]


async def test_a_link_expires(world: World) -> None:
    link = await link_of(world, await recorded(world))
    world.clock.at += timedelta(seconds=LINK_LIFE_S)
    assert (await world.anonymous.get(link)).status_code == 200
    world.clock.at += timedelta(seconds=1)
    answer = await world.anonymous.get(link)
    assert (answer.status_code, answer.json()["code"]) == (401, "bad_recording_link")


async def test_an_altered_link_is_refused(world: World) -> None:
    uuid, other = await recorded(world), await recorded(world)
    link = await link_of(world, uuid)
    expires = int(link.partition("expires=")[2].partition("&")[0])
    signature = link.rpartition("=")[2]
    for altered in (
        link.replace(str(expires), str(expires + 1)),
        link.replace(uuid, other),
        link[:-1] + ("0" if link[-1] != "0" else "1"),
        link.replace(signature, ""),
        link.replace(signature, "%C3%A9"),
    ):
        assert (await world.anonymous.get(altered)).status_code == 401, altered


@pytest.mark.parametrize("query", ["", "?expires=1", "?expires=x&signature=y", "?signature=y"])
async def test_half_a_link_is_a_wrong_request(world: World, query: str) -> None:
    answer = await world.anonymous.get(f"/rest/record/{await recorded(world)}/file{query}")
    assert answer.status_code == 400


async def test_anothers_recording_is_not_there(world: World) -> None:
    uuid = await recorded(world)
    for method in ("GET", "DELETE"):
        answer = await world.bob.client.request(method, f"/rest/record/{uuid}")
        assert answer.status_code == 404
    assert (world.services.recordings / "a.wav").exists()


async def test_deleting_removes_the_file_and_ends_its_links(world: World) -> None:
    uuid = await recorded(world)
    link = await link_of(world, uuid)
    assert (await world.alice.client.delete(f"/rest/record/{uuid}")).status_code == 200
    assert not (world.services.recordings / "a.wav").exists()
    assert (await world.anonymous.get(link)).status_code == 404
    assert (await world.alice.client.get(f"/rest/record/{uuid}")).status_code == 404
    assert (await world.alice.client.delete(f"/rest/record/{uuid}")).status_code == 404


@pytest.mark.parametrize("state", [RecordingState.WRITING, RecordingState.FAILED])
async def test_what_is_not_stored_has_no_link(world: World, state: RecordingState) -> None:
    uuid = await recorded(world, state=state, reason="disk full")
    shown = (await world.alice.client.get(f"/rest/record/{uuid}")).json()["payload"]
    assert (shown["state"], shown["url"]) == (state.value, None)
    link = world.services.recording_links.link(UUID(uuid), world.clock.now())
    assert (await world.anonymous.get(link)).status_code == 404


async def test_a_tag_is_no_path(world: World) -> None:
    link = await link_of(world, await recorded(world, tag='../../etc/passwd"\r\nX-Evil: 1'))
    answer = await world.anonymous.get(link)
    assert answer.content == SOUND
    assert "x-evil" not in answer.headers
    assert "/" not in answer.headers["content-disposition"].partition("filename")[2]


@pytest.mark.parametrize("name", ["..%2f..%2fetc%2fpasswd", "../../etc/passwd", "a.wav"])
async def test_a_recording_is_named_by_its_uuid_alone(world: World, name: str) -> None:
    await recorded(world)
    for path in (f"/rest/record/{name}", f"/rest/record/{name}/file?expires=1&signature=x"):
        assert (await world.alice.client.get(path)).status_code in {400, 404}


async def put_in_words(world: World, uuid: str, **members: Any) -> None:
    async with world.database.write() as session:
        recording = await get_recording(session, world.alice.account, UUID(uuid))
        session.add(new_transcript(recording))
    if members:
        async with world.database.write() as session:
            [made] = (await transcripts_of(session, [recording])).values()
            await settle_transcript(session, made.uuid, world.clock.now(), **members)


async def test_a_recording_shows_what_was_said_in_it(world: World) -> None:
    plain, asked, said, failed = [await recorded(world) for _ in range(4)]
    await put_in_words(world, asked)
    words = Words("en", (Segment(0.5, 1.5, "Call me.", 0.9),))
    await put_in_words(world, said, state=TranscriptState.STORED, **words.as_members())
    await put_in_words(world, failed, state=TranscriptState.FAILED, reason="no model")

    async def transcript(uuid: str) -> Any:
        answer = await world.alice.client.get(f"/rest/record/{uuid}")
        return answer.json()["payload"]["transcript"]

    nothing: dict[str, Any] = {"language": None, "text": "", "segments": [], "reason": None}
    assert await transcript(plain) is None
    assert await transcript(asked) == {**nothing, "state": "requested"}
    assert await transcript(failed) == {**nothing, "state": "failed", "reason": "no model"}
    segment = {"start": 0.5, "end": 1.5, "text": "Call me.", "confidence": 0.9, "channel": 1}
    assert await transcript(said) == {
        "state": "stored", "language": "en", "text": "Call me.", "segments": [segment],
        "reason": None,
    }  # fmt: skip


async def test_what_was_said_is_deleted_with_its_recording(world: World) -> None:
    removed, old = await recorded(world), await recorded(world, file="b.wav")
    for uuid in (removed, old):
        await put_in_words(world, uuid)
    assert (await world.alice.client.delete(f"/rest/record/{removed}")).status_code == 200
    assert await left(world) == [UUID(old)]
    world.clock.at += timedelta(days=8)
    jobs = {
        job.name: job
        for job in regular_jobs(
            world.services, keep_events=timedelta(30), keep_recordings=timedelta(7)
        )
    }
    await jobs["delete old recordings"].work(world.clock.now())
    assert await left(world) == []


async def left(world: World) -> list[UUID]:
    async with world.database.read() as session:
        return list(await session.scalars(select(Transcript.recording_uuid)))
