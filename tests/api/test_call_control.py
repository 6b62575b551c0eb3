"""Calls that live: listed, hung up, and given another flow."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from opentact.voice.testing import PaperLeg
from support.exchange import Exchange, exchange, lead
from support.world import World, build_world

PATHS = ("/rest/call/sca/", "/rest/sip/app/call/")
ONLINE = ("/rest/call/online", "/rest/sip/app/call/online")
INSTEAD = b"<Response><Say>Instead</Say><Hangup/></Response>"


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with build_world(database_url) as built:
        yield built


@pytest.fixture
async def phones(world: World, tmp_path: Path) -> AsyncIterator[Exchange]:
    async with exchange(world, tmp_path) as made:
        await lead(world, world.alice)
        yield made


async def a_call(phones: Exchange) -> tuple[PaperLeg, str]:
    leg = await phones.call()
    (card,) = phones.board.of_account(phones.world.alice.account)
    return leg, str(card.call.uuid)


def as_file(document: bytes) -> dict[str, Any]:
    return {"file": ("flow.xml", document, "text/xml")}


async def test_a_live_call_is_online_for_its_account(phones: Exchange) -> None:
    leg, uuid = await a_call(phones)
    for path in ONLINE:
        (shown,) = (await phones.world.alice.client.get(path)).json()["payload"]
        assert (shown["uuid"], shown["state"]) == (uuid, "live")
        assert (await phones.world.bob.client.get(path)).json()["payload"] == []
    leg.hangs_up()
    await phones.all_over()
    assert (await phones.world.alice.client.get(ONLINE[0])).json()["payload"] == []


@pytest.mark.parametrize("path", PATHS)
async def test_a_posted_flow_runs_in_place_of_what_runs(phones: Exchange, path: str) -> None:
    leg, uuid = await a_call(phones)
    client = phones.world.alice.client
    answer = await client.post(f"{path}{uuid}", files=as_file(INSTEAD))
    assert (answer.status_code, answer.json()["payload"]["uuid"]) == (200, uuid)
    await phones.all_over()
    assert phones.media.legs[0].played[-1] == ("said Instead", 1)
    assert leg.sent[-1] == ("BYE",)
    assert phones.told()[-1]["call"]["cause"] == "flow_hung_up"


async def test_xml_as_the_body_itself_is_taken_too(phones: Exchange) -> None:
    _, uuid = await a_call(phones)
    client = phones.world.alice.client
    answer = await client.post(
        f"{PATHS[0]}{uuid}", content=INSTEAD, headers={"Content-Type": "text/xml"}
    )
    assert answer.status_code == 200
    await phones.all_over()


@pytest.mark.parametrize("path", PATHS)
async def test_a_wrong_flow_is_refused_with_line_and_column_and_the_call_goes_on(
    phones: Exchange, path: str
) -> None:
    _, uuid = await a_call(phones)
    client = phones.world.alice.client
    answer = await client.post(f"{path}{uuid}", files=as_file(b"<Response>\n <Dance/></Response>"))
    assert answer.status_code == 400
    assert "line 2, column 2" in answer.json()["message"]
    assert "xml.2:2" in answer.json()["fields"]
    assert (await client.post(f"{path}{uuid}", json={"xml": "no"})).status_code == 415
    assert len(phones.board.live) == 1


async def test_a_call_is_hung_up_once(phones: Exchange) -> None:
    leg, uuid = await a_call(phones)
    client = phones.world.alice.client
    assert (await client.delete(f"/rest/call/{uuid}")).status_code == 200
    assert is_over(await client.delete(f"/rest/call/{uuid}"))
    await phones.all_over()
    assert is_over(await client.delete(f"/rest/call/{uuid}"))
    assert leg.sent[-1] == ("BYE",)
    assert phones.told()[-1]["call"]["cause"] == "api_hung_up"


def is_over(answer: httpx.Response) -> bool:
    return (answer.status_code, answer.json()["code"]) == (409, "call_is_over")


@pytest.mark.parametrize("path", PATHS)
async def test_a_call_that_is_over_takes_no_flow(phones: Exchange, path: str) -> None:
    leg, uuid = await a_call(phones)
    leg.hangs_up()
    await phones.all_over()
    client = phones.world.alice.client
    assert is_over(await client.post(f"{path}{uuid}", files=as_file(INSTEAD)))


async def test_anothers_call_is_not_there(phones: Exchange) -> None:
    _, uuid = await a_call(phones)
    for client in (phones.world.bob.client, phones.world.admin.client):
        for path in PATHS:
            answer = await client.post(f"{path}{uuid}", files=as_file(INSTEAD))
            assert answer.status_code == 404
        assert (await client.delete(f"/rest/call/{uuid}")).status_code == 404
    assert len(phones.board.live) == 1
