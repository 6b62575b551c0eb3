"""Many listeners, many events: nothing is lost, nothing comes twice, all is in order."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from opentact.accounts.users import open_account
from opentact.adapters.bus.in_process import InProcessBus
from opentact.adapters.storage.database import Database
from opentact.events.log import Draft, EventLog, Logged, read_from
from opentact.events.subscriptions import Wanted
from opentact.events.websocket_effects import ReadLog, Send, Welcome
from opentact.events.websocket_session import WebsocketSession
from support.happenings import change_balance
from support.websocket import Client, connected
from support.world import NOON, World, build_world

SOCKETS, EVENTS, GROUPS = 200, 2000, 40


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with build_world(database_url) as world:
        yield world


async def heard(client: Client, count: int) -> list[float]:
    return [(await client.hear())["payload"] for _ in range(count)]


async def test_two_hundred_sockets_hear_two_thousand_events_in_order(world: World) -> None:
    tenants = [world.alice, world.bob]
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(connected(world.app)) for _ in range(SOCKETS)]
        owners = [tenants[0] if n % 20 == 0 else tenants[1] for n in range(SOCKETS)]
        for client, owner in zip(clients, owners, strict=True):
            assert (await client.authenticate(owner.token))["success"]
        # Alice's ten sockets hear most events, Bob's hundred and ninety hear the rest.
        size = EVENTS // GROUPS
        for group in range(GROUPS):
            owner = tenants[1] if group % 10 == 9 else tenants[0]
            await change_balance(world, owner, *range(group * size, (group + 1) * size))
        expected = {
            tenants[0].user: [n for n in range(EVENTS) if n // size % 10 != 9],
            tenants[1].user: [n for n in range(EVENTS) if n // size % 10 == 9],
        }
        everything = await asyncio.gather(
            *(
                heard(client, len(expected[owner.user]))
                for client, owner in zip(clients, owners, strict=True)
            )
        )
        for frames, owner in zip(everything, owners, strict=True):
            assert frames == expected[owner.user]


class Shuffled:
    """A bus between two processes: what is published reaches the other late, in any order."""

    def __init__(self, seed: int) -> None:
        self._dice = random.Random(seed)
        self._late: list[Logged] = []
        self.bus = InProcessBus()

    def publish(self, events: list[Logged]) -> None:
        self._late += events
        self._dice.shuffle(self._late)
        keep = self._dice.randint(0, 3)
        told, self._late = self._late[keep:], self._late[:keep]
        self.bus.publish(told)

    def flush(self) -> None:
        self.bus.publish(self._late)


def spell(happened: object, uuid: UUID, _at: object) -> Draft:
    return Draft("test", None, {"uuid": str(uuid), "said": happened})


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_two_nodes_write_at_once_and_a_listener_misses_nothing(
    postgres_url: str, seed: int
) -> None:
    nodes = [Database(postgres_url), Database(postgres_url)]
    await nodes[0].create_all()
    between, dice = Shuffled(seed), random.Random(seed)
    async with nodes[0].write() as session:
        account = (await open_account(session, name="a", email="a@example.com", now=NOON)).uuid
    logs = [EventLog(spell, between.publish) for _ in nodes]
    machine = WebsocketSession(0)
    between.bus.subscribe(account, machine)
    machine.authenticated(Welcome(account, "{}", 0, 0, Wanted()), 0)

    async def write(node: int, number: int) -> None:
        async with nodes[node].write() as session:
            await _dawdle(session, dice)
            said = [f"{number}.{part}" for part in range(dice.randint(1, 4))]
            await logs[node].append(session, account, *said, now=NOON)
            await _dawdle(session, dice)

    try:
        texts = []
        for round_ in range(10):
            await asyncio.gather(*(write(n % 2, round_ * 10 + n) for n in range(10)))
            texts += await _hear(machine, nodes[1], account)
        between.flush()
        texts += await _hear(machine, nodes[1], account)
        async with nodes[0].read() as session:
            stored = await read_from(session, account, 0, take=10_000)
        assert [event.position for event in stored] == list(range(1, len(stored) + 1))
        assert texts == ["{}", *(event.frame for event in stored)]
    finally:
        for node in nodes:
            await node.close()


async def _dawdle(session: AsyncSession, dice: random.Random) -> None:
    """Let other writers go first, some times."""
    for _ in range(dice.randint(0, 3)):
        await session.execute(text("SELECT 1"))


async def _hear(machine: WebsocketSession, database: Database, account: UUID) -> list[str]:
    """Do what the session wants done, and give every text it sent."""
    sent: list[str] = []
    while (effect := machine.next_effect(0)) is not None:
        match effect:
            case Send(said):
                sent.append(said)
                machine.sent()
            case ReadLog(after, take):
                async with database.read() as session:
                    machine.read(await read_from(session, account, after, take=take))
            case _:
                raise AssertionError(effect)
    return sent
