"""PostgreSQL is cut off under running calls for some seconds, and started again.

Calls go on, what happens to them meanwhile is written later, new ones are refused with a status
that says so, and when the database is back everything works without a start of the server.
"""

import asyncio
import random
from collections.abc import Iterator
from datetime import timedelta
from functools import partial

import pytest

from e2e.crowd import Crowd, Talk, crowd
from e2e.mixed_calls import Scene, Work, at_rest, prepared, still_wrong
from e2e.web import until, web
from support.books import calls_of
from support.live_server import Customer, Refused, customer, running_server
from support.postgres import PostgresServer, postgres_server

CALLS = 40
AWAY_S = 2.5
MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="module")
def database() -> Iterator[PostgresServer]:
    # What is committed outlives the server, as in real life; the disk need not.
    with postgres_server(synchronous_commit="on") as server:
        yield server


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory, database: PostgresServer) -> Iterator[Scene]:
    database.execute("CREATE DATABASE opentact")
    folder = tmp_path_factory.mktemp("away") / "data"
    with (
        web() as site,
        running_server(folder, database_url=database.url("opentact")) as server,
    ):
        yield prepared(Scene(server, site))


async def over(talk: Talk) -> bool:
    return talk.ended_on is not None


async def up(talk: Talk) -> bool:
    assert talk.status in {None, 200}, talk
    return talk.is_up


async def served(alice: Customer) -> bool:
    """Tell whether the API serves again, and not only says why it does not."""
    try:
        await alice.ask("GET", "/rest/account")
    except Refused as refused:
        return refused.status != 503
    return True


async def while_it_is_away(
    scene: Scene, alice: Customer, callers: Crowd, talks: list[Talk], short: Talk
) -> None:
    """A call ends by itself, others are hung up; nobody's voice is cut, and new ones are told."""
    await until(partial(over, short))
    for talk in talks[:5]:
        talk.hang_up()
    refused = callers.call(scene.numbers["talks"][0])
    await until(partial(over, refused))
    assert refused.status == 503
    with pytest.raises(Refused) as said:
        await alice.ask("GET", "/rest/account")
    assert (said.value.status, said.value.said["code"]) == (503, "database_unusable")
    await asyncio.sleep(AWAY_S)
    assert all(talk.is_up for talk in talks[5:])


def refusals(outcomes: list[BaseException | None]) -> list[tuple[int, str]]:
    """Read what the API said meanwhile; anything but a refusal fails the test."""
    said = []
    for each in outcomes:
        if isinstance(each, Refused):
            said.append((each.status, each.said["code"]))
        elif each is not None:
            raise each
    return said


async def test_calls_outlive_a_restart_of_their_database(
    scene: Scene, database: PostgresServer
) -> None:
    work, server = Work(scene, random.Random(1), CALLS), scene.server
    async with crowd(server) as callers, customer(server.http, server.token) as alice:
        await scene.write_flows(alice, 7)
        talks = [callers.call(scene.numbers["talks"][0]) for _ in range(10)]
        short = callers.call(scene.numbers["short"][0])
        for each in (*talks, short):
            await until(partial(up, each))
        began = work.begin(alice, callers)
        await asyncio.sleep(0.5)
        database.cut_off()
        await while_it_is_away(scene, alice, callers, talks, short)
        database.begin()
        await until(partial(served, alice))
        said = refusals(await asyncio.gather(*began, return_exceptions=True))
        assert {status for status, _ in said} <= {503}, said
        again = callers.call(scene.numbers["short"][0])
        await until(partial(up, again))
        callers.hang_up()
        await at_rest(work, alice)
        wrong = await still_wrong(server)
        calls, recordings = await calls_of(server.database_url, work.began - MINUTE)
        wrong += work.disagreements(calls, recordings, callers.talks)
        assert wrong == []
