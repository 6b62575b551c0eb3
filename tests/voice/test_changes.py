"""Changes of SIP domains: told here when they are stored, and noticed when made elsewhere."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from opentact.adapters.storage.database import Database
from opentact.kit.ids import new_id
from opentact.voice.changes import Changes

HERE, THERE = new_id(), new_id()


class Ears(list[UUID | None]):
    """What one listener was told."""

    def __init__(self, changes: Changes) -> None:
        self.stop = changes.listen(self.append)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database(database_url)
    await opened.upgrade()
    yield opened
    await opened.close()


async def change(database: Database, changes: Changes, domain: UUID = HERE) -> None:
    async with database.write() as session:
        await changes.note(session, domain)


async def test_a_change_is_told_once_it_is_stored_and_not_before(database: Database) -> None:
    changes = Changes()
    told = Ears(changes)
    async with database.write() as session:
        await changes.note(session, HERE)
        assert told == []
    assert told == [HERE]


async def test_what_is_not_stored_is_not_told(database: Database) -> None:
    changes = Changes()
    told = Ears(changes)

    async def half_done() -> None:
        async with database.write() as session:
            await changes.note(session, HERE)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await half_done()
    assert told == []


async def test_who_stopped_listening_is_told_nothing(database: Database) -> None:
    changes = Changes()
    told, other = Ears(changes), Ears(changes)
    told.stop()
    await change(database, changes)
    assert (told, other) == ([], [HERE])


async def test_anothers_change_is_noticed_as_any_and_once(database: Database) -> None:
    mine, other = Changes(), Changes()
    told = Ears(mine)
    assert await mine.poll(database) is False  # the first look is only where to begin
    await change(database, other)
    await change(database, other)
    assert await mine.poll(database) is True
    assert await mine.poll(database) is False
    assert told == [None]


async def test_ones_own_changes_are_not_noticed_again(database: Database) -> None:
    changes = Changes()
    told = Ears(changes)
    await changes.poll(database)
    for domain in (HERE, THERE):
        await change(database, changes, domain)
    assert await changes.poll(database) is False
    assert told == [HERE, THERE]


async def test_a_change_of_ones_own_does_not_hide_anothers(database: Database) -> None:
    mine, other = Changes(), Changes()
    told = Ears(mine)
    await mine.poll(database)
    await change(database, other, THERE)
    await change(database, mine)
    assert await mine.poll(database) is True
    assert told == [HERE, None]


async def test_a_change_while_it_polls_is_not_lost(database: Database) -> None:
    mine, other = Changes(), Changes()
    told = Ears(mine)
    await mine.poll(database)
    await change(database, mine)
    await change(database, other)
    await mine.poll(database)
    await change(database, other)
    await mine.poll(database)
    assert told == [HERE, None, None]
