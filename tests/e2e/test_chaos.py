"""Cut off in the middle: the server, its media process, its speech process.

Afterwards every call has one end with its cause, the balance is what the ledger says, and no
recording is still being written.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from e2e.mixed_calls import still_wrong
from e2e.web import until
from opentact.app.simulate import Caller, CallOutcome, CallPlan
from support.books import calls_of
from support.live_server import Customer, Server, customer, running_server

CALLS = 30
EVER = datetime(2000, 1, 1, tzinfo=UTC)
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


async def hold_the_books_against_each_other(server: Server, calls: int) -> None:
    """One end for each call, one charge for each answered one, a balance that adds up."""
    assert await still_wrong(server) == []
    written, _ = await calls_of(server.database_url, EVER)
    assert len(written) == calls


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
    await hold_the_books_against_each_other(server, CALLS)
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
    await hold_the_books_against_each_other(server, CALLS + 1)


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
