"""The books are read by tests that harm servers: here it is seen that they notice."""

import shutil
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from opentact.voice.call_book import new_recording
from opentact.voice.recordings import RecordingState
from opentact.voice.rtp import wav
from support.books import calls_of, faults_of
from support.exchange import Exchange, exchange, lead
from support.world import NOON, build_world

ENDED = "json_extract(frame, '$.payload.state') = 'destroyed'"
DAMAGE = [
    ("UPDATE call SET destroy_on = NULL", "is still destroyed"),
    ("UPDATE call SET cause = NULL", "is still destroyed"),
    (f"DELETE FROM event WHERE {ENDED}", "has 0 ends"),
    (f"DELETE FROM event WHERE {ENDED}", "gaps or doubles"),
    ("DELETE FROM event WHERE json_extract(frame, '$.seq') = 2", "has events [1, 3, 4"),
    ("DELETE FROM call", "unknown call"),
    ("UPDATE call SET hangup_on = destroy_on + 1", "hung up at"),
    ("UPDATE call SET duration = 7", "talked 0 s"),
    ("UPDATE call SET price = price * 2", "its entries are"),
    ('DELETE FROM "transaction" WHERE ref_uuid IS NOT NULL', "its entries are"),
    ("UPDATE account SET balance = balance + 1", "its entries say"),
    ('UPDATE "transaction" SET account_balance_after = 1', "does not add up"),
    ("UPDATE tn_order SET settled_on = NULL", "is not settled"),
    ("UPDATE tn_order_item SET state = 'processing'", "is processing with 1 leases"),
    ("UPDATE tn_lease SET item_uuid = NULL", "was bought 0 times"),
    ("UPDATE recording SET state = 'WRITING'", "is writing, reason None"),
    ("UPDATE recording SET duration = 900", "plays 1000 ms and says 900"),
    ("UPDATE recording SET channels = 2", "has 1 channels instead of 2"),
    ("UPDATE recording SET size = 1", "bytes instead of 1"),
    ("UPDATE recording SET file = 'gone.wav'", "its file is not there"),
    ("UPDATE recording SET file = 'gone.wav'", "belongs to no recording"),
]


@pytest.fixture
async def phones(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[Exchange]:
    """A world in which one call was made to one number, and recorded for a second."""
    shutil.copyfile(sqlite_template, tmp_path / "opentact.db")
    folder = tmp_path / "recordings"
    folder.mkdir()
    async with (
        build_world(f"sqlite+aiosqlite:///{tmp_path / 'opentact.db'}") as world,
        exchange(world, folder) as made,
    ):
        await lead(world, world.alice)
        leg = await made.call()
        (card,) = made.board.of_account(world.alice.account)
        (folder / "whole.wav").write_bytes(wav.header(8_000) + bytes(16_000))
        recording = new_recording(card, "r", "whole.wav", NOON, state=RecordingState.WRITING)
        made.book.recording_opened(card, recording)
        stored = {"state": RecordingState.STORED, "duration": 1000, "size": 16_044}
        made.book.recording_closed(card, recording, **stored)
        leg.hangs_up()
        await made.all_over()
        yield made


async def test_the_books_of_a_server_that_was_not_harmed_are_right(phones: Exchange) -> None:
    url = phones.world.database.url
    assert await faults_of(url, phones.recordings) == []
    (call,), (recording,) = await calls_of(url, NOON)
    assert (call.cause, call.price > 0) == ("caller_hung_up", True)
    assert recording.call_uuid == call.uuid
    assert await calls_of(url, NOON + timedelta(seconds=1)) == ([], [])


@pytest.mark.parametrize(("sql", "words"), DAMAGE)
async def test_what_is_damaged_is_noticed(phones: Exchange, sql: str, words: str) -> None:
    async with phones.world.database.write() as session:
        await session.execute(sa.text("PRAGMA defer_foreign_keys = ON"))
        changed = await session.execute(sa.text(sql))
        assert changed.rowcount > 0  # type: ignore[attr-defined]
    faults = await faults_of(phones.world.database.url, phones.recordings)
    assert any(words in each for each in faults), faults


async def test_a_file_that_cannot_be_played_is_noticed(phones: Exchange) -> None:
    (phones.recordings / "whole.wav").write_bytes(wav.header(4_000) + bytes(16_000))
    (fault,) = await faults_of(phones.world.database.url, phones.recordings)
    assert "header says 4000 samples, 8000 are there" in fault
