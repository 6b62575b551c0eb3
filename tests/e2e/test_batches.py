"""Batches through the simulated carrier: each number once, paced, cancelled, and after a crash."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from e2e.test_placed_calls import profile
from support.live_server import Customer, customer, running_server

pytestmark = pytest.mark.e2e

HANGS_UP = '<Response><Hangup tag="told"/></Response>'
TALKS = '<Response><Pause length="60000"/></Response>'
ANSWERS = [12125550110 + n for n in range(10)]
BUSY, REJECTS = 12125550186, 12125550103


async def finished(alice: Customer, uuid: str) -> dict[str, Any]:
    for _ in range(600):
        batch: dict[str, Any] = await alice.ask("GET", f"/rest/batch/{uuid}")
        if batch["finished_on"] is not None:
            return batch
        await asyncio.sleep(0.05)
    raise AssertionError(f"the batch is not finished: {batch}")


async def results(alice: Customer, uuid: str) -> dict[int, dict[str, Any]]:
    found = await alice.ask("GET", f"/rest/batch/{uuid}/number", params={"take": 1000})
    assert found["total"] == len(found["data"])
    return {each["phone"]: each for each in found["data"]}


async def start(alice: Customer, phones: list[int], xml: str = HANGS_UP, **more: Any) -> Any:
    body = {"outbound_voice_profile": await profile(alice), "phones": phones, "xml": xml}
    return await alice.ask("POST", "/rest/batch", {**body, **more})


async def test_each_number_is_called_once_and_has_its_result(alice: Customer) -> None:
    made = await start(alice, [*ANSWERS, BUSY, REJECTS, BUSY])
    assert (made["state"], made["type"], made["total"]) == ("created", "call_xml", 12)
    batch = await finished(alice, made["uuid"])
    counts = {name: batch[name] for name in ("state", "success", "failed", "processing")}
    assert counts == {"state": "success", "success": 10, "failed": 2, "processing": 0}
    found = await results(alice, made["uuid"])
    assert list(found) == [*ANSWERS, BUSY, REJECTS]
    assert (found[BUSY]["state"], found[BUSY]["cause"]) == ("failed", "busy")
    call = await alice.call(found[ANSWERS[0]]["call"])
    assert (call["to"], call["reason"]) == (str(ANSWERS[0]), "The call flow hung up: told")
    told = await alice.events(made["uuid"])
    assert [each["payload"]["success"] for each in told] == sorted(
        each["payload"]["success"] for each in told
    )
    assert (told[-1]["type"], told[-1]["payload"]["processing"]) == ("batch", 0)


async def test_a_cancelled_batch_calls_nobody_more(alice: Customer) -> None:
    voice = await profile(alice)
    await alice.ask("PATCH", f"/rest/profile/outbound_voice/{voice}", {"channel_limit": 2})
    made = await start(alice, ANSWERS, TALKS, outbound_voice_profile=voice, max_duration=2)
    for _ in range(200):
        if len(await alice.online()) >= 2:
            break
        await asyncio.sleep(0.02)
    cancelled = await alice.ask("DELETE", f"/rest/batch/{made['uuid']}")
    assert cancelled["state"] == "cancelled"
    batch = await finished(alice, made["uuid"])
    assert (batch["success"], batch["cancelled"]) == (2, 8)
    states = [each["state"] for each in (await results(alice, made["uuid"])).values()]
    assert states == ["success"] * 2 + ["cancelled"] * 8


async def test_after_a_crash_no_number_is_called_twice(tmp_path: Path) -> None:
    with running_server(tmp_path / "data") as server:
        async with customer(server.http, server.token) as alice:
            phones = [12125550110 + n for n in range(30)]
            made = await start(alice, phones, '<Response><Pause length="1500"/></Response>')
            for _ in range(200):
                if (await alice.ask("GET", f"/rest/batch/{made['uuid']}"))["state"] != "created":
                    break
                await asyncio.sleep(0.02)
        server.kill()
        server.start()
        async with customer(server.http, server.token) as alice:
            batch = await finished(alice, made["uuid"])
            found = await results(alice, made["uuid"])
            calls = await alice.calls(direction="out")
    assert batch["success"] + batch["failed"] == 30
    called = [call["to"] for call in calls]
    assert len(called) == len(set(called))
    causes = {each["cause"] for each in found.values() if each["state"] == "failed"}
    assert causes == {"server_crashed"}
    assert {each["state"] for each in found.values()} <= {"success", "failed"}
    assert batch["success"] > 0
