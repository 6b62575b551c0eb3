from collections.abc import AsyncIterator
from typing import Any

import pytest

from opentact.adapters.storage.journal import Journal
from opentact.voice.call_events import CallCard
from opentact.voice.sip.machine import Address
from opentact.voice.timeline.rows import TraceKeeper
from support.tracing import card, ended, traced
from support.world import World, build_world


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with build_world(database_url) as world:
        yield world


async def stored(world: World, **more: Any) -> CallCard:
    """Keep the record of a call of Alice's."""
    call = card(account_uuid=world.alice.account, **{**ended(), **more})
    async with world.database.write() as session:
        session.add(call.call)
    return call


async def timeline(world: World, call: CallCard, query: str = "") -> dict[str, Any]:
    answer = await world.alice.client.get(f"/rest/call/{call.call.uuid}/timeline{query}")
    assert answer.status_code == 200, answer.text
    payload: dict[str, Any] = answer.json()["payload"]
    return payload


async def test_a_call_that_lives_is_told_from_memory(world: World) -> None:
    call = await stored(world, hangup_on=None, destroy_on=None, cause=None, reason=None)
    traced(world.services.traces, call)
    told = await timeline(world, call)
    assert told["complete"] is False
    assert [m["name"] for m in told["moments"] if m["kind"] == "sip"] == [
        "INVITE (SDP)",
        "200 OK (SDP)",
        "200 OK (SDP)",
    ]
    assert all(moment["text"] and moment["at"] for moment in told["moments"])


async def test_a_call_that_was_is_told_from_its_row(world: World) -> None:
    call = await stored(world)
    traces, journal = world.services.traces, Journal(world.database, linger=0.0)
    traced(traces, call, Address("8.8.8.8", 5060))
    traces.ended(call)
    await TraceKeeper(traces, journal).write(linger=0)
    await journal.close()
    told = await timeline(world, call)
    assert (told["complete"], told["cause"], told["reason"]) == (
        True,
        "caller_hung_up",
        "The caller hung up",
    )
    assert sum(moment["kind"] == "sip" for moment in told["moments"]) == 3
    assert [finding["code"] for finding in told["findings"]] == ["nat"]
    shown = (await world.alice.client.get(f"/rest/call/{call.call.uuid}")).json()["payload"]
    assert [finding["code"] for finding in shown["findings"]] == ["nat"]
    assert shown["debug_url"].startswith(f"http://test/calls/{call.call.uuid}?expires=")


async def test_a_call_whose_trace_is_no_longer_kept_is_told_from_its_record(world: World) -> None:
    told = await timeline(world, await stored(world))
    assert [moment["kind"] for moment in told["moments"]] == ["state", "state", "state", "end"]


async def test_both_legs_of_a_bridged_call_are_told_whichever_is_asked_for(world: World) -> None:
    caller = await stored(world)
    callee = await stored(world, parent_uuid=caller.call.uuid, sip_call_id=None)
    traces = world.services.traces
    traced(traces, caller)
    traces.opened(callee)
    told, same = await timeline(world, caller), await timeline(world, callee)
    assert told == same
    assert told["call"] == str(caller.call.uuid)
    assert [leg["uuid"] for leg in told["legs"]] == [str(c.call.uuid) for c in (caller, callee)]


async def test_whole_messages_come_only_when_asked_for(world: World) -> None:
    call = await stored(world)
    traced(world.services.traces, call)
    plain, raw = await timeline(world, call), await timeline(world, call, "?raw=true")
    assert not any("raw" in moment for moment in plain["moments"])
    messages = [moment for moment in raw["moments"] if moment["kind"] == "sip"]
    assert messages[0]["raw"].startswith("INVITE sip:b@y SIP/2.0")


async def test_nobody_else_is_told(world: World) -> None:
    call = await stored(world)
    traced(world.services.traces, call)
    answer = await world.bob.client.get(f"/rest/call/{call.call.uuid}/timeline")
    assert answer.status_code == 404
