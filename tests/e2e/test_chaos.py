"""Cut off in the middle: the server, its media process, its speech process.

Afterwards every call has one end with its cause, the balance is what the ledger says, and no
recording is still being written.
"""

import asyncio
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from e2e.web import until
from opentact.app.simulate import Caller, CallOutcome, CallPlan
from support.live_server import Customer, Server, customer, running_server

CALLS = 30
FLOW = (
    '<Response><Record tag="r"><Pause length="60000" dtmf_stop="#"/></Record>'
    "<Say>{words}</Say><Hangup/></Response>"
)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with running_server(tmp_path / "data", rtp_timeout=20) as started:
        yield started


@pytest.fixture
async def alice(server: Server) -> AsyncIterator[Customer]:
    async with customer(server.http, server.token) as demo:
        yield demo


def rows(server: Server, sql: str) -> list[tuple[Any, ...]]:
    file = f"file:{server.folder / 'opentact.db'}?mode=ro"
    with closing(sqlite3.connect(file, uri=True)) as database:
        return database.execute(sql).fetchall()


def hold_the_books_against_each_other(server: Server, calls: int) -> None:
    """One end for each call, one charge for each answered one, a balance that adds up."""
    ends = rows(
        server,
        "SELECT ref_id, count(*) FROM event WHERE type = 'call_state'"
        " AND json_extract(frame, '$.payload.state') = 'destroyed' GROUP BY ref_id",
    )
    assert [count for _, count in ends] == [1] * calls
    open_calls = "SELECT count(*) FROM call WHERE destroy_on IS NULL OR cause IS NULL"
    assert rows(server, open_calls) == [(0,)]
    seq = "json_extract(frame, '$.seq')"
    gaps = rows(
        server,
        f"SELECT ref_id FROM event WHERE type LIKE 'call%' GROUP BY ref_id"
        f" HAVING count(*) != max({seq}) OR count(DISTINCT {seq}) != count(*)",
    )
    assert gaps == []
    wrong = rows(
        server,
        "SELECT name, balance FROM account WHERE balance != (SELECT coalesce(sum(amount), 0)"
        ' FROM "transaction" WHERE account_uuid = account.uuid)',
    )
    assert wrong == []
    uncharged = rows(
        server,
        'SELECT uuid FROM call WHERE price != 0 AND (SELECT count(*) FROM "transaction"'
        " WHERE ref_uuid = call.uuid AND amount = -price) != 1",
    )
    assert uncharged == []
    recordings = rows(server, "SELECT state, reason FROM recording")
    assert all(
        state.lower() == "stored" or (state.lower() == "failed" and reason)
        for state, reason in recordings
    ), recordings


def call_all(server: Server, number: int, **plan: Any) -> "list[asyncio.Task[CallOutcome]]":
    address = server.sip_address
    return [
        asyncio.create_task(
            Caller(CallPlan(f"+120155501{n:02d}", str(number), address, **plan)).run()
        )
        for n in range(CALLS)
    ]


async def all_live(alice: Customer) -> None:
    async def live() -> bool:
        online = await alice.online()
        return len(online) == CALLS and all(call["state"] == "live" for call in online)

    await until(live, 30)


async def test_the_server_is_killed_in_the_middle_of_calls_and_orders(
    server: Server, alice: Customer
) -> None:
    number = await alice.number_with_flow(FLOW.format(words="Thank you."))
    calls = call_all(server, number, seconds=12)
    await all_live(alice)
    await asyncio.sleep(1)
    ordering = [asyncio.create_task(alice.order_number()) for _ in range(8)]
    await asyncio.sleep(0.05)
    server.kill()
    ordered = await asyncio.gather(*ordering, return_exceptions=True)
    assert any(isinstance(each, httpx.TransportError) for each in ordered)
    server.start()
    hold_the_books_against_each_other(server, CALLS)
    causes = {call["cause"] for call in await alice.calls(tn=number)}
    assert causes == {"server_crashed"}
    bought = await alice.ask("POST", "/rest/order/search", {})
    assert all(order["state"] not in {"created", "processing"} for order in bought["data"])
    await asyncio.gather(*calls)
    [outcome] = await _call_again(server, number)
    assert outcome.status == 200


async def test_the_media_process_is_killed_in_the_middle_of_calls(
    server: Server, alice: Customer
) -> None:
    number = await alice.number_with_flow(FLOW.format(words="Thank you."))
    calls = call_all(server, number, seconds=30)
    await all_live(alice)
    await asyncio.sleep(1)
    killed = server.kill_child("media.process")
    outcomes = await asyncio.wait_for(asyncio.gather(*calls), 20)
    assert Counter(outcome.ended_by for outcome in outcomes) == {"the platform hung up": CALLS}

    async def over() -> bool:
        return not await alice.online()

    await until(over)
    causes = Counter(call["cause"] for call in await alice.calls(tn=number))
    assert causes == {"media_gone": CALLS}
    [outcome] = await _call_again(server, number)
    assert outcome.status == 200
    assert server.child("media.process") != killed
    await until(over)
    hold_the_books_against_each_other(server, CALLS + 1)


async def test_the_speech_process_is_killed_while_it_speaks(
    server: Server, alice: Customer, tmp_path: Path
) -> None:
    first = await alice.number_with_flow("<Response><Say>Good morning.</Say></Response>")
    assert (await _hear(server, first, tmp_path)).heard_seconds > 0.2
    killed = server.kill_child("speech.process")
    second = await alice.number_with_flow("<Response><Say>Something not said yet.</Say></Response>")
    assert (await _hear(server, second, tmp_path)).heard_seconds > 0.2
    assert server.child("speech.process") != killed
    assert (await alice.ended(second))["cause"] == "flow_ended"


async def _call_again(server: Server, number: int) -> list[CallOutcome]:
    plan = CallPlan("+12015550199", str(number), server.sip_address, seconds=2)
    return [await Caller(plan).run()]


async def _hear(server: Server, number: int, folder: Path) -> CallOutcome:
    heard = folder / f"{number}.wav"
    plan = CallPlan("+12015550199", str(number), server.sip_address, heard=heard)
    return await Caller(plan).run()
