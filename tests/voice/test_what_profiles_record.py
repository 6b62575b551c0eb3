"""Calls that a profile wants recorded, whichever way they come about."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from opentact.voice.testing_legs import PaperLeg
from support.exchange import Exchange, exchange, lead
from support.neighbourhood import Neighbourhood, connection, profile
from support.numbers import FIRST, buy, stocked
from support.placing import Placing, answers, placing
from support.world import World, build_world

FAR = "+442071838750"
ALL = {"record_calls": 2, "filemat": "mp3", "audio_track_type": 1}
BYPASS = {"class4_ingress_trunk_settings": {"media_type": "Bypass Media"}}
WAITS = '<Response><Pause length="60000"/></Response>'


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with build_world(database_url) as built:
        yield built


@pytest.fixture
async def house(world: World, tmp_path: Path) -> AsyncIterator[Exchange]:
    async with exchange(world, tmp_path, Neighbourhood()) as made:
        made.near.outlets.out = ["192.0.2.90"]
        yield made


@pytest.fixture
async def desk(world: World, tmp_path: Path) -> AsyncIterator[Placing]:
    async with placing(world, tmp_path) as made:
        yield made


def how(house: Exchange) -> list[tuple[str, int, bool]]:
    """Tell how the legs are being recorded: the file's kind, its channels, both sides or one."""
    made = [each for leg in house.media.legs for each in leg.recording.values()]
    return [(each["format"], each["channels"], each["both"]) for each in made]


async def talking(house: Exchange, leg: PaperLeg) -> None:
    house.near.dialler.legs[-1].answers()
    await house.until(lambda: leg.status == 200)


async def over(house: Exchange, leg: PaperLeg) -> dict[str, Any]:
    """Let the caller hang up; gives the record of its call."""
    leg.hangs_up()
    await house.all_over()
    client = house.world.alice.client
    found = await client.post("/rest/call/search", json={"direction": "in"})
    uuid = found.json()["payload"]["data"][0]["uuid"]
    record: dict[str, Any] = (await client.get(f"/rest/call/{uuid}")).json()["payload"]
    return record


def states(house: Exchange) -> list[str]:
    return [frame["payload"]["state"] for frame in house.told("call_record")]


async def test_a_call_of_a_user_to_the_network_is_recorded_from_its_answer(
    house: Exchange,
) -> None:
    await stocked(house.world, 3)
    await buy(house.world.alice, FIRST)
    lease = (await house.world.alice.client.get(f"/rest/lease/tn/{FIRST}/tn")).json()["payload"]
    out = await profile(house.world.alice, tn_lease=lease["uuid"], **ALL)
    await house.near.domain(house.world.alice, "alice", outbound_voice_profile=out)
    leg = await house.of_user("alice", FAR)
    house.near.dialler.legs[-1].rings(183, house.near.dialler.legs[-1].sdp)
    assert how(house) == [], "what is played before the answer is not of the call"
    await talking(house, leg)
    assert how(house) == [("mp3", 2, True)]
    assert house.media.legs[0].recording, "who called is on the first channel"
    record = await over(house, leg)
    assert states(house) == ["requested", "writing", "stored"]
    [made] = record["records"]
    assert made["url"].startswith("http://test/")
    assert (made["state"], made["ended_by"]) == ("stored", "closed")
    path = f"/rest/call/{record['uuid']}/timeline"
    told = (await house.world.alice.client.get(path)).json()["payload"]
    said = [each["text"] for each in told["moments"] if each["kind"] == "recording"]
    assert len(said) == 2, told


@pytest.mark.parametrize("bypass", [False, True])
async def test_calls_among_users_are_recorded_by_their_domains_profile(
    house: Exchange, *, bypass: bool
) -> None:
    settings = BYPASS if bypass else {}
    out = await profile(house.world.alice, record_calls=2, **settings)
    await house.near.domain(house.world.alice, "alice", "bob", outbound_voice_profile=out)
    leg = await house.of_user("alice", "bob")
    await talking(house, leg)
    assert how(house) == [("wav", 1, True)], "what is to be recorded does not pass us by"
    await over(house, leg)
    assert states(house)[-1] == "stored"


@pytest.mark.parametrize(
    ("record_calls", "recorded"), [(0, []), (1, [("wav", 1, True)]), (2, [("wav", 1, True)])]
)
async def test_a_call_delivered_to_a_connection_is_recorded_by_its_profile(
    house: Exchange, record_calls: int, recorded: list[Any]
) -> None:
    world = house.world
    await stocked(world, 3)
    await buy(world.alice, FIRST)
    lease = (await world.alice.client.get(f"/rest/lease/tn/{FIRST}/tn")).json()["payload"]["uuid"]
    out = await profile(world.alice, tn_lease=lease, record_calls=record_calls)
    pbx = await connection(world.alice, outbound_voice_profile=out)
    body = {"add": [lease]}
    await world.alice.client.post(f"/rest/sip/connection/{pbx}/tnlease", json=body)
    house.near.outlets.connections[pbx] = ["192.0.2.80"]
    leg = await house.rings(PaperLeg(called=f"+{FIRST}"))
    await talking(house, leg)
    assert how(house) == recorded
    await over(house, leg)


