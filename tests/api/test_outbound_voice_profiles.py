"""Outbound voice profiles: limits, money, and a prefix that is one's own."""

import asyncio
from typing import Any

import pytest

from support.world import World

PATH = "/rest/profile/outbound_voice"


async def made(world: World, **body: Any) -> dict[str, Any]:
    answer = await world.alice.client.post(PATH, json={"name": "out", **body})
    assert answer.status_code == 201, answer.text
    payload: dict[str, Any] = answer.json()["payload"]
    return payload


async def test_the_fields_of_every_document_are_kept(world: World) -> None:
    sent = {
        "is_active": False,
        "tech_prefix": 861045,
        "channel_limit": 30,
        "max_rate": 0.0375,
        "daily_spend_limit": 99.99999,
        "record_calls": 2,
        "audio_track_type": 1,
        "shaken_sign_policy": 1,
        "class4_ingress_trunk_settings": {"media_type": "Bypass Media"},
    }
    profile = await made(world, **sent, filemat="mp3", product=1)
    assert {name: profile[name] for name in sent} == sent
    assert profile["file_format"] == profile["filemat"] == "mp3"
    assert profile["product"]["id"] == 1
    assert profile["tn_lease"] is None


async def test_the_misspelt_daily_limit_is_read_and_the_right_one_wins(world: World) -> None:
    assert (await made(world, daily_spent_limit=5))["daily_spend_limit"] == 5
    both = await made(world, daily_spent_limit=5, daily_spend_limit=6)
    assert both["daily_spend_limit"] == 6


async def test_a_prefix_has_one_holder_on_the_whole_platform(world: World) -> None:
    profile = await made(world)
    taken = {"name": "x", "tech_prefix": profile["tech_prefix"]}
    answer = await world.bob.client.post(PATH, json=taken)
    assert (answer.status_code, answer.json()["code"]) == (409, "tech_prefix_taken")
    assert "params.tech_prefix" in answer.json()["fields"]
    assert (await world.bob.client.get(PATH)).json()["payload"] == []


async def test_of_two_who_ask_for_one_prefix_at_once_one_gets_it(world: World) -> None:
    body = {"name": "x", "tech_prefix": 123456}
    tenants = (world.alice, world.bob, world.admin)
    answers = await asyncio.gather(*(one.client.post(PATH, json=body) for one in tenants))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]


async def test_another_prefix_gives_the_first_one_back(world: World) -> None:
    profile = await made(world, tech_prefix=111111)
    moved = await world.alice.client.patch(
        f"{PATH}/{profile['uuid']}", json={"tech_prefix": 222222}
    )
    assert moved.json()["payload"] == {**profile, "tech_prefix": 222222}
    assert (await made(world, tech_prefix=111111))["tech_prefix"] == 111111


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("tech_prefix", 99_999),
        ("tech_prefix", 1_000_000),
        ("channel_limit", -1),
        ("channel_limit", 1.5),
        ("max_rate", -0.01),
        ("max_rate", "0.01"),
        ("max_rate", 10**10),
        ("daily_spend_limit", True),
        ("record_calls", 3),
        ("filemat", "ogg"),
        ("audio_track_type", 2),
        ("shaken_sign_policy", 3),
        ("tn_lease", "x"),
        ("class4_ingress_trunk_settings", {"media_type": "Bypass"}),
    ],
)
async def test_a_wrong_value_is_refused_by_name(world: World, field: str, value: object) -> None:
    answer = await world.alice.client.post(PATH, json={"name": "x", field: value})
    assert answer.status_code == 400
    [named] = answer.json()["fields"]
    assert named.startswith(f"params.{field}")


async def test_infinity_is_no_amount(world: World) -> None:
    for word in (b"Infinity", b"NaN", b"1e999"):
        answer = await world.alice.client.post(
            PATH,
            content=b'{"name": "x", "max_rate": ' + word + b"}",
            headers={"content-type": "application/json"},
        )
        assert answer.status_code == 400, word


async def test_a_profile_in_use_stays_and_says_what_uses_it(world: World) -> None:
    profile = await made(world)
    uses = {"name": "menu", "outbound_voice_profile": profile["uuid"]}
    app = await world.alice.client.post("/rest/sip/app", json=uses)
    refused = await world.alice.client.delete(f"{PATH}/{profile['uuid']}")
    assert (refused.status_code, refused.json()["code"]) == (409, "in_use")
    assert 'SIP control app "menu"' in refused.json()["message"]
    await world.alice.client.patch(
        f"/rest/sip/app/{app.json()['payload']['uuid']}", json={"outbound_voice_profile": None}
    )
    removed = await world.alice.client.delete(f"{PATH}/{profile['uuid']}")
    assert (removed.status_code, removed.json()["payload"]) == (200, profile)


async def test_the_caller_id_must_be_a_number_of_ones_own(world: World) -> None:
    absent = "00000000-0000-7000-8000-000000000000"
    answer = await world.alice.client.post(PATH, json={"name": "x", "tn_lease": absent})
    assert answer.status_code == 404
