"""Messaging profiles: the default one, and what old documents call the second URL."""

import asyncio
from typing import Any

import pytest

from support.world import World

PATH = "/rest/profile/messaging"


async def made(world: World, **body: Any) -> dict[str, Any]:
    answer = await world.alice.client.post(PATH, json={"name": "texts", **body})
    assert answer.status_code == 201, answer.text
    payload: dict[str, Any] = answer.json()["payload"]
    return payload


async def test_every_account_has_a_default_profile_made_once(world: World) -> None:
    answers = await asyncio.gather(*(world.alice.client.get(PATH) for _ in range(4)))
    [default] = answers[0].json()["payload"]
    assert default["name"] == "default messaging profile"
    assert [answer.json()["payload"] for answer in answers] == [[default]] * 4
    refused = await world.alice.client.delete(f"{PATH}/{default['uuid']}")
    assert (refused.status_code, refused.json()["code"]) == (409, "in_use")
    [bobs] = (await world.bob.client.get(PATH)).json()["payload"]
    assert bobs["uuid"] != default["uuid"]


async def test_everything_that_is_sent_is_kept(world: World) -> None:
    sent = {
        "name": "texts",
        "callback_url": "https://hooks.example.com/sms",
        "callback_url2": "http://spare.example.com/sms",
        "number_pool_enable": True,
        "long_code_weight": 9,
        "tollfree_weight": 0,
        "skip_unhealthy_tns": True,
        "sticky_sender": True,
    }
    profile = await made(world, **sent)
    assert {name: profile[name] for name in sent} == sent
    one = await world.alice.client.get(f"{PATH}/{profile['uuid']}")
    assert one.json()["payload"] == profile


async def test_old_spellings_are_read(world: World) -> None:
    profile = await made(
        world,
        call_back_url="https://one.example.com",
        number_pool_enable="https://two.example.com",
        toll_free_weight=4,
        sticky_sender="true",
    )
    assert profile["callback_url"] == "https://one.example.com"
    assert profile["callback_url2"] == "https://two.example.com"
    assert profile["number_pool_enable"] is False
    assert profile["tollfree_weight"] == 4
    assert profile["sticky_sender"] is True


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("callback_url", "http://x"),
        ("callback_url", "https://example.com/" + "x" * 255),
        ("callback_url2", "mailto:someone@example.com"),
        ("number_pool_enable", "perhaps"),
        ("long_code_weight", 10),
        ("long_code_weight", -1),
        ("toll_free_weight", "1"),
        ("skip_unhealthy_tns", 0),
        ("name", None),
    ],
)
async def test_a_wrong_value_is_refused_by_name(world: World, field: str, value: object) -> None:
    answer = await world.alice.client.post(PATH, json={"name": "x", field: value})
    assert answer.status_code == 400
    assert len(answer.json()["fields"]) == 1


async def test_a_change_touches_only_what_it_names(world: World) -> None:
    profile = await made(world, callback_url="https://hooks.example.com/sms")
    answer = await world.alice.client.patch(
        f"{PATH}/{profile['uuid']}", json={"callback_url": None, "long_code_weight": 3}
    )
    assert answer.json()["payload"] == {**profile, "callback_url": None, "long_code_weight": 3}


async def test_a_removed_profile_is_gone(world: World) -> None:
    profile = await made(world)
    answer = await world.alice.client.delete(f"{PATH}/{profile['uuid']}")
    assert (answer.status_code, answer.json()["payload"]) == (200, profile)
    assert (await world.alice.client.get(f"{PATH}/{profile['uuid']}")).status_code == 404
