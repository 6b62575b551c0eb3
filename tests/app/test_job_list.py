"""The platform's regular jobs, each on what it is there for."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa

from opentact.accounts.accounts import Account
from opentact.app.job_list import AHEAD, regular_jobs
from opentact.billing.ledger import Line, RefType, post
from opentact.events.log import Event
from opentact.kit.ids import new_id
from opentact.numbers.leases import Lease
from opentact.voice.recordings import Recording, RecordingState
from support.numbers import buy, stocked
from support.world import NOON, World, build_world

KEPT = timedelta(days=30)


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with build_world(database_url) as world:
        yield world


async def run(world: World, name: str, at: datetime) -> str:
    world.clock.at = at
    jobs = regular_jobs(world.services, keep_events=KEPT, keep_recordings=KEPT)
    [job] = [job for job in jobs if job.name == name]
    return await job.work(at)


async def only_lease(world: World) -> Lease:
    async with world.database.read() as session:
        return (await session.scalars(sa.select(Lease))).one()


async def test_a_lease_is_renewed_before_it_ends_and_once(world: World) -> None:
    [tn, *_] = await stocked(world)
    await buy(world.alice, tn)
    ends = (await only_lease(world)).expired_on
    early = await run(world, "renew leases", ends - AHEAD - timedelta(minutes=1))
    assert early == "0 renewed, 0 released"
    assert await run(world, "renew leases", ends - AHEAD) == "1 renewed, 0 released"
    assert await run(world, "renew leases", ends - AHEAD) == "0 renewed, 0 released"
    assert (await only_lease(world)).expired_on > ends


async def test_a_lease_that_does_not_renew_is_released_when_it_ends(world: World) -> None:
    [tn, *_] = await stocked(world)
    await buy(world.alice, tn, autorenew=False)
    ends = (await only_lease(world)).expired_on
    assert await run(world, "renew leases", ends) == "0 renewed, 0 released"
    before = await run(world, "release ended leases", ends - timedelta(minutes=1))
    assert before == "0 renewed, 0 released"
    assert await run(world, "release ended leases", ends) == "0 renewed, 1 released"
    assert (await only_lease(world)).released_on == ends


async def test_a_lease_nobody_can_pay_is_released(world: World) -> None:
    [tn, *_] = await stocked(world)
    await buy(world.alice, tn)
    async with world.database.write() as session:
        there = await session.scalar(
            sa.select(Account.balance).where(Account.uuid == world.alice.account)
        )
        spent = Line(-(there or Decimal(0)), RefType.PAYMENT)
        await post(session, world.alice.account, [spent], now=NOON)
    ends = (await only_lease(world)).expired_on
    assert await run(world, "renew leases", ends) == "0 renewed, 1 released"


async def test_old_events_are_forgotten(world: World) -> None:
    [tn, *_] = await stocked(world)
    await buy(world.alice, tn)
    async with world.database.read() as session:
        there = await session.scalar(sa.select(sa.func.count()).select_from(Event))
    assert await run(world, "forget old events", NOON + KEPT) == "0 events forgotten"
    late = NOON + KEPT + timedelta(seconds=1)
    assert await run(world, "forget old events", late) == f"{there} events forgotten"


async def test_nothing_to_do_is_said_so(world: World) -> None:
    assert await run(world, "settle open orders", NOON) == "0 orders settled"
    assert await run(world, "forget old idempotency keys", NOON) == "0 keys forgotten"


async def test_recordings_go_with_their_files_when_they_are_old(
    world: World, tmp_path: Path
) -> None:
    world.services.recordings = tmp_path
    async with world.database.write() as session:
        for days, state in ((31, "STORED"), (29, "STORED"), (31, "WRITING")):
            made = NOON - timedelta(days=days)
            file = f"{days}-{state}.wav"
            (tmp_path / file).write_bytes(b"RIFF")
            session.add(
                Recording(
                    account_uuid=world.alice.account,
                    call_uuid=new_id(),
                    state=RecordingState[state],
                    tag=None,
                    file=file,
                    created_on=made,
                    modified_on=made,
                )
            )
    assert await run(world, "delete old recordings", NOON) == "1 recordings deleted"
    assert await run(world, "delete old recordings", NOON) == "0 recordings deleted"
    left = sorted(each.name for each in tmp_path.glob("*.wav"))  # noqa: ASYNC240 - of a test
    assert left == ["29-STORED.wav", "31-WRITING.wav"]
