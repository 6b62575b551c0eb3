"""`kill -9` of any process of a server in the middle of calls and orders, again and again.

A crowd calls numbers that talk, record, play and dial; the API places calls, a batch calls, and
numbers are ordered beside. Then a process is killed that chance has chosen, at a moment that
chance has chosen; the server is started again if it was that, sometimes killed while it starts.
Afterwards its books are held against each other, and against what the callers saw.

`OPENTACT_KILLS=50` kills as often on each database instead of a few times, with a hundred calls;
`OPENTACT_CHANCE` is another number for other victims and moments.
"""

import asyncio
import os
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import pytest

from e2e.crowd import Crowd, Talk, crowd, now
from e2e.mixed_calls import PATIENCE_S, Scene, Work, at_rest, prepared, still_wrong
from e2e.web import until, web
from support.books import calls_of
from support.live_server import Customer, Server, customer, running_server
from support.postgres import PostgresServer

KILLS = int(os.environ.get("OPENTACT_KILLS", "0"))
CHANCE = os.environ.get("OPENTACT_CHANCE", "1")
CALLS, SECONDS = (100, 3.0) if KILLS else (40, 2.0)
VICTIMS = ("server", "media", "speech", "audio", "everything")
PROCESSES = {"media": "media.process", "speech": "speech.process", "audio": "audio.process"}


@pytest.fixture(scope="module")
def on_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with web() as site, running_server(tmp_path_factory.mktemp("kills") / "data") as server:
        yield prepared(Scene(server, site))


@pytest.fixture(scope="module")
def on_postgres(
    tmp_path_factory: pytest.TempPathFactory, postgres: PostgresServer
) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("kills") / "data"
    with (
        web() as site,
        postgres.database() as url,
        running_server(folder, database_url=url) as server,
    ):
        yield prepared(Scene(server, site))


@dataclass
class Kill:
    """One time: whom chance has chosen, and when it was done."""

    work: Work
    victim: str
    killed_on: datetime | None = None

    @property
    def server(self) -> Server:
        return self.work.scene.server

    async def live(self, alice: Customer, callers: Crowd) -> None:
        """Let everything begin at about the same time, and kill in its middle."""
        work, chance, server = self.work.begin(alice, callers), self.work.chance, self.server
        await asyncio.sleep(chance.uniform(0.2, self.work.seconds))
        await self.kill()
        if self.victim in {"server", "everything"}:
            await callers.cut_off()
            for task in work:
                task.cancel()
            await asyncio.gather(*work, return_exceptions=True)
            # Not in another thread: with its end the server would be killed.
            if chance.random() < 1 / 3:
                server.start_in_vain(chance.uniform(0.3, 1.5))
            server.start()
        else:
            await asyncio.gather(*work)
            await asyncio.sleep(1)

    async def kill(self) -> None:
        server = self.server
        if self.victim in PROCESSES:
            await until(lambda: child_of(server, PROCESSES[self.victim]), PATIENCE_S)
        self.killed_on = now()
        if self.victim == "server":
            server.kill()
        elif self.victim == "everything":
            server.kill_all()
        else:
            server.kill_child(PROCESSES[self.victim])


async def child_of(server: Server, module: str) -> bool:
    return any(module in words for words in server.children().values())


async def one_kill(scene: Scene, times: int) -> None:
    # Each process has its turn among as many kills as there are processes.
    turns = random.Random(f"{CHANCE}/{times // len(VICTIMS)}").sample(VICTIMS, len(VICTIMS))
    chance = random.Random(f"{CHANCE}/{times}/moment")
    work, server = Work(scene, chance, CALLS, SECONDS), scene.server
    kill = Kill(work, turns[times % len(VICTIMS)])
    if not server.runs:  # what a kill before has found
        server.start()
    async with crowd(server) as callers:
        async with customer(server.http, server.token) as alice:
            await scene.write_flows(alice, times)
            await kill.live(alice, callers)
        again = callers.call(scene.numbers["short"][0])
        await until(lambda: answered(again), PATIENCE_S)
        callers.hang_up()
        async with customer(server.http, server.token) as alice:
            await at_rest(work, alice)
        wrong = await still_wrong(server)
        calls, recordings = await calls_of(server.database_url, work.began)
        wrong += work.disagreements(calls, recordings, callers.talks)
        assert wrong == [], f"{kill.victim} killed {kill.killed_on} of {len(calls)} calls"


async def answered(talk: Talk) -> bool:
    assert talk.status in {None, 200}, talk
    return talk.status == 200


@pytest.mark.parametrize("times", range(KILLS or 5))
async def test_nothing_is_lost_and_nothing_doubled_on_sqlite(on_sqlite: Scene, times: int) -> None:
    await one_kill(on_sqlite, times)


@pytest.mark.parametrize("times", range(KILLS or 2))
async def test_nothing_is_lost_and_nothing_doubled_on_postgresql(
    on_postgres: Scene, times: int
) -> None:
    await one_kill(on_postgres, times)