async def test_a_call_without_an_offer_is_recorded_once_both_hear_each_other(
    house: Exchange,
) -> None:
    out = await profile(house.world.alice, **ALL)
    await house.near.domain(house.world.alice, "alice", "bob", outbound_voice_profile=out)
    leg = await house.of_user("alice", "bob", offer=None)
    await talking(house, leg)
    assert how(house) == []
    leg.acks(house.near.dialler.legs[-1].sdp)
    assert how(house) == [("mp3", 2, True)]
    await over(house, leg)


async def test_a_placed_call_is_recorded_whatever_its_flow_does(desk: Placing) -> None:
    client = desk.phones.world.alice.client
    await client.patch(f"/rest/profile/outbound_voice/{desk.profile}", json=ALL)
    stops = '<RecordStop/><Pause length="60000"/>'
    uuid = (await desk.ask(xml=f"<Response>{stops}</Response>")).json()["payload"]["uuid"]
    callee = await desk.rings()
    assert how(desk.phones) == []
    answers(callee)
    await desk.phones.until(lambda: desk.phones.told("call_flow"))
    assert how(desk.phones) == [("mp3", 2, True)]
    callee.hangs_up()
    await desk.phones.all_over()
    record = await desk.record(uuid)
    assert [each["state"] for each in record["records"]] == ["stored"]
    [stop] = [each for each in record["logs"] if each["name"] == "RecordStop"]
    assert not stop["success"], "it is none of the flow's recordings"


async def test_a_placed_call_that_is_bridged_from_the_start_is_recorded_once(
    desk: Placing,
) -> None:
    client = desk.phones.world.alice.client
    await client.patch(f"/rest/profile/outbound_voice/{desk.profile}", json=ALL)
    await desk.ask(xml=None, bridge={"to": FAR})
    answers(await desk.rings())
    answers(await desk.rings(2))
    await desk.phones.until(lambda: desk.phones.media.legs[0].bridged is not None)
    assert how(desk.phones) == [("mp3", 2, True)]
    desk.callees[0].hangs_up()
    await desk.phones.all_over()
    assert [frame["payload"]["state"] for frame in desk.phones.told("call_record")] == [
        "requested",
        "writing",
        "stored",
    ]


async def test_a_call_that_is_joined_is_recorded_by_the_profile_of_its_app(
    desk: Placing,
) -> None:
    world = desk.phones.world
    out = await profile(world.alice, **ALL)
    second = FIRST + 1
    await buy(world.alice, second)
    app = (
        await world.alice.client.post(
            "/rest/sip/app", json={"name": "menu", "outbound_voice_profile": out}
        )
    ).json()["payload"]["uuid"]
    files = {"file": ("flow.xml", WAITS.encode(), "text/xml")}
    await world.alice.client.post(f"/rest/sip/app/call/flow/{app}", files=files)
    lease = (await world.alice.client.get(f"/rest/lease/tn/{second}/tn")).json()["payload"]
    await world.alice.client.post(f"/rest/sip/app/{app}/tnlease", json={"add": [lease["uuid"]]})
    leg = await desk.phones.call(f"+{second}")
    placed = (await desk.ask(xml=WAITS)).json()["payload"]["uuid"]
    answers(await desk.rings())
    came = next(
        str(card.call.uuid)
        for card in desk.phones.board.of_account(world.alice.account)
        if card.call.uuid != UUID(placed)
    )
    assert how(desk.phones) == []
    body = {"call_a": came, "call_b": placed}
    joined = await world.alice.client.post("/rest/call/bridge", json=body)
    assert joined.is_success, joined.text
    await desk.phones.until(lambda: how(desk.phones))
    assert how(desk.phones) == [("mp3", 2, True)]
    leg.hangs_up()
    await desk.phones.all_over()


async def test_a_call_that_a_flow_answers_is_recorded_only_if_the_flow_says_so(
    house: Exchange,
) -> None:
    out = await profile(house.world.alice, **ALL)
    await lead(house.world, house.world.alice, outbound_voice_profile=out)
    await house.call()
    assert how(house) == []


async def test_a_call_longer_than_a_file_may_be_goes_on_in_another(desk: Placing) -> None:
    client = desk.phones.world.alice.client
    await client.patch(f"/rest/profile/outbound_voice/{desk.profile}", json=ALL)
    uuid = (await desk.ask(xml=WAITS)).json()["payload"]["uuid"]
    callee = await desk.rings()
    answers(callee)
    [media] = desk.phones.media.legs
    await desk.phones.until(lambda: media.recording)
    media.ends_record(next(iter(media.recording)), "max")
    await desk.phones.until(lambda: media.recording)
    callee.hangs_up()
    await desk.phones.all_over()
    ended = [each["ended_by"] for each in (await desk.record(uuid))["records"]]
    assert ended == ["max", "closed"]


async def test_a_call_that_verifies_a_number_is_never_recorded(desk: Placing) -> None:
    client = desk.phones.world.alice.client
    await client.patch(f"/rest/profile/outbound_voice/{desk.profile}", json=ALL)
    body = {"tn": FAR, "outbound_voice_profile": desk.profile}
    assert (await client.post("/rest/verified_number", json=body)).is_success
    callee = await desk.rings()
    answers(callee)
    await desk.phones.until(lambda: desk.phones.media.legs[0].played)
    assert how(desk.phones) == []
    callee.hangs_up()
    await desk.phones.all_over()
    assert states(desk.phones) == []
