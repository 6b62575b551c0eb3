"""Who may be called: each rule, on both databases, and many calls in one read."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from opentact.accounts.accounts import Account
from opentact.billing.ledger import Line, RefType, post
from opentact.voice import causes
from opentact.voice.admission import Admitted, Refused, Verdict
from opentact.voice.admissions import Admissions
from support.numbers import buy, stocked
from support.world import World, build_world

FLOW = b"<Response><Hangup/></Response>"
NUMBER = "+12025550100"


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with build_world(database_url) as built:
        await stocked(built, 3)
        await buy(built.alice, 12025550100, 12025550101)
        yield built


class Counted:
    """The world's database; counts reads, and fails if told to."""

    def __init__(self, world: World) -> None:
        self.reads = 0
        self.fails = False
        self._database = world.database

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        self.reads += 1
        if self.fails:
            raise OSError("the disk is gone")
        async with self._database.read() as session:
            yield session

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        async with self._database.write() as session:
            yield session


async def lead(world: World, number: int, **app: Any) -> str:
    alice = world.alice.client
    made = (await alice.post("/rest/sip/app", json={"name": "menu", **app})).json()["payload"]
    files = {"file": ("flow.xml", FLOW, "text/xml")}
    await alice.post(f"/rest/sip/app/call/flow/{made['uuid']}", files=files)
    lease = (await alice.get(f"/rest/lease/tn/{number}/tn")).json()["payload"]
    path = f"/rest/sip/app/{made['uuid']}/tnlease"
    assert (await alice.post(path, json={"add": [lease["uuid"]]})).is_success
    return str(made["uuid"])


async def decide(world: World, called: str) -> Verdict:
    return await Admissions(world.database, world.clock).decide(called)


async def refusal(world: World, called: str = NUMBER) -> tuple[causes.Cause, bool]:
    verdict = await decide(world, called)
    assert isinstance(verdict, Refused)
    return verdict.cause, verdict.account is not None


@pytest.mark.parametrize("called", ["+12025550100", "2025550100", "12025550100"])
async def test_a_leased_number_leads_to_its_app_and_flow(world: World, called: str) -> None:
    app = await lead(world, 12025550100)
    verdict = await decide(world, called)
    assert isinstance(verdict, Admitted)
    assert (str(verdict.app.uuid), verdict.static) == (app, FLOW)
    assert verdict.account.uuid == world.alice.account
    assert verdict.rate.per_minute == Decimal("0.0085")


@pytest.mark.parametrize("called", ["+12025550102", "+12015550199", "alice", "", "1" * 40])
async def test_a_number_nobody_leases_is_told_to_nobody(world: World, called: str) -> None:
    assert await refusal(world, called) == (causes.NOT_LEASED, False)


async def test_a_lease_that_leads_nowhere(world: World) -> None:
    assert await refusal(world) == (causes.NO_DESTINATION, True)


async def test_an_inactive_app(world: World) -> None:
    await lead(world, 12025550100, is_active=False)
    assert await refusal(world) == (causes.APP_INACTIVE, True)


async def test_a_number_whose_voice_is_switched_off(world: World) -> None:
    await lead(world, 12025550100)
    off = await world.alice.client.patch(
        "/rest/lease/tn/12025550100", json={"voice": False, "sms": True}
    )
    assert off.is_success
    assert await refusal(world) == (causes.VOICE_OFF, True)


async def test_an_expired_lease(world: World) -> None:
    await lead(world, 12025550100)
    world.clock.at += timedelta(days=400)
    assert await refusal(world) == (causes.LEASE_EXPIRED, True)


async def test_a_disabled_account(world: World) -> None:
    await lead(world, 12025550100)
    async with world.database.write() as session:
        await session.execute(update(Account).values(disabled_on=world.clock.now()))
    assert await refusal(world) == (causes.ACCOUNT_DISABLED, True)


async def test_a_balance_that_does_not_pay_a_minute(world: World) -> None:
    await lead(world, 12025550100)
    async with world.database.write() as session:
        line = Line(Decimal(-1000), RefType.PAYMENT)
        await post(session, world.alice.account, [line], now=world.clock.now(), overdraw=True)
    assert await refusal(world) == (causes.BALANCE_EMPTY, True)


async def test_a_flow_that_was_removed_runs_no_more(world: World) -> None:
    app = await lead(world, 12025550100)
    await world.alice.client.delete(f"/rest/sip/app/call/flow/{app}")
    verdict = await decide(world, NUMBER)
    assert isinstance(verdict, Admitted)
    assert verdict.static is None


async def test_calls_that_wait_together_are_one_read_each_with_its_own_answer(
    world: World,
) -> None:
    first = await lead(world, 12025550100)
    second = await lead(world, 12025550101)
    storage = Counted(world)
    admissions = Admissions(storage, world.clock)
    called = ["+12025550100", "+12025550101", "+12025550102"] * 10
    verdicts = await asyncio.gather(*(admissions.decide(number) for number in called))
    apps = [str(v.app.uuid) if isinstance(v, Admitted) else None for v in verdicts]
    assert apps == [first, second, None] * 10
    assert storage.reads == 1


async def test_what_was_changed_holds_for_the_next_call(world: World) -> None:
    app = await lead(world, 12025550100)
    admissions = Admissions(world.database, world.clock)
    assert isinstance(await admissions.decide(NUMBER), Admitted)
    await world.alice.client.patch(f"/rest/sip/app/{app}", json={"is_active": False})
    assert isinstance(await admissions.decide(NUMBER), Refused)


async def test_a_database_that_fails_fails_its_calls_and_no_later_ones(world: World) -> None:
    await lead(world, 12025550100)
    storage = Counted(world)
    storage.fails = True
    admissions = Admissions(storage, world.clock)
    results = await asyncio.gather(
        *(admissions.decide(NUMBER) for _ in range(3)), return_exceptions=True
    )
    assert [type(result) for result in results] == [OSError] * 3
    storage.fails = False
    assert isinstance(await admissions.decide(NUMBER), Admitted)
