"""Calls that a crash cut off are closed once, charged for what they talked, and told."""

import wave
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import select

from opentact.accounts.accounts import get_account
from opentact.events.log import Event
from opentact.kit.ids import new_id
from opentact.voice.call_events import CallCard, CallChanged
from opentact.voice.calls import Call, CallState, Direction
from opentact.voice.lost_calls import beat, close_lost_call, files_by_call, lost_calls
from opentact.voice.recordings import FileName, Recording, RecordingState
from opentact.voice.rtp import wav
from support.world import NOON, World, build_world


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with build_world(database_url) as built:
        built.clock.at = NOON + timedelta(hours=1)
        yield built


async def begun(world: World, **values: Any) -> Call:
    usual: dict[str, Any] = {"node": "here", "rate": Decimal("0.01"), "state": CallState.LIVE}
    call = Call(
        account_uuid=world.alice.account,
        direction=Direction.IN,
        from_="+12025550199",
        to="12025550100",
        init_on=NOON,
        ring_on=NOON,
        created_on=NOON,
        modified_on=NOON,
        **{**usual, **values},
    )
    async with world.database.write() as session:
        session.add(call)
        account = await get_account(session, world.alice.account)
        card = CallCard(call, account)
        first = CallChanged(card, CallState.INIT, 1)
        await world.services.events.append(session, account.uuid, first, now=NOON)
    return call


async def close(world: World, uuid: Any, folder: Path = Path("/none"), **more: Any) -> Call:
    services = world.services
    async with world.database.write() as session:
        await close_lost_call(
            session,
            uuid,
            services.events,
            world.clock.now(),
            folder,
            link=services.recording_links.link,
            **more,
        )
    async with world.database.read() as session:
        return (await session.scalars(select(Call).where(Call.uuid == uuid))).one()


async def frames(world: World) -> list[dict[str, Any]]:
    async with world.database.read() as session:
        events = await session.scalars(select(Event).order_by(Event.position))
        return [orjson.loads(event.frame) for event in events]


async def test_only_open_calls_of_this_node_are_lost(world: World) -> None:
    mine = await begun(world)
    await begun(world, node="there")
    await begun(world, destroy_on=NOON, state=CallState.DESTROYED)
    async with world.database.read() as session:
        assert await lost_calls(session, "here") == [mine.uuid]


async def test_a_call_is_charged_until_its_last_sign_of_life(world: World) -> None:
    call = await begun(world, answer_on=NOON)
    async with world.database.write() as session:
        await beat(session, "here", NOON + timedelta(seconds=61))
    closed = await close(world, call.uuid)
    assert (closed.cause, closed.sip_status, closed.state) == (
        "server_crashed",
        200,
        CallState.DESTROYED,
    )
    assert (closed.duration, closed.billed_seconds, closed.price) == (61, 120, Decimal("0.02"))
    told = await frames(world)
    assert [frame["type"] for frame in told] == ["call_state", "call_state", "balance"]
    assert [frame.get("seq") for frame in told] == [1, 2, None]
    assert told[1]["call"]["account"]["balance"] == told[2]["payload"] == 99.98


async def test_it_is_closed_once(world: World) -> None:
    call = await begun(world, answer_on=NOON, alive_on=NOON)
    for _ in range(2):
        await close(world, call.uuid)
    await close_unknown(world)
    assert len(await frames(world)) == 3


async def close_unknown(world: World) -> None:
    async with world.database.write() as session:
        await close_lost_call(
            session, new_id(), world.services.events, world.clock.now(), Path("/none")
        )


async def test_a_call_that_rang_costs_nothing(world: World) -> None:
    closed = await close(world, (await begun(world, state=CallState.RINGING)).uuid)
    assert (closed.price, closed.billed_seconds, closed.sip_status) == (Decimal(0), 0, 503)
    assert closed.hangup_on == NOON


async def test_a_call_that_had_ended_keeps_its_cause(world: World) -> None:
    ended = NOON + timedelta(seconds=30)
    call = await begun(
        world, state=CallState.HANGUP, answer_on=NOON, hangup_on=ended, cause="caller_hung_up"
    )
    closed = await close(world, call.uuid)
    assert (closed.cause, closed.duration, closed.price) == ("caller_hung_up", 30, Decimal("0.01"))


async def test_recordings_end_as_stored_if_their_file_is_there(
    world: World, tmp_path: Path
) -> None:
    call = await begun(world, answer_on=NOON, alive_on=NOON)
    # Cut off between its samples and the header that counts them, in the middle of a sample.
    (tmp_path / "whole.wav").write_bytes(wav.header(4_000) + bytes(16_001))
    (tmp_path / "header.wav").write_bytes(bytes(44))
    names = ("whole.wav", "header.wav", "none.wav")
    async with world.database.write() as session:
        session.add_all(
            Recording(
                account_uuid=world.alice.account,
                call_uuid=call.uuid,
                state=RecordingState.WRITING,
                tag=name,
                file=name,
                created_on=NOON + timedelta(seconds=at),
                modified_on=NOON,
            )
            for at, name in enumerate(names)
        )
    await close(world, call.uuid, tmp_path)
    told = [frame["payload"] for frame in await frames(world) if frame["type"] == "call_record"]
    assert [(each["state"], each["duration"]) for each in told] == [
        ("stored", 1000),
        ("failed", 0),
        ("failed", 0),
    ]
    assert [bool(each["url"]) for each in told] == [True, False, False]
    assert all(each["reason"] for each in told[1:])
    with wave.open(str(tmp_path / "whole.wav")) as file:
        assert (file.getnframes(), len(file.readframes(9_000))) == (8_000, 16_000)
    assert (tmp_path / "whole.wav").stat().st_size == told[0]["size"]
    last = [f for f in await frames(world) if f["type"] == "call_state"][-1]
    assert last["call"]["records"] == [told[0]["uuid"]]
    assert last["seq"] == 5


async def test_a_recording_that_was_written_down_nowhere_is_found_by_its_file(
    world: World, tmp_path: Path
) -> None:
    call = await begun(world, answer_on=NOON, alive_on=NOON)
    name = FileName(call.uuid, new_id(), 2, "mp3")
    (tmp_path / str(name)).write_bytes(bytes(6_000))
    other = FileName(new_id(), new_id(), 1, "wav")
    (tmp_path / str(other)).write_bytes(bytes(6_000))
    (tmp_path / "of somebody else.wav").touch()
    files = files_by_call(tmp_path)
    assert files == {call.uuid: [name], other.call: [other]}
    await close(world, call.uuid, tmp_path, files=files[call.uuid])
    (told,) = [frame["payload"] for frame in await frames(world) if frame["type"] == "call_record"]
    assert (told["uuid"], told["state"], told["duration"], told["channels"], told["ended_by"]) == (
        str(name.recording),
        "stored",
        1000,
        2,
        "crash",
    )
