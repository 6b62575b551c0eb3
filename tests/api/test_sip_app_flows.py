"""Static call flows: saved whole or refused whole, and remembered for a while."""

import asyncio
from uuid import UUID

import httpx
import pytest

from opentact.voice.apps import current_flow
from support.world import World

HELLO = b"<Response><Say>Hello</Say></Response>"
BYE = "<Response><Say>Auf Wiederhören</Say><Hangup/></Response>".encode()


@pytest.fixture
async def app(world: World) -> str:
    made = await world.alice.client.post("/rest/sip/app", json={"name": "menu"})
    return str(made.json()["payload"]["uuid"])


async def saved(world: World, app: str, flow: bytes) -> httpx.Response:
    path = f"/rest/sip/app/call/flow/{app}"
    return await world.alice.client.post(path, files={"file": ("flow.xml", flow, "text/xml")})


async def test_a_flow_comes_back_as_it_was_sent_with_its_address(world: World, app: str) -> None:
    answer = await saved(world, app, BYE)
    assert answer.status_code == 200
    assert answer.json() == {
        "success": True,
        "payload": BYE.decode(),
        "url": f"http://127.0.0.1:8080/rest/sip/app/call/flow/{app}",
        "version": 1,
    }
    there = await world.alice.client.get(f"/rest/sip/app/call/flow/{app}")
    assert there.json() == answer.json()


@pytest.mark.parametrize("kind", ["text/xml", "application/xml; charset=utf-8"])
async def test_a_bare_document_will_do(world: World, app: str, kind: str) -> None:
    path = f"/rest/sip/app/call/flow/{app}"
    answer = await world.alice.client.post(path, content=BYE, headers={"content-type": kind})
    assert answer.json()["payload"] == BYE.decode()


async def test_a_form_field_without_a_file_name_will_do(world: World, app: str) -> None:
    path = f"/rest/sip/app/call/flow/{app}"
    answer = await world.alice.client.post(path, data={"file": BYE.decode()})
    assert answer.json()["payload"] == BYE.decode()


async def test_every_mistake_is_told_with_its_place_and_nothing_is_saved(
    world: World, app: str
) -> None:
    answer = await saved(world, app, b"<Response>\n  <Sya/>\n  <Pause lenght='1'/>\n</Response>")
    assert (answer.status_code, answer.json()["code"]) == (400, "call_flow_refused")
    assert {place.split(":")[0] for place in answer.json()["fields"]} == {"xml.2", "xml.3"}
    assert (await world.alice.client.get(f"/rest/sip/app/call/flow/{app}")).status_code == 404


async def test_other_bodies_are_refused_in_words(world: World, app: str) -> None:
    path, client = f"/rest/sip/app/call/flow/{app}", world.alice.client
    as_json = await client.post(path, json={"file": "<Response/>"})
    assert (as_json.status_code, as_json.json()["code"]) == (415, "unsupported_media_type")
    other_part = await client.post(path, files={"document": ("flow.xml", HELLO)})
    assert (other_part.status_code, list(other_part.json()["fields"])) == (400, ["params.file"])
    broken = await client.post(
        path, content=b"--x\r\n", headers={"content-type": "multipart/form-data; boundary=x"}
    )
    assert broken.status_code == 400
    no_boundary = await client.post(
        path, content=HELLO, headers={"content-type": "multipart/form-data"}
    )
    assert no_boundary.status_code == 400
    too_long = await saved(world, app, b"<Response>" + b" " * 70_000 + b"</Response>")
    assert (too_long.status_code, too_long.json()["code"]) == (400, "call_flow_refused")


async def test_the_last_twenty_versions_are_kept(world: World, app: str) -> None:
    for n in range(22):
        await saved(world, app, f"<Response><Say>{n}</Say></Response>".encode())
    path = f"/rest/sip/app/call/flow/{app}"
    newest = await world.alice.client.get(path)
    assert (newest.json()["version"], "21" in newest.json()["payload"]) == (22, True)
    oldest = await world.alice.client.get(path, params={"version": 3})
    assert "<Say>2</Say>" in oldest.json()["payload"]
    assert (await world.alice.client.get(path, params={"version": 2})).status_code == 404
    assert (await world.alice.client.get(path, params={"version": 0})).status_code == 400


async def test_saves_at_once_get_versions_of_their_own(world: World, app: str) -> None:
    answers = await asyncio.gather(*(saved(world, app, HELLO) for _ in range(5)))
    assert sorted(answer.json()["version"] for answer in answers) == [1, 2, 3, 4, 5]


async def test_a_call_runs_the_newest_flow_until_it_is_removed(world: World, app: str) -> None:
    path, uuid = f"/rest/sip/app/call/flow/{app}", UUID(app)

    async def at_call() -> bytes | None:
        async with world.database.read() as session:
            return await current_flow(session, uuid)

    assert await at_call() is None
    await saved(world, app, HELLO)
    await saved(world, app, BYE)
    assert await at_call() == BYE
    removed = await world.alice.client.delete(path)
    assert (removed.status_code, removed.json()) == (200, {"success": True, "payload": {}})
    assert await at_call() is None
    assert (await world.alice.client.get(path)).status_code == 404
    assert (await world.alice.client.delete(path)).status_code == 404
    await saved(world, app, HELLO)
    assert await at_call() == HELLO


async def test_removing_the_app_removes_its_flows(world: World, app: str) -> None:
    await saved(world, app, HELLO)
    assert (await world.alice.client.delete(f"/rest/sip/app/{app}")).status_code == 200
    async with world.database.read() as session:
        assert await current_flow(session, UUID(app)) is None
