"""What an operator does without the API: accounts, tokens, credit."""

import json
from collections.abc import AsyncIterator
from decimal import Decimal

import pytest
import sqlalchemy as sa

from opentact.accounts.accounts import Account
from opentact.accounts.users import Role, UserExists
from opentact.app.operating import WrongValue, create_account, give_credit, give_token
from opentact.billing.ledger import NotEnoughBalance, Transaction
from opentact.events.log import Event
from opentact.kit.faults import NotFound
from support.world import PASSWORD, World, build_world


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with build_world(database_url) as world:
        yield world


async def credit(world: World, amount: str, email: str = "alice@example.com") -> Decimal:
    return await give_credit(
        world.database,
        world.services.events,
        world.clock,
        email=email,
        amount=Decimal(amount),
        note="by bank",
    )


async def create(world: World, email: str, password: str = PASSWORD) -> None:
    await create_account(
        world.database,
        world.services.passwords,
        world.clock,
        email=email,
        password=password,
        name="New",
        role=Role.USER,
    )


async def test_a_new_account_may_log_in(world: World) -> None:
    await create(world, "New@Example.com")
    answer = await world.anonymous.get("/rest/user", auth=("new@example.com", PASSWORD))
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    ("email", "password", "fault"),
    [
        ("nobody", PASSWORD, WrongValue),
        ("a@example.com", "short", WrongValue),
        ("alice@example.com", PASSWORD, UserExists),
    ],
)
async def test_an_account_that_cannot_be_leaves_nothing(
    world: World, email: str, password: str, fault: type[Exception]
) -> None:
    async def accounts() -> int | None:
        async with world.database.read() as session:
            return await session.scalar(sa.select(sa.func.count()).select_from(Account))

    before = await accounts()
    with pytest.raises(fault):
        await create(world, email, password)
    assert await accounts() == before


async def test_a_token_opens_the_api(world: World) -> None:
    secret = "s" * 48
    await give_token(
        world.database, world.clock, email="ALICE@example.com", secret=secret, name="x", ttl=None
    )
    answer = await world.anonymous.get("/rest/user", headers={"X-Auth-Token": secret})
    assert answer.json()["payload"]["email"] == "alice@example.com"
    with pytest.raises(NotFound, match="no user eve"):
        await give_token(
            world.database, world.clock, email="eve", secret=secret, name="x", ttl=None
        )


async def test_credit_is_an_entry_of_the_ledger_and_a_balance_event(world: World) -> None:
    assert await credit(world, "12.5") == Decimal("112.5")
    async with world.database.read() as session:
        entry = await session.scalar(sa.select(Transaction).where(Transaction.description != ""))
        frames = await session.scalars(sa.select(Event.frame).where(Event.type == "balance"))
        [told] = [json.loads(frame) for frame in frames]
    assert entry is not None
    assert (entry.amount, entry.description) == (Decimal("12.5"), "by bank")
    assert told["payload"] == 112.5


@pytest.mark.parametrize("amount", ["0", "NaN", "Infinity", "0.000001"])
async def test_what_is_no_amount_is_refused(world: World, amount: str) -> None:
    with pytest.raises(WrongValue):
        await credit(world, amount)


async def test_a_correction_takes_no_more_than_there_is(world: World) -> None:
    assert await credit(world, "-100") == 0
    with pytest.raises(NotEnoughBalance):
        await credit(world, "-0.01")
    with pytest.raises(NotFound):
        await credit(world, "1", email="eve@example.com")
