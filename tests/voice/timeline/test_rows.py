from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from opentact.adapters.storage.journal import Journal
from opentact.voice.call_events import CallCard
from opentact.voice.timeline.rows import (
    MOST_AT_ONCE,
    Kept,
    TraceKeeper,
    forget_old_traces,
    kept,
    load,
    pack,
    unpack,
)
from opentact.voice.timeline.traces import Traces
from support.samples import AT
from support.tracing import PEER, card, traced
from support.world import World, build_world


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with build_world(database_url) as world:
        yield world


@pytest.fixture
def traces() -> Traces:
    return Traces(AT.timestamp)


def of(world: World) -> CallCard:
    return card(account_uuid=world.alice.account)


def test_a_trace_is_read_as_it_was_written(traces: Traces) -> None:
    call = card()
    traced(traces, call)
    trace = traces.of(call.call.uuid)
    assert trace is not None
    read = unpack(pack(trace))
    assert read == kept(trace)
    assert [entry["kind"] for entry in read.entries] == ["in", "out", "out", "digit"]
    assert {entry["leg"] for entry in read.entries} == {str(call.call.uuid)}
    assert read.entries[0]["peer"] == "udp:192.0.2.1:5060"
    assert read.entries[0]["what"].startswith("INVITE sip:b@y SIP/2.0")


def test_a_call_of_ten_thousand_bytes_takes_a_row_of_few(traces: Traces) -> None:
    call = card()
    for _ in range(7):
        traced(traces, call)
    trace = traces.of(call.call.uuid)
    assert trace is not None
    assert len(pack(trace)) < 2000


def test_bytes_that_are_no_text_do_not_stop_a_trace(traces: Traces) -> None:
    call = card()
    traced(traces, call)
    traces.on_message("in", b"BYE \xff\xfe", PEER, "a")
    trace = traces.of(call.call.uuid)
    assert trace is not None
    assert unpack(pack(trace)).entries[-1]["what"] == "BYE \ufffd\ufffd"


async def test_traces_of_ended_calls_become_rows_and_are_forgotten_in_time(
    world: World, traces: Traces
) -> None:
    journal = Journal(world.database, linger=0.0)
    keeper = TraceKeeper(traces, journal)
    call = of(world)
    traced(traces, call)
    assert await keeper.write(linger=0) == 0
    traces.ended(call)
    assert await keeper.write(linger=0) == 1
    await journal.close()
    async with world.database.read() as session:
        found = await load(session, call.call)
    assert isinstance(found, Kept)
    assert len(found.entries) == 4
    async with world.database.write() as session:
        assert await forget_old_traces(session, AT) == 0
        assert await forget_old_traces(session, AT + timedelta(days=1)) == 1
    async with world.database.read() as session:
        assert await load(session, call.call) is None


async def test_nobody_else_loads_a_trace(world: World, traces: Traces) -> None:
    journal = Journal(world.database, linger=0.0)
    call = of(world)
    traced(traces, call)
    traces.ended(call)
    await TraceKeeper(traces, journal).write(linger=0)
    await journal.close()
    call.call.account_uuid = world.bob.account
    async with world.database.read() as session:
        assert await load(session, call.call) is None


class Broken:
    async def later(self, work: Callable[[AsyncSession], Awaitable[None]]) -> None:
        del work
        raise OSError("disk full")


async def test_traces_that_cannot_be_written_are_let_go_of(traces: Traces) -> None:
    call = card()
    traced(traces, call)
    traces.ended(call)
    assert await TraceKeeper(traces, Broken()).write(linger=0) == 1
    assert traces.of(call.call.uuid) is None


async def test_a_busy_node_keeps_first_what_went_wrong(world: World, traces: Traces) -> None:
    journal = Journal(world.database, linger=0.0)
    now = [AT.timestamp()]
    traces = Traces(lambda: now[0])
    calls = [of(world) for _ in range(MOST_AT_ONCE + 20)]
    for call in calls:
        call.call.blame = "nobody"
        traces.opened(call)
    calls[-1].call.blame = "carrier"
    for call in calls:
        traces.ended(call)
    now[0] += 60
    assert await TraceKeeper(traces, journal).write() == MOST_AT_ONCE
    await journal.close()
    async with world.database.read() as session:
        assert await load(session, calls[-1].call) is not None
        assert await load(session, calls[-2].call) is None


async def test_secrets_are_kept_nowhere(traces: Traces) -> None:
    call = card()
    traced(traces, call)
    proof = b'INVITE sip:1@x SIP/2.0\r\nAuthorization: Digest response="0a1b2c"\r\n\r\n'
    traces.on_message("in", proof, PEER, "a")
    trace = traces.of(call.call.uuid)
    assert trace is not None
    for read in (unpack(pack(trace)), kept(trace)):
        assert 'response="(masked)"' in read.entries[-1]["what"]
        assert "0a1b2c" not in str(read)
