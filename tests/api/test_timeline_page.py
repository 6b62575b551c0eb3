from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from opentact.api.timeline_page import drawn
from opentact.api.wire.timelines import timeline_out
from opentact.voice.timeline.rows import kept
from opentact.voice.timeline.story import Material
from opentact.voice.timeline.traces import Traces
from support.samples import AT
from support.tracing import card, ended, message, traced
from support.world import World, build_world


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with build_world(database_url) as world:
        yield world


async def a_call(world: World, **more: Any) -> str:
    """Keep a call of Alice's, and give the link to its page without the host."""
    call = card(account_uuid=world.alice.account, **ended(**more)).call
    async with world.database.write() as session:
        session.add(call)
    link = world.services.call_links.link(call.uuid, world.clock.now())
    return link.removeprefix("http://test")


async def test_whoever_has_the_link_of_an_event_reads_the_page(world: World) -> None:
    answer = await world.anonymous.get(await a_call(world))
    assert answer.status_code == 200
    assert "Ended: The caller hung up. To blame: nobody." in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"


async def test_a_link_that_was_altered_or_has_ended_opens_nothing(world: World) -> None:
    link = await a_call(world)
    assert (await world.anonymous.get(f"{link}0")).status_code == 401
    world.clock.at += timedelta(days=31)
    assert (await world.anonymous.get(link)).status_code == 401


async def test_a_page_without_its_signature_is_not_there(world: World) -> None:
    link = await a_call(world)
    assert (await world.anonymous.get(link.partition("?")[0])).status_code == 400


def page(*, caller: str = "+12015550123", start: str = "INVITE sip:b@y SIP/2.0") -> str:
    traces = Traces(AT.timestamp)
    call = card(from_=caller, **ended())
    traced(traces, call)
    trace = traces.of(call.call.uuid)
    assert trace is not None
    hostile = kept(trace)
    hostile.entries[0]["what"] = message(start, "INVITE").decode()
    return drawn(timeline_out(Material([call.call], kept=hostile)))


def test_each_message_is_an_arrow_and_each_moment_a_row() -> None:
    text = page()
    assert text.count("<path class=a") == 3
    assert text.count("<tr class='sip'>") == 3
    assert "INVITE" in text


def test_nothing_from_the_wire_becomes_markup() -> None:
    text = page(caller="<script>alert(1)</script>", start="<img/src=x> sip:b@y SIP/2.0")
    assert "<script" not in text
    assert "<img" not in text
    assert "&lt;script&gt;" in text
