"""The books of calls reach the database whole, in order, and one bad page costs only its call."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import orjson
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from opentact.accounts.accounts import get_account
from opentact.adapters.storage.journal import Journal
from opentact.billing.ledger import Line, RefType, Transaction
from opentact.events.log import Event
from opentact.voice.call_book import LATE_PART, MOST_LATE, CallBook, new_recording
from opentact.voice.call_events import CallCard
from opentact.voice.call_pages import Page
from opentact.voice.callflow.steps import Command
from opentact.voice.calls import Call, CallFlowLog, CallState, Direction
from opentact.voice.recordings import Recording, RecordingState
from support.world import World, build_world

DONE = Command("Say", success=True, reason="said", path="Say[0]")


@dataclass
class Desk:
    world: World
    book: CallBook
    journal: Journal

    async def card(self) -> CallCard:
        async with self.world.database.read() as session:
            account = await get_account(session, self.world.alice.account)
        now = self.world.clock.now()
        call = Call(
            account_uuid=account.uuid,
            direction=Direction.IN,
            from_="+12025550199",
            to="12025550100",
            node="test",
            init_on=now,
            created_on=now,
            modified_on=now,
        )
        return CallCard(call, account)

    async def all(self, kind: Any) -> list[Any]:
        async with self.world.database.read() as session:
            return list(await session.scalars(select(kind)))

    async def frames(self) -> list[dict[str, Any]]:
        async with self.world.database.read() as session:
            events = await session.scalars(select(Event).order_by(Event.position))
            return [orjson.loads(event.frame) for event in events]


@pytest.fixture
async def desk(database_url: str) -> AsyncIterator[Desk]:
    async with build_world(database_url) as world:
        journal = Journal(world.database, linger=0.0)
        book = CallBook(
            journal,
            world.services.events,
            world.clock,
            link=world.services.recording_links.link,
            pauses=(0.0,),
        )
        yield Desk(world, book, journal)
        await book.close()
        await journal.close()


async def test_changes_before_the_commit_become_one_row(desk: Desk) -> None:
    card = await desk.card()
    desk.book.opened(card)
    desk.book.changed(card, state=CallState.RINGING)
    desk.book.changed(card, state=CallState.LIVE, meta={"a": 1})
    (page,) = desk.book._pages.values()
    assert (len(page.inserts), page.updates) == (1, {})
    await desk.book.durable(card)
    (call,) = await desk.all(Call)
    assert (call.state, call.meta, call.from_) == (CallState.LIVE, {"a": 1}, "+12025550199")


async def test_changes_after_the_commit_become_one_change(desk: Desk) -> None:
    card = await desk.card()
    desk.book.opened(card)
    await desk.book.durable(card)
    desk.book.changed(card, state=CallState.LIVE, from_="+1")
    desk.book.changed(card, state=CallState.HANGUP, reason="x")
    (page,) = desk.book._pages.values()
    assert (len(page.updates), page.inserts) == (1, {})
    await desk.book.durable(card)
    (call,) = await desk.all(Call)
    assert (call.state, call.reason, call.from_) == (CallState.HANGUP, "x", "+1")


async def test_a_frame_shows_the_call_as_it_was_and_not_as_it_is_stored(desk: Desk) -> None:
    card = await desk.card()
    desk.book.opened(card)
    desk.book.changed(card, state=CallState.LIVE)
    desk.book.entered(card, CallState.LIVE)
    desk.book.changed(card, state=CallState.HANGUP, cause="x", q850_cause=16)
    await desk.book.durable(card)
    frames = await desk.frames()
    assert [frame["call"]["state"] for frame in frames] == ["init", "live"]
    assert "q850_cause" not in frames[-1]["call"]


async def test_commands_and_recordings_are_written_in_order(desk: Desk) -> None:
    card = await desk.card()
    desk.book.opened(card)
    desk.book.command(card, DONE, 3)
    now = desk.world.clock.now()
    recording = new_recording(card, "vm", "x.wav", now, state=RecordingState.WRITING)
    desk.book.recording_opened(card, recording)
    desk.book.recording_closed(card, recording, state=RecordingState.STORED, size=44)
    await desk.book.durable(card)
    assert [f["type"] for f in await desk.frames()] == [
        "call_state",
        "call_flow",
        "call_record",
        "call_record",
    ]
    (log,) = await desk.all(CallFlowLog)
    assert (log.command, log.call_uuid) == (
        {"name": "Say", "path": "Say[0]", "line": 3},
        card.call.uuid,
    )
    (stored,) = await desk.all(Recording)
    assert (stored.state, stored.size) == (RecordingState.STORED, 44)
    assert (await desk.frames())[-1]["payload"]["url"].startswith("http://test/rest/record/")


async def test_the_charge_comes_with_the_end_and_its_notice_after_it(desk: Desk) -> None:
    card = await desk.card()
    desk.book.opened(card)
    desk.book.charge(card, Line(Decimal("-0.5"), RefType.VOICE_INCOMING, card.call.uuid))
    desk.book.entered(card, CallState.DESTROYED)
    await desk.book.durable(card)
    frames = await desk.frames()
    assert [frame["type"] for frame in frames] == ["call_state", "call_state", "balance"]
    assert frames[1]["call"]["account"]["balance"] == frames[2]["payload"] == 99.5
    entries = await desk.all(Transaction)
    assert [each.ref_uuid for each in entries][-1] == card.call.uuid


async def test_a_page_that_cannot_be_written_costs_only_its_call(desk: Desk) -> None:
    good, bad, also = [await desk.card() for _ in range(3)]
    for card in (good, bad, also):
        desk.book.opened(card)
        desk.book.charge(card, Line(Decimal(-1), RefType.VOICE_INCOMING, card.call.uuid))
    desk.book.changed(bad, to=None)
    for card in (good, bad, also):
        desk.book.entered(card, CallState.DESTROYED)
    await desk.book.durable(good)
    await desk.book.durable(also)
    with pytest.raises(Exception, match=r"(?i)not.null"):
        await desk.book.durable(bad)
    kept = {good.call.uuid, also.call.uuid}
    assert {call.uuid for call in await desk.all(Call)} == kept
    frames = await desk.frames()
    assert {frame["ref_id"] for frame in frames if frame["ref_id"]} == {str(u) for u in kept}
    charged = {each.ref_uuid for each in await desk.all(Transaction)} - {None}
    assert charged == kept
    # What was taken back was not told either.
    assert len(desk.world.published) == len(frames)


async def test_who_gives_up_waiting_leaves_the_others_their_commit(desk: Desk) -> None:
    card = await desk.card()
    desk.book.opened(card)
    waiting = [asyncio.ensure_future(desk.book.durable(card)) for _ in range(2)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    await waiting[1]
    assert len(await desk.all(Call)) == 1


async def test_an_ended_call_is_forgotten(desk: Desk) -> None:
    card = await desk.card()
    desk.book.opened(card)
    desk.book.entered(card, CallState.DESTROYED)
    await desk.book.durable(card)
    assert (desk.book._open, desk.book._pages) == ({}, {})


async def test_a_page_somebody_waits_for_goes_before_those_nobody_does(desk: Desk) -> None:
    alone, patient, hurried = [await desk.card() for _ in range(3)]
    desk.book._lane.took = 100.0
    for card in (alone, patient, hurried):
        desk.book.opened(card)
    await desk.book.durable(hurried)
    stored = {call.uuid for call in await desk.all(Call)}
    assert stored == {alone.call.uuid, hurried.call.uuid}
    await desk.book.close()
    assert len(await desk.all(Call)) == 3


async def test_a_page_nobody_waits_for_is_written_all_the_same(desk: Desk) -> None:
    card = await desk.card()
    desk.book.opened(card)
    await desk.book.stored(card)
    assert len(await desk.all(Call)) == 1


async def test_two_legs_are_written_in_one_commit(desk: Desk) -> None:
    one, other = [await desk.card() for _ in range(2)]
    desk.book._lane.took = 100.0
    desk.book.opened(one)
    desk.book.opened(other)
    written = desk.book.hurry(one, other)
    assert written is not None
    await written
    assert len(await desk.all(Call)) == 2
    assert desk.book.hurry(one, other) is None


async def sizes_of_batches(desk: Desk, pages: int) -> list[int]:
    """Close the book over so many pages that nobody waits for."""
    sizes: list[int] = []
    store = desk.book._lane._store

    async def counted(session: AsyncSession, pages: list[Page]) -> None:
        sizes.append(len(pages))
        await store(session, pages)

    desk.book._lane._store = counted
    cards = [await desk.card() for _ in range(pages)]
    for card in cards:
        desk.book.opened(card)
    await desk.book.close()
    assert len(await desk.all(Call)) == sum(sizes) == pages
    return sizes


async def test_pages_nobody_waits_for_are_written_a_few_at_a_time(desk: Desk) -> None:
    sizes = await sizes_of_batches(desk, 2 * MOST_LATE + 2)
    assert max(sizes) == MOST_LATE


async def test_the_more_pages_wait_the_more_are_written_at_a_time(desk: Desk) -> None:
    sizes = await sizes_of_batches(desk, 20 * MOST_LATE)
    assert sizes[0] == 20 * MOST_LATE // LATE_PART
    assert sizes == sorted(sizes, reverse=True)
