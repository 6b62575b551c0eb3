"""What is stored together is in test_call_book.py; here is what a page says of itself."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import update

from opentact.adapters.storage.database import Database
from opentact.api.wire.events import render
from opentact.events.log import EventHead, EventLog
from opentact.kit.entities import Base
from opentact.voice.call_events import CallCard, CallChanged
from opentact.voice.call_pages import Page, Writer, are_stored, give_up
from opentact.voice.calls import Call, CallState
from support.phone import card
from support.world import NOON


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    made = Database(f"sqlite+aiosqlite:///{tmp_path / 'a.db'}")
    await made.create_all()
    yield made
    await made.close()


EVENTS = EventLog(render, lambda _: None)
WRITER = Writer(EVENTS, lambda: NOON, lambda *_: None)


def new(one: CallCard) -> Page:
    columns = type(one.call).__mapper__.column_attrs
    row = {attr.key: getattr(one.call, attr.key) for attr in columns}
    page = Page(one, inserts={(Call, one.call.uuid): row})
    page.ready.append(EVENTS.draft(CallChanged(one, CallState.INIT, 1), NOON))
    return page


async def test_a_change_of_a_row_that_is_not_stored_yet_changes_the_row() -> None:
    key: tuple[type[Base], UUID] = (Call, UUID(int=1))
    page = Page(card(), inserts={key: {"to": "1"}})
    page.change(key, {"to": "2"})
    assert (page.inserts, page.updates) == ({key: {"to": "2"}}, {})
    stored = Page(card())
    stored.change(key, {"to": "2"})
    stored.change(key, {"reason": "x"})
    assert stored.updates == {key: {"to": "2", "reason": "x"}}


async def test_what_is_given_up_is_told_to_its_call() -> None:
    page = new(card())
    error = OSError("disk full")
    give_up([page], error)
    assert page.card.lost is error


async def test_one_knows_of_a_commit_that_seemed_to_fail_whether_it_did(
    database: Database,
) -> None:
    one = card()
    page, ended = new(one), Page(one, late=[CallChanged(one, CallState.DESTROYED, 2)])
    async with database.write() as session:
        session.add(one.account)
        session.add(EventHead(account_uuid=one.account.uuid))
    async with database.write() as session:
        assert not await are_stored(session, [page])
        await WRITER.store(session, [page])
    assert one.lost is None
    async with database.write() as session:
        assert await are_stored(session, [page])
        assert not await are_stored(session, [ended])
        assert not await are_stored(session, [Page(one)])
        await session.execute(update(Call).values(destroy_on=NOON))
        assert await are_stored(session, [ended])
