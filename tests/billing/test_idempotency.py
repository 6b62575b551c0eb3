"""A key is claimed once; tests/api/test_idempotency.py holds what callers see of it."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from opentact.adapters.storage.database import Database
from opentact.billing.idempotency import (
    KEPT,
    Claim,
    Earlier,
    KeyReused,
    StillRunning,
    answered,
    earlier,
    forget_old,
    take,
)
from opentact.kit.ids import new_id
from support.world import NOON

from .conftest import Opens

WORK = UUID(int=1)


async def claim(database: Database, what: Claim, reference: UUID = WORK) -> None:
    async with database.write() as session:
        await take(session, what, reference, now=NOON)


async def test_a_key_tells_what_it_was_claimed_for_and_then_the_answer(
    database: Database, account: UUID
) -> None:
    key = Claim(account, "k", "f")
    async with database.read() as session:
        assert await earlier(session, key, now=NOON) is None
    await claim(database, key)
    async with database.write() as session:
        assert await earlier(session, key, now=NOON) == Earlier(WORK, None, None)
        await answered(session, key, status=201, body=b"{}")
    async with database.read() as session:
        assert await earlier(session, key, now=NOON) == Earlier(WORK, 201, b"{}")


async def test_of_many_claims_at_once_one_is_let_through(database: Database, account: UUID) -> None:
    key, works = Claim(account, "k", "f"), [new_id() for _ in range(6)]
    results = await asyncio.gather(
        *(claim(database, key, work) for work in works), return_exceptions=True
    )
    assert [type(one) for one in results].count(StillRunning) == 5
    async with database.read() as session:
        found = await earlier(session, key, now=NOON)
    assert found == Earlier(works[results.index(None)], None, None)


async def test_another_request_with_the_key_is_told_so(database: Database, account: UUID) -> None:
    await claim(database, Claim(account, "k", "f"))
    async with database.read() as session:
        with pytest.raises(KeyReused):
            await earlier(session, Claim(account, "k", "another"), now=NOON)


async def test_another_account_may_use_the_same_key(
    database: Database, account: UUID, opens: Opens
) -> None:
    await claim(database, Claim(account, "k", "f"))
    await claim(database, Claim(await opens("bob"), "k", "other"))


async def test_a_key_past_its_day_is_free_even_before_it_is_swept(
    database: Database, account: UUID
) -> None:
    key, later = Claim(account, "k", "f"), NOON + KEPT
    await claim(database, key)
    async with database.write() as session:
        just_before = later - timedelta(milliseconds=1)
        assert await earlier(session, key, now=just_before) is not None
        assert await earlier(session, key, now=later) is None
        await take(session, Claim(account, "k", "new"), new_id(), now=later)


async def test_sweeping_removes_what_is_past_its_day_and_nothing_else(
    database: Database, account: UUID
) -> None:
    await claim(database, Claim(account, "k", "f"))
    async with database.write() as session:
        assert await forget_old(session, now=NOON + KEPT - timedelta(milliseconds=1)) == 0
        assert await forget_old(session, now=NOON + KEPT) == 1
        assert await forget_old(session, now=NOON + KEPT) == 0
